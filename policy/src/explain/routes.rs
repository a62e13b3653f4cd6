//! Which route a request is on, or which ones are near.

use tenantguard::artifact::template::{Segment, Template};
use tenantguard::decision::Reason;
use tenantguard::request::Mode;

use super::Rule;
use super::context::Context;
use super::rule::listed;
use crate::source::{Access, Route};

/// How many near routes are shown.
const NEAR: usize = 3;

pub(super) fn passed(context: &Context<'_>) -> Vec<Rule> {
    let Some(route) = context.route() else { return Vec::new() };
    let template = route.template.as_ref().map_or("", |template| template.value.as_str());
    let kind = match &route.access {
        Access::Public(_) => "public route",
        Access::Tenant { .. } => "route",
    };
    let mut rules = vec![Rule::at(format!("{kind} {template}"), &route.place)];
    rules.extend(context.permission().map(|permission| {
        let method = context.method().unwrap_or_default();
        Rule::at(format!("{method} asks for {}", permission.value), &permission.place)
    }));
    rules.extend(unenforced(route));
    rules
}

/// Where the policy does not have the gate decide, an explanation is of what it would.
fn unenforced(route: &Route) -> Option<Rule> {
    let what = match route.mode {
        Mode::Enforce => return None,
        Mode::Shadow => "mode: shadow, so the gate only records this, and the request goes on",
        Mode::Off => "mode: off, so the gate does not look, and the request goes on",
    };
    Some(Rule::at(what, &route.place))
}

pub(super) fn refused(context: &Context<'_>) -> (Vec<Rule>, Vec<Rule>) {
    match (context.decided.reason(), context.route()) {
        (Reason::RouteMethod, Some(route)) => {
            let needed = format!("one of its methods: {}", listed(methods(route)));
            (passed(context), vec![Rule::at(needed, &route.place)])
        }
        _ => (Vec::new(), near(context)),
    }
}

fn methods(route: &Route) -> Vec<&str> {
    match &route.access {
        Access::Public(methods) => methods.iter().map(|method| method.as_str()).collect(),
        Access::Tenant { methods, .. } => {
            methods.iter().map(|(method, _)| method.as_str()).collect()
        }
    }
}

/// The routes that begin like the path, and those of the same path for another host.
fn near(context: &Context<'_>) -> Vec<Rule> {
    let Some(path) = context.decided.facts().and_then(|facts| facts.path.as_deref()) else {
        return Vec::new();
    };
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut near: Vec<(usize, &Route, &Template)> = Vec::new();
    for route in &context.source.routes {
        let Some(template) = &route.template else { continue };
        let shared = shared_segments(&template.value, &segments);
        near.extend((shared > 0).then_some((shared, route, &template.value)));
    }
    // Stable: among routes that are equally near, the order of the policy.
    near.sort_by_key(|(shared, ..)| std::cmp::Reverse(*shared));
    let leads = std::iter::once("a path of a route, such as").chain(std::iter::repeat("or"));
    let near = near.into_iter().take(NEAR).zip(leads);
    near.map(|((_, route, template), lead)| near_rule(lead, route, template)).collect()
}

fn near_rule(lead: &str, route: &Route, template: &Template) -> Rule {
    let hosts = listed(route.hosts.iter().map(|host| host.value.as_str()));
    let text = match hosts.is_empty() {
        true => format!("{lead} {}", template.as_str()),
        false => format!("{lead} {} on {hosts}", template.as_str()),
    };
    Rule::at(text, &route.place)
}

/// How many segments from the left the template covers; parameters alone are no likeness.
fn shared_segments(template: &Template, path: &[&str]) -> usize {
    let pairs = template.segments().iter().zip(path);
    let covered = pairs.take_while(|(segment, part)| match segment {
        Segment::Literal(text) => **text == ***part,
        Segment::Parameter(_) | Segment::Rest(_) => !part.is_empty(),
    });
    let covered: Vec<_> = covered.map(|(segment, _)| segment).collect();
    match covered.iter().any(|segment| matches!(segment, Segment::Literal(_))) {
        true => covered.len(),
        false => 0,
    }
}
