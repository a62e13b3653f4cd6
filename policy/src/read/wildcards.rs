//! Wildcards where one thing must be named. What a wildcard would stand for there crosses the
//! boundary between tenants, so each has a finding of its own that says what to write instead.

use crate::finding::{Code, Finding};
use crate::place::{Place, Quoted};
use crate::report::Report;

/// Reports a name that is a wildcard. `what` is what the name is of, with its article.
pub(super) fn in_name(text: &str, what: &str, place: &Place, report: &mut Report) -> bool {
    let (is_wildcard, means, help) = match what {
        "a tenant" => (
            text.contains('*'),
            "many tenants",
            "name each tenant; an issuer for all of them has `asserts: {tenants: any}`",
        ),
        "a principal" => (
            text == "*" || text.ends_with("/*"),
            "many people",
            "name each principal as namespace/subject; `principals: any` is everybody in `to`",
        ),
        _ => return false,
    };
    if is_wildcard {
        refuse(text, means, help, place, report);
    }
    is_wildcard
}

/// Reports a permission whose resource is a wildcard.
pub(super) fn in_permission(text: &str, place: &Place, report: &mut Report) -> bool {
    let is_wildcard = text == "*" || text.starts_with("*:");
    if is_wildcard {
        let help = "name each resource: reports:*, users:*";
        refuse(text, "every resource, those between tenants too", help, place, report);
    }
    is_wildcard
}

fn refuse(text: &str, means: &str, help: &str, place: &Place, report: &mut Report) {
    let message = format!("{} would stand for {means}", Quoted(text));
    let finding = Finding::new(Code::WildcardCrossesTenants, place.clone(), message);
    report.push(finding.help(help));
}
