//! Roles that tenants define: they combine what the platform allows, take no name that is taken,
//! and build on each other or on the platform's roles without circles.

use std::collections::BTreeMap;

use tenantguard::permissions::PermissionSet;

use super::hierarchy::Hierarchy;
use super::permissions::{Declared, spelled};
use super::{Names, roles};
use crate::finding::{Code, Finding};
use crate::ordered;
use crate::place::{Located, Place, Quoted};
use crate::report::Report;
use crate::source::{Role, Source, Tenant};

/// The most roles that all tenants together may define.
const ROLE_LIMIT: usize = 100_000;

/// What tenants' roles may refer to.
struct Platform<'a> {
    source: &'a Source,
    roles: &'a Names<'a>,
    declared: &'a Declared,
    /// What each of the platform's roles gives.
    closed: Vec<PermissionSet>,
    /// What no role of a tenant may exceed.
    ceiling: PermissionSet,
}

pub(super) fn check(
    source: &Source,
    roles: &Names<'_>,
    declared: &Declared,
    hierarchy: &Hierarchy,
    report: &mut Report,
) {
    let ceiling = source.tenant_roles.as_ref().map(|ceiling| ceiling.permissions.as_slice());
    declared.check(ceiling.unwrap_or_default(), report);
    let defined: usize = source.tenants.iter().map(|tenant| tenant.roles.len()).sum();
    if defined == 0 {
        return;
    }
    if defined > ROLE_LIMIT {
        let message = format!("{defined} roles of tenants are too many: at most {ROLE_LIMIT}");
        report.push(Finding::new(Code::TooMany, Place::default(), message));
    }
    let platform = Platform {
        source,
        roles,
        declared,
        closed: hierarchy.close(&source.roles, declared),
        ceiling: declared.expand(ceiling.unwrap_or_default()),
    };
    for tenant in source.tenants.iter().filter(|tenant| !tenant.roles.is_empty()) {
        match &source.tenant_roles {
            Some(_) => of_tenant(tenant, &platform, report),
            None => none_allowed(tenant, report),
        }
    }
}

fn none_allowed(tenant: &Tenant, report: &mut Report) {
    let Some(first) = tenant.roles.first() else { return };
    let message = format!("{} defines roles, but the platform lets tenants define none", tenant.id);
    let finding = Finding::new(Code::AboveCeiling, first.name.place.clone(), message);
    report.push(
        finding.help("say what they may have: `tenant_roles: {permissions: [...]}`, at the top"),
    );
}

fn of_tenant(tenant: &Tenant, platform: &Platform<'_>, report: &mut Report) {
    let names = tenant.roles.iter().map(|role| role.name.value.as_str());
    let own: BTreeMap<&str, usize> = ordered::map(names.zip(0..));
    let mut extends = Vec::with_capacity(tenant.roles.len());
    for role in &tenant.roles {
        name(tenant, role, platform, report);
        platform.declared.check(&role.permissions, report);
        for pattern in &role.permissions {
            let given = platform.declared.expand(std::slice::from_ref(pattern));
            let what = spelled(&pattern.value);
            ceiling((tenant, role), &what, &given, &pattern.place, platform, report);
        }
        let mut bases = Vec::new();
        for base in &role.extends {
            let text = base.value.as_str();
            if let Some(position) = own.get(text) {
                bases.push(*position);
            } else if let Some(position) = platform.roles.position(text) {
                let Some(given) = platform.closed.get(position) else { continue };
                ceiling((tenant, role), text, given, &base.place, platform, report);
            } else {
                unknown_base(tenant, text, &base.place, platform, report);
            }
        }
        extends.push(bases);
    }
    for cycle in Hierarchy::of(extends).cycles() {
        roles::report_cycle(&tenant.roles, &cycle, report);
    }
}

fn name(tenant: &Tenant, role: &Role, platform: &Platform<'_>, report: &mut Report) {
    let Located { value, place } = &role.name;
    let Some(theirs) = platform.roles.position(value.as_str()) else { return };
    let message = format!("{} takes the name of the platform's role {value}", tenant.id);
    let finding = Finding::new(Code::DuplicateRole, place.clone(), message);
    let finding =
        finding.help("give it another name; a token could not say which of them it means");
    report.push(match platform.source.roles.get(theirs) {
        Some(theirs) => finding.other(theirs.name.place.clone()),
        None => finding,
    });
}

/// Reports what the role has from `what` beyond the ceiling.
fn ceiling(
    (tenant, role): (&Tenant, &Role),
    what: &str,
    given: &PermissionSet,
    place: &Place,
    platform: &Platform<'_>,
    report: &mut Report,
) {
    let mut beyond = given.clone();
    beyond.subtract(&platform.ceiling);
    let names = platform.declared.listed(&beyond);
    if names.is_empty() {
        return;
    }
    let name = &role.name.value;
    let message = match names == what {
        true => format!("{}'s role {name} has {what}, above the platform's ceiling", tenant.id),
        false => format!(
            "{}'s role {name} has {names} from {what}, above the platform's ceiling",
            tenant.id
        ),
    };
    let finding = Finding::new(Code::AboveCeiling, place.clone(), message);
    let finding = finding.help("take it out, or raise `tenant_roles.permissions`");
    report.push(match &platform.source.tenant_roles {
        Some(ceiling) => finding.other(ceiling.place.clone()),
        None => finding,
    });
}

fn unknown_base(
    tenant: &Tenant,
    base: &str,
    place: &Place,
    platform: &Platform<'_>,
    report: &mut Report,
) {
    let own = tenant.roles.iter().chain(&platform.source.roles);
    let help = report
        .suggest(base, own.map(|role| role.name.value.as_str()))
        .unwrap_or_else(|| "a tenant's role extends the platform's roles or its own".to_owned());
    let message = format!("neither {} nor the platform has a role {}", tenant.id, Quoted(base));
    report.push(Finding::new(Code::UnknownRole, place.clone(), message).help(help));
}
