//! Issuers whose word reaches further than somebody meant it to.

use std::collections::BTreeMap;

use super::Lint;
use crate::finding::{Code, Finding};
use crate::ordered;
use crate::place::Place;
use crate::report::Report;
use crate::source::{Issuer, Listed, TenantFrom};

pub(super) fn check(lint: &Lint<'_>, report: &mut Report) {
    let issuers = &lint.source.issuers;
    broad(issuers, report);
    for issuer in issuers {
        constant(issuer, report);
        unmapped(issuer, report);
    }
}

/// With one issuer for all tenants, it is the platform's own. A second one can say of any tenant's
/// people what the first can. In one namespace, which both declare, they are one provider.
fn broad(issuers: &[Issuer], report: &mut Report) {
    let speaks_for_all = |issuer: &&Issuer| {
        let is_bound = matches!(issuer.claims.tenant, Some(TenantFrom::Constant(_)));
        // Delegation tokens repeat the word of another issuer, and reach no further.
        matches!(issuer.tenants, Listed::Any) && !is_bound && issuer.delegation_tokens.is_none()
    };
    let mut seen: BTreeMap<&str, &Issuer> = BTreeMap::new();
    let mut first: Option<&Issuer> = None;
    for issuer in issuers.iter().filter(speaks_for_all) {
        let is_known = seen.insert(issuer.namespace(), issuer).is_some();
        let Some(first) = first else {
            first = Some(issuer);
            continue;
        };
        if is_known {
            continue;
        }
        let message =
            format!("{} may speak for any tenant, as {} may already", issuer.name, first.name);
        let finding = Finding::new(Code::BroadIssuer, tenants_place(issuer), message);
        let help = "list the tenants that it may speak for: `asserts: {tenants: [...]}`";
        report.push(finding.help(help).other(tenants_place(first)));
    }
}

/// Where `asserts.tenants` is; shown at the issuer's name.
fn tenants_place(issuer: &Issuer) -> Place {
    let path = issuer.place.path.key("asserts").key("tenants");
    Place { path, span: issuer.place.span }
}

/// A constant tenant is all that the issuer ever speaks for.
fn constant(issuer: &Issuer, report: &mut Report) {
    let Some(TenantFrom::Constant(constant)) = &issuer.claims.tenant else { return };
    let tenant = &constant.value;
    let mut warn = |place: Place, listed: &str| {
        let message =
            format!("{} always speaks for {tenant}, but is trusted for {listed}", issuer.name);
        let finding = Finding::new(Code::AssertsTooMuch, place, message);
        let help = format!(
            "write `tenants: [{tenant}]`, so that a later change of `claims` cannot widen it"
        );
        report.push(finding.help(help).other(constant.place.clone()));
    };
    match &issuer.tenants {
        Listed::Any => warn(tenants_place(issuer), "any tenant"),
        // A list without the constant is an error already.
        Listed::These(listed) if listed.iter().all(|listed| listed.value != *tenant) => {}
        Listed::These(listed) => {
            for other in listed.iter().filter(|listed| listed.value != *tenant) {
                warn(other.place.clone(), other.value.as_str());
            }
        }
    }
}

/// A map is all that the issuer ever gives.
fn unmapped(issuer: &Issuer, report: &mut Report) {
    let Some(roles) = &issuer.claims.roles else { return };
    let (Some(map), Listed::These(listed)) = (&roles.value.map, &issuer.roles) else { return };
    let mapped = ordered::set(map.iter().map(|(_, role)| &role.value));
    for role in listed.iter().filter(|role| !mapped.contains(&role.value)) {
        let message = format!(
            "{} is trusted with the role {}, but its map never gives it",
            issuer.name, role.value
        );
        let finding = Finding::new(Code::AssertsTooMuch, role.place.clone(), message);
        let help = format!("take {} out of `asserts.roles`, or add it to the map", role.value);
        report.push(finding.help(help).other(roles.place.clone()));
    }
}
