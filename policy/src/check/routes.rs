//! Routes: no two that could both be a request's, and whatever names the resource tenant there.

use std::collections::BTreeMap;

use tenantguard::artifact::host::HostPattern;
use tenantguard::artifact::template::{Segment, Template};

use crate::finding::{Code, Finding};
use crate::place::{Located, Place, Quoted};
use crate::report::Report;
use crate::source::{Access, ResourceTenant, Route};

/// A template without the names of its parameters: two routes of one shape cover the same paths.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape<'a> {
    Literal(&'a str),
    Parameter,
    Rest,
}

/// The shape of a template.
pub(crate) fn shape(template: &Template) -> Vec<Shape<'_>> {
    template.segments().iter().map(Shape::of).collect()
}

impl<'a> Shape<'a> {
    fn of(segment: &'a Segment) -> Self {
        match segment {
            Segment::Literal(text) => Self::Literal(text),
            Segment::Parameter(_) => Self::Parameter,
            Segment::Rest(_) => Self::Rest,
        }
    }
}

pub(super) fn check(routes: &[Route], report: &mut Report) {
    let mut seen: BTreeMap<Vec<Shape<'_>>, Vec<&Route>> = BTreeMap::new();
    for route in routes {
        let Some(template) = &route.template else { continue };
        if let Access::Tenant { resource_tenant: Some(resource), .. } = &route.access {
            resource_tenant(route, &template.value, resource, report);
        }
        let earlier = seen.entry(shape(&template.value)).or_default();
        if let Some((other, hosts)) = earlier.iter().find_map(|e| Some((e, collision(e, route)?))) {
            duplicate(route, other, hosts, report);
        }
        earlier.push(route);
    }
}

/// The hosts by which two routes of one shape would both be a request's.
#[derive(Clone, Copy)]
enum Collision<'a> {
    /// Both are for any host.
    Any,
    /// These two patterns cover a host in common, and neither is the more specific.
    Hosts(&'a Located<HostPattern>, &'a Located<HostPattern>),
}

fn collision<'a>(a: &'a Route, b: &'a Route) -> Option<Collision<'a>> {
    if a.hosts.is_empty() && b.hosts.is_empty() {
        return Some(Collision::Any);
    }
    let pairs = a.hosts.iter().flat_map(|one| b.hosts.iter().map(move |other| (one, other)));
    pairs
        .into_iter()
        .find(|(one, other)| is_ambiguous(&one.value, &other.value))
        .map(|(one, other)| Collision::Hosts(one, other))
}

/// A name goes before a pattern, so only two of a kind can be in each other's way.
fn is_ambiguous(a: &HostPattern, b: &HostPattern) -> bool {
    if a.parameter().is_some() != b.parameter().is_some() {
        return false;
    }
    let (mut left, mut right) = (a.as_str().split('.'), b.as_str().split('.'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one == other || is_open(one) || is_open(other) => {}
            _ => return false,
        }
    }
}

fn is_open(label: &str) -> bool {
    label.starts_with('{')
}

fn duplicate(route: &Route, earlier: &Route, collision: Collision<'_>, report: &mut Report) {
    let (Some(own), Some(theirs)) = (&route.template, &earlier.template) else { return };
    let paths = match own.value == theirs.value {
        true => format!("there is a second route {}", own.value.as_str()),
        false => {
            format!("{} covers the same paths as {}", own.value.as_str(), theirs.value.as_str())
        }
    };
    let (message, place, other) = match collision {
        Collision::Any => (paths, &own.place, &theirs.place),
        Collision::Hosts(first, second) if first.value == second.value => {
            (format!("{paths}, on the same host"), &second.place, &first.place)
        }
        Collision::Hosts(first, second) => {
            let message = format!("{paths}, and {} covers hosts of {}", second.value, first.value);
            (message, &second.place, &first.place)
        }
    };
    let finding = Finding::new(Code::DuplicateRoute, place.clone(), message);
    report.push(finding.help("join the two into one route").other(other.clone()));
}

fn resource_tenant(
    route: &Route,
    template: &Template,
    Located { value, place }: &Located<ResourceTenant>,
    report: &mut Report,
) {
    match value {
        ResourceTenant::Path(name) => path_parameter(route, template, name, place, report),
        ResourceTenant::HostLabel(name) => host_parameter(route, name, place, report),
        ResourceTenant::Header(_) | ResourceTenant::Token => {}
    }
}

fn path_parameter(
    route: &Route,
    template: &Template,
    name: &str,
    place: &Place,
    report: &mut Report,
) {
    if template.parameter(name).is_some() {
        return;
    }
    let names = || {
        template.segments().iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(&**name),
            _ => None,
        })
    };
    let help = report.suggest(name, names()).unwrap_or_else(|| match names().next() {
        Some(_) => format!("it has {}", names().collect::<Vec<_>>().join(", ")),
        None => "it has none".to_owned(),
    });
    let message = format!("{} has no path parameter {}", template.as_str(), Quoted(name));
    let finding = Finding::new(Code::UnknownParameter, place.clone(), message).help(help);
    report.push(finding.maybe_other(route.template.as_ref().map(|template| &template.place)));
}

/// Every host of the route must have the parameter, or a request could come without it.
fn host_parameter(route: &Route, name: &str, place: &Place, report: &mut Report) {
    let without = route.hosts.iter().find(|host| host.value.parameter() != Some(name));
    let (message, other) = match without {
        Some(host) => {
            let message = format!("the host {} has no parameter {}", host.value, Quoted(name));
            (message, Some(&host.place))
        }
        None if route.hosts.is_empty() => {
            ("this route is for any host, so no label has a name".to_owned(), None)
        }
        None => return,
    };
    // Another host's parameter of that very name is no suggestion.
    let names = route.hosts.iter().filter_map(|host| host.value.parameter());
    let names = names.filter(|other| *other != name);
    let help = report
        .suggest(name, names)
        .unwrap_or_else(|| format!("write a host such as \"{{{name}}}.example.com\" in `hosts`"));
    let finding = Finding::new(Code::UnknownParameter, place.clone(), message).help(help);
    report.push(finding.maybe_other(other));
}
