//! What nobody can use: routes, permissions, roles, tenants.

use std::collections::BTreeMap;

use tenantguard::identity::PermissionName;

use super::Lint;
use super::holding::{Given, Holdings, speakers};
use crate::finding::{Code, Finding};
use crate::ordered;
use crate::place::{Located, Place};
use crate::report::Report;
use crate::source::{Access, Listed, Route};

/// How many letters of a misspelt permission may be wrong: `reports:read` is no `reports:write`.
const MISSPELT: usize = 2;

pub(super) fn check(lint: &Lint<'_>, holdings: &Holdings<'_>, report: &mut Report) {
    routes(lint, holdings, report);
    roles(lint, report);
    tenants(lint, report);
}

/// A route that nobody may use says so once; a permission that nobody has, where a route is usable
/// without it.
fn routes(lint: &Lint<'_>, holdings: &Holdings<'_>, report: &mut Report) {
    let mut unheld: BTreeMap<&PermissionName, &Place> = BTreeMap::new();
    for route in &lint.source.routes {
        let Access::Tenant { methods, .. } = &route.access else { continue };
        let missing: Vec<&Located<PermissionName>> = methods
            .iter()
            .map(|(_, permission)| permission)
            .filter(|permission| !is_held(lint, holdings, &permission.value))
            .collect();
        if !missing.is_empty() && missing.len() == methods.len() {
            unusable(lint, holdings, route, &missing, report);
            continue;
        }
        for permission in missing {
            unheld.entry(&permission.value).or_insert(&permission.place);
        }
    }
    for (permission, place) in unheld {
        let message = format!("nobody has {permission}: {}", why(lint, permission));
        let finding = Finding::new(Code::UnheldPermission, place.clone(), message);
        let help = remedy(lint, holdings, permission, report);
        report.push(finding.help(help));
    }
}

fn is_held(lint: &Lint<'_>, holdings: &Holdings<'_>, permission: &PermissionName) -> bool {
    let id = lint.resolved.declared.id(permission);
    id.is_some_and(|id| holdings.anywhere.contains(id))
}

fn unusable(
    lint: &Lint<'_>,
    holdings: &Holdings<'_>,
    route: &Route,
    missing: &[&Located<PermissionName>],
    report: &mut Report,
) {
    let (Some(template), Some(first)) = (&route.template, missing.first()) else { return };
    let path = template.value.as_str();
    let permission = &first.value;
    let message =
        format!("nobody may use {path}: nobody has {permission}, {}", why(lint, permission));
    let finding = Finding::new(Code::UnusableRoute, template.place.clone(), message);
    let help = remedy(lint, holdings, permission, report);
    report.push(finding.help(help).other(first.place.clone()));
}

/// Why nobody has the permission.
fn why(lint: &Lint<'_>, permission: &PermissionName) -> &'static str {
    let declared = &lint.resolved.declared;
    let Some(id) = declared.id(permission) else { return "it is not declared" };
    let own = lint.source.tenants.iter().flat_map(|tenant| &tenant.roles);
    let is_in_role = lint
        .source
        .roles
        .iter()
        .chain(own)
        .any(|role| declared.expand(&role.permissions).contains(id));
    match is_in_role {
        true => "no issuer gives a role that has it, or every tenant denies it",
        false => "no role has it",
    }
}

/// A misspelt permission is near one that is held.
fn remedy(
    lint: &Lint<'_>,
    holdings: &Holdings<'_>,
    permission: &PermissionName,
    report: &mut Report,
) -> String {
    let declared = &lint.resolved.declared;
    let is_near = |name: &&PermissionName| {
        strsim::osa_distance(name.as_str(), permission.as_str()) <= MISSPELT
    };
    let is_held = |name: &&PermissionName| is_held(lint, holdings, name);
    let held = declared.names().filter(is_near).filter(is_held);
    report
        .suggest(permission.as_str(), held.map(PermissionName::as_str))
        .unwrap_or_else(|| format!("give {permission} to a role that an issuer may give"))
}

fn roles(lint: &Lint<'_>, report: &mut Report) {
    let source = lint.source;
    if source.issuers.is_empty() {
        return;
    }
    let given = Given::by(source.issuers.iter());
    let own = source.tenants.iter().flat_map(|tenant| &tenant.roles);
    let roles = source.roles.iter().chain(own);
    let extended = ordered::set(roles.flat_map(|role| &role.extends).map(|base| &base.value));
    for role in &source.roles {
        let name = &role.name;
        if given.has(&name.value) || extended.contains(&name.value) {
            continue;
        }
        let message = format!("no issuer may give {}, and no role extends it", name.value);
        let finding = Finding::new(Code::UnusedRole, name.place.clone(), message);
        report.push(finding.help("add it to an issuer's `asserts.roles`, or remove it"));
    }
}

fn tenants(lint: &Lint<'_>, report: &mut Report) {
    let source = lint.source;
    let is_draft = source.issuers.is_empty();
    let all = source
        .issuers
        .iter()
        .any(|i| matches!(i.tenants, Listed::Any) && i.claims.tenant.is_none());
    if is_draft || all {
        return;
    }
    for tenant in &source.tenants {
        if speakers(source, &tenant.id).next().is_none() {
            let message = format!("no issuer may speak for {}, so nobody can act there", tenant.id);
            let finding = Finding::new(Code::UnreachableTenant, tenant.place.clone(), message);
            report.push(finding.help("add it to an issuer's `asserts.tenants`"));
        }
    }
}
