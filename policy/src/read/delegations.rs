//! The section `delegations`: what a tenant lets another do with its data, until when, and who
//! agreed to it.

use std::time::Duration;

use tenantguard::delegation::{Bill, CrossTenantRules};
use tenantguard::identity::{Namespace, PrincipalId, TenantId};
use tenantguard::time::UnixTime;

use super::fields::{At, Fields};
use super::{shapes, values, words};
use crate::finding::{Code, Finding};
use crate::place::{Located, Quoted};
use crate::report::Report;
use crate::source::{Consent, Delegation, Listed};

/// The longest text that says who agreed, and where that is written down.
const CONSENT_LIMIT: usize = 256;
const LONGEST_LIFETIME: Duration = Duration::from_secs(366 * 86_400);
const NO_AUDIENCE: &str = "without an audience no token can be under this delegation";

pub(super) fn all(at: &At<'_>, report: &mut Report) -> Option<Vec<Delegation>> {
    let entries = at.map("the delegations (a map from names to delegations)", report)?;
    Some(entries.iter().filter_map(|e| delegation(&e.key, &at.entry(e), report)).collect())
}

/// The section `cross_tenant`.
pub(super) fn rules(at: &At<'_>, report: &mut Report) -> Option<CrossTenantRules> {
    let fields = Fields::of(at, &shapes::CROSS_TENANT, report)?;
    Some(CrossTenantRules {
        require_token: fields
            .optional("require_token")
            .and_then(|at| values::boolean(&at, report))
            .unwrap_or_default(),
        max_lifetime: fields
            .optional("max_lifetime")
            .and_then(|at| values::duration(&at, LONGEST_LIFETIME, report)),
        bill: fields.optional("bill").and_then(|at| bill(&at, report)).unwrap_or_default(),
    })
}

fn bill(at: &At<'_>, report: &mut Report) -> Option<Bill> {
    values::word(at, words::BILLS, Code::UnknownValue, report)
}

fn delegation(name: &str, at: &At<'_>, report: &mut Report) -> Option<Delegation> {
    // The name goes into a header, so it is spelled like every other name there.
    values::key_name(name, at, "a delegation", Namespace::parse, report);
    let fields = Fields::of(at, &shapes::DELEGATION, report)?;
    let tenant = |name, report: &mut Report| {
        let at = fields.required(name, report)?;
        values::name(&at, "a tenant", TenantId::parse, report)
    };
    let (from, to) = (tenant("from", report), tenant("to", report));
    let principals = fields
        .required("principals", report)
        .and_then(|at| values::any_or_list(&at, "a principal", PrincipalId::parse, report));
    let permissions = fields.required("permissions", report).and_then(|at| {
        values::not_empty(&at, "this delegation permits nothing", "add a permission", report);
        values::list(&at, values::pattern, report)
    });
    let not_before = fields.optional("not_before").and_then(|at| moment(&at, report));
    let expires = fields.required("expires", report).and_then(|at| moment(&at, report));
    Some(Delegation {
        name: name.to_owned(),
        place: at.key_place(),
        from,
        to,
        principals: principals.unwrap_or_else(|| Listed::These(Vec::new())),
        permissions: permissions.unwrap_or_default(),
        audiences: fields
            .optional("audiences")
            .and_then(|at| {
                values::not_empty(&at, NO_AUDIENCE, "leave it out for any audience", report);
                values::list(&at, values::identifier, report)
            })
            .unwrap_or_default(),
        bill: fields.optional("bill").and_then(|at| bill(&at, report)),
        not_before,
        expires,
        consent: fields.required("consent", report).and_then(|at| consent(&at, report)),
    })
}

fn consent(at: &At<'_>, report: &mut Report) -> Option<Consent> {
    let fields = Fields::of(at, &shapes::CONSENT, report)?;
    let by = fields.required("by", report).and_then(|at| line(&at, report));
    let when = fields.required("at", report).and_then(|at| moment(&at, report));
    let reference = fields.required("reference", report).and_then(|at| line(&at, report));
    Some(Consent { by: by?, at: when?, reference: reference? })
}

/// A moment as RFC 3339 writes it.
pub(super) fn moment(at: &At<'_>, report: &mut Report) -> Option<Located<UnixTime>> {
    let text = values::text(at, "a time such as 2026-12-31T00:00:00Z", report)?;
    if let Some(value) = UnixTime::parse(text) {
        return Some(Located { value, place: at.place() });
    }
    let message = format!("{} is not a time", Quoted(text));
    let finding = Finding::new(Code::InvalidTime, at.place(), message);
    report.push(finding.help("write it as in RFC 3339, with its offset: 2026-12-31T00:00:00Z"));
    None
}

/// A line for people to read.
fn line(at: &At<'_>, report: &mut Report) -> Option<Located<String>> {
    let text = values::text(at, "a text", report)?;
    if (1..=CONSENT_LIMIT).contains(&text.len()) && !text.chars().any(char::is_control) {
        return Some(Located { value: text.to_owned(), place: at.place() });
    }
    let message = format!("{} is empty, too long, or has control characters", Quoted(text));
    let finding = Finding::new(Code::InvalidText, at.place(), message);
    report.push(finding.help(format!("write one line of at most {CONSENT_LIMIT} bytes")));
    None
}
