//! What compiles and is probably not meant: parts that nobody can use, and trust that is wider than
//! it looks. For `policy check` alone; the filter neither calls this nor carries it.
//!
//! `holding` works out what the people of each tenant may have at most; `access`, `overrides`,
//! `routes`, `issuers`, `keys` and `delegations` compare the policy with it. A section that could
//! not be read in whole is not judged: what is missing there would look like a mistake elsewhere.

mod access;
mod delegations;
mod holding;
mod issuers;
mod keys;
mod overrides;
mod routes;

use self::holding::Holdings;
use crate::check::Resolved;
use crate::finding::{Code, Finding, Stage};
use crate::report::Report;
use crate::source::Source;

/// What all lints look at.
struct Lint<'s> {
    source: &'s Source,
    resolved: &'s Resolved,
}

/// Every warning about `source`, in which `errors` were found.
pub(crate) fn source(source: &Source, resolved: &Resolved, errors: &[Finding]) -> Vec<Finding> {
    let mut report = Report::new();
    let is_whole = |sections: &[&str]| !errors.iter().any(|error| spoils(error, sections));
    let lint = Lint { source, resolved };
    if is_whole(&["issuers"]) {
        issuers::check(&lint, &mut report);
        keys::check(&lint, &mut report);
    }
    if is_whole(&["routes", "paths", "limits"]) {
        routes::check(&lint, &mut report);
    }
    if is_whole(&["issuers", "tenants", "roles", "tenant_roles"]) {
        let holdings = Holdings::of(&lint);
        access::check(&lint, &holdings, &mut report);
        overrides::check(&lint, &holdings, &mut report);
        if is_whole(&["routes", "delegations"]) {
            delegations::check(&lint, &holdings, &mut report);
        }
    }
    report.into_findings()
}

/// Whether something of these sections was left out because of the error.
fn spoils(error: &Finding, sections: &[&str]) -> bool {
    let leaves_out = match error.code {
        Code::DuplicateKey | Code::DuplicateItem | Code::UnknownField => false,
        Code::RoleCycle => true,
        code => matches!(code.stage(), Stage::Text | Stage::Shape),
    };
    let section = error.place.path.first_key();
    leaves_out && section.is_none_or(|section| sections.contains(&section))
}
