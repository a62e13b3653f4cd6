//! Routes that no request can take, because others take all their paths.

use std::collections::BTreeMap;

use tenantguard::artifact::host::HostPattern;
use tenantguard::artifact::template::Segment;

use super::Lint;
use crate::check::{Shape, shape};
use crate::finding::{Code, Finding};
use crate::report::Report;
use crate::source::Route;

type Shapes<'a> = BTreeMap<Vec<Shape<'a>>, Vec<&'a Route>>;

pub(super) fn check(lint: &Lint<'_>, report: &mut Report) {
    let mut shapes: Shapes<'_> = BTreeMap::new();
    for route in &lint.source.routes {
        if let Some(template) = &route.template {
            shapes.entry(shape(&template.value)).or_default().push(route);
            too_long(lint, route, report);
        }
    }
    for route in &lint.source.routes {
        shadowed(route, &shapes, report);
    }
}

/// A path is refused for its length before its route is looked for.
fn too_long(lint: &Lint<'_>, route: &Route, report: &mut Report) {
    let Some(template) = &route.template else { return };
    let least = |segment: &Segment| match segment {
        Segment::Literal(text) => text.len() + 1,
        Segment::Parameter(_) => 2,
        Segment::Rest(_) => 1,
    };
    let shortest: usize = template.value.segments().iter().map(least).sum();
    let limit = lint.source.limits.path;
    if shortest > limit as usize {
        let message = format!(
            "the shortest path of this route has {shortest} bytes, but `limits.path` is {limit}"
        );
        let finding = Finding::new(Code::UnreachableRoute, template.place.clone(), message);
        report.push(finding.help("raise `limits.path`, or shorten the path"));
    }
}

/// A rest covers what is left, so it is the one that may find nothing left: see [`covering`].
fn shadowed(route: &Route, shapes: &Shapes<'_>, report: &mut Report) {
    let Some(template) = &route.template else { return };
    let shape = shape(&template.value);
    let Some((Shape::Rest, before)) = shape.split_last() else { return };
    let hosts: Vec<Option<&HostPattern>> = match route.hosts.is_empty() {
        true => vec![None],
        false => route.hosts.iter().map(|host| Some(&host.value)).collect(),
    };
    let covering: Option<Vec<Vec<&Route>>> =
        hosts.iter().map(|host| covering(before, *host, shapes)).collect();
    let Some(covering) = covering else { return };
    let mut names: Vec<&str> = covering
        .iter()
        .flatten()
        .filter_map(|route| Some(route.template.as_ref()?.value.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    let message =
        format!("no request takes this route: all its paths belong to {}", names.join(", "));
    let finding = Finding::new(Code::UnreachableRoute, template.place.clone(), message);
    let finding = finding.help("remove it, or one of the routes that go before it");
    let first = covering.first().and_then(|routes| routes.first());
    report.push(match first.and_then(|first| first.template.as_ref()) {
        Some(first) => finding.other(first.place.clone()),
        None => finding,
    });
}

/// The routes that take every path below `before` away from a rest there; `None` if some path is
/// left. Below are: nothing after the last slash, one segment, and more than one.
fn covering<'a>(
    before: &[Shape<'a>],
    host: Option<&HostPattern>,
    shapes: &Shapes<'a>,
) -> Option<Vec<&'a Route>> {
    let mut at = before.to_vec();
    let mut found = Vec::new();
    loop {
        at.push(Shape::Literal(""));
        found.push(for_host(&at, host, shapes)?);
        at.pop();
        at.push(Shape::Parameter);
        found.push(for_host(&at, host, shapes)?);
        at.push(Shape::Rest);
        if let Some(rest) = for_host(&at, host, shapes) {
            found.push(rest);
            return Some(found);
        }
        at.pop();
    }
}

/// A route of this shape that is for all hosts that `host` covers.
fn for_host<'a>(
    shape: &[Shape<'a>],
    host: Option<&HostPattern>,
    shapes: &Shapes<'a>,
) -> Option<&'a Route> {
    let is_for = |route: &&&Route| {
        route.hosts.is_empty()
            || host.is_some_and(|host| route.hosts.iter().any(|own| covers(&own.value, host)))
    };
    shapes.get(shape)?.iter().find(is_for).copied()
}

/// Whether every host of `narrow` is one of `wide`.
fn covers(wide: &HostPattern, narrow: &HostPattern) -> bool {
    let (mut wide, mut narrow) = (wide.as_str().split('.'), narrow.as_str().split('.'));
    loop {
        match (wide.next(), narrow.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one.starts_with('{') || one == other => {}
            _ => return false,
        }
    }
}
