//! Roles, overrides and scopes: references, circles, collisions, bounds.

use std::collections::BTreeMap;

use tenantguard::identity::RoleName;

use super::Names;
use super::hierarchy::Hierarchy;
use super::permissions::Declared;
use crate::finding::{Code, Finding};
use crate::place::{Located, Place};
use crate::report::Report;
use crate::source::{Role, Source};

/// The most roles that a policy may define.
const ROLE_LIMIT: usize = 10_000;
/// The most (tenant, role) pairs whose permissions overrides may change, counting the roles that
/// extend an overridden one.
const OVERRIDE_LIMIT: usize = 100_000;

pub(super) fn check(
    source: &Source,
    tenants: &Names<'_>,
    roles: &Names<'_>,
    declared: &Declared,
    report: &mut Report,
) -> Hierarchy {
    if source.roles.len() > ROLE_LIMIT {
        let message = format!("{} roles are too many: at most {ROLE_LIMIT}", source.roles.len());
        report.push(Finding::new(Code::TooMany, Place::default(), message));
    }
    let mut extends = Vec::with_capacity(source.roles.len());
    for role in &source.roles {
        let find = |base: &Located<RoleName>| roles.find(base.value.as_str(), &base.place, report);
        extends.push(role.extends.iter().filter_map(find).collect());
        declared.check(&role.permissions, report);
    }
    let hierarchy = Hierarchy::of(extends);
    for cycle in hierarchy.cycles() {
        report_cycle(&source.roles, &cycle, report);
    }
    overrides(source, tenants, roles, declared, &hierarchy, report);
    scopes(source, declared, report);
    hierarchy
}

pub(super) fn report_cycle(roles: &[Role], cycle: &[usize], report: &mut Report) {
    let members: Vec<&Role> = cycle.iter().filter_map(|role| roles.get(*role)).collect();
    let (Some(first), Some(last)) = (members.first(), members.last()) else { return };
    // Each extends the next, and the last the first: point at that.
    let closing = last.extends.iter().find(|base| base.value == first.name.value);
    let place = closing.map_or_else(|| last.name.place.clone(), |base| base.place.clone());
    let shown = members.iter().take(8).map(|role| role.name.value.as_str());
    let mut names: Vec<&str> = shown.collect();
    if members.len() > names.len() {
        names.push("...");
    }
    names.push(first.name.value.as_str());
    let message = format!("roles extend each other in a circle: {}", names.join(" -> "));
    let finding = Finding::new(Code::RoleCycle, place, message);
    report.push(finding.help("remove one of these from `extends`").other(first.name.place.clone()));
}

fn overrides(
    source: &Source,
    tenants: &Names<'_>,
    roles: &Names<'_>,
    declared: &Declared,
    hierarchy: &Hierarchy,
    report: &mut Report,
) {
    let mut seen: BTreeMap<(usize, usize), &Place> = BTreeMap::new();
    let mut changed = 0usize;
    for item in &source.overrides {
        declared.check(&item.grant, report);
        declared.check(&item.deny, report);
        let tenant =
            item.tenant.as_ref().and_then(|t| tenants.find(t.value.as_str(), &t.place, report));
        let role = item.role.as_ref().and_then(|r| roles.find(r.value.as_str(), &r.place, report));
        let (Some(tenant), Some(role)) = (tenant, role) else { continue };
        if let Some(earlier) = seen.insert((tenant, role), &item.place) {
            let message = "this tenant overrides this role a second time";
            let finding = Finding::new(Code::DuplicateOverride, item.place.clone(), message);
            report.push(finding.help("join the two into one").other(earlier.clone()));
        }
        if changed <= OVERRIDE_LIMIT {
            changed += hierarchy.heirs(role).len();
        }
    }
    if changed > OVERRIDE_LIMIT {
        let message = format!("the overrides change more than {OVERRIDE_LIMIT} roles of tenants");
        let finding = Finding::new(Code::TooMany, Place::default(), message);
        report.push(finding.help("a role that others extend counts with each of them"));
    }
}

fn scopes(source: &Source, declared: &Declared, report: &mut Report) {
    for scope in &source.scopes {
        declared.check(&scope.permissions, report);
        if declared.has(&scope.alias.value) {
            let message =
                format!("the scope {} is also the name of a permission", scope.alias.value);
            let finding = Finding::new(Code::AmbiguousScope, scope.alias.place.clone(), message);
            report.push(
                finding.help("a permission is a scope by itself; give the alias another name"),
            );
        }
    }
}
