//! Routes: no two over the same paths, and every named path parameter there.

use std::collections::BTreeMap;

use tenantguard::artifact::route::{Segment, Template};

use crate::finding::{Code, Finding};
use crate::place::{Place, Quoted};
use crate::report::Report;
use crate::source::{Access, Route};

/// A template without the names of its parameters: two routes of one shape cover the same paths.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Shape<'a> {
    Literal(&'a str),
    Parameter,
    Rest,
}

pub(super) fn check(routes: &[Route], report: &mut Report) {
    let mut seen: BTreeMap<Vec<Shape<'_>>, (&Template, &Place)> = BTreeMap::new();
    for route in routes {
        let Some(template) = &route.template else { continue };
        if let Access::Tenant { resource_tenant: Some(parameter), .. } = &route.access {
            resource_parameter(&template.value, &parameter.value, &parameter.place, report);
        }
        let shape = template.value.segments().iter().map(shape).collect();
        if let Some((earlier, place)) = seen.insert(shape, (&template.value, &template.place)) {
            let message = match earlier == &template.value {
                true => format!("there is a second route {}", template.value.as_str()),
                false => format!(
                    "{} covers the same paths as {}",
                    template.value.as_str(),
                    earlier.as_str()
                ),
            };
            let finding = Finding::new(Code::DuplicateRoute, template.place.clone(), message);
            report.push(finding.help("join the two into one route").other(place.clone()));
        }
    }
}

fn shape(segment: &Segment) -> Shape<'_> {
    match segment {
        Segment::Literal(text) => Shape::Literal(text),
        Segment::Parameter(_) => Shape::Parameter,
        Segment::Rest(_) => Shape::Rest,
    }
}

fn resource_parameter(template: &Template, name: &str, place: &Place, report: &mut Report) {
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
    report.push(Finding::new(Code::UnknownParameter, place.clone(), message).help(help));
}
