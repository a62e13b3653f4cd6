//! What one part of a policy says about another: references, collisions, circles. Everything that
//! is wrong is collected; a policy without findings compiles.
//!
//! `issuers`, `roles`, `tenant_roles`, `routes` and `delegations` check their sections, `claims` an
//! issuer's mapping; `permissions` knows what is declared, `hierarchy` which role builds on which.
//! What only looks wrong is `lint`'s to say.

mod claims;
mod delegations;
mod hierarchy;
mod issuers;
mod permissions;
mod roles;
mod routes;
mod tenant_roles;

use std::collections::BTreeMap;

use tenantguard::identity::{CellName, TenantId};
use tenantguard::token::Key;

pub(crate) use self::hierarchy::Hierarchy;
pub(crate) use self::permissions::{Declared, spelled};
pub(crate) use self::routes::{Shape, shape};
use crate::finding::{Code, Finding};
use crate::ordered;
use crate::place::{Located, Place, Quoted};
use crate::report::Report;
use crate::source::{Source, Tenant};

/// What the checks found out on the way, for the compiler.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// The permissions that exist.
    pub(crate) declared: Declared,
    /// How roles extend each other.
    pub(crate) hierarchy: Hierarchy,
    /// The usable keys of each issuer, in the order of the source.
    pub(crate) keys: Vec<Vec<Key>>,
}

/// Checks everything. The result means something only if nothing was reported.
pub(crate) fn source(source: &Source, report: &mut Report) -> Resolved {
    let declared = Declared::of(source, report);
    let tenants =
        Names::of("tenant", Code::UnknownTenant, source.tenants.iter().map(|t| t.id.as_str()));
    let roles =
        Names::of("role", Code::UnknownRole, source.roles.iter().map(|r| r.name.value.as_str()));
    cells(&source.tenants, &source.default_cell, report);
    let own = source.tenants.iter().flat_map(|tenant| &tenant.roles);
    let any_roles = source.roles.iter().chain(own).map(|role| role.name.value.as_str());
    let any_roles = Names::of("role", Code::UnknownRole, any_roles);
    let keys = issuers::check(source, &tenants, &any_roles, report);
    let hierarchy = roles::check(source, &tenants, &roles, &declared, report);
    tenant_roles::check(source, &roles, &declared, &hierarchy, report);
    routes::check(&source.routes, report);
    delegations::check(source, &tenants, &declared, report);
    Resolved { declared, hierarchy, keys }
}

/// The names that a section defines, for those that refer to it.
pub(crate) struct Names<'a> {
    what: &'static str,
    code: Code,
    positions: BTreeMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    fn of(what: &'static str, code: Code, names: impl Iterator<Item = &'a str>) -> Self {
        Self { what, code, positions: ordered::map(names.zip(0..)) }
    }

    fn has(&self, name: &str) -> bool {
        self.positions.contains_key(name)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.positions.get(name).copied()
    }

    /// The position of the name in its section, or a finding.
    fn find(&self, name: &str, place: &Place, report: &mut Report) -> Option<usize> {
        if let Some(position) = self.positions.get(name) {
            return Some(*position);
        }
        let help = report
            .suggest(name, self.positions.keys().copied())
            .unwrap_or_else(|| format!("define it under `{}s`", self.what));
        let message = format!("there is no {} {}", self.what, Quoted(name));
        report.push(Finding::new(self.code, place.clone(), message).help(help));
        None
    }
}

/// A dedicated tenant has its cell for itself.
fn cells(tenants: &[Tenant], default: &CellName, report: &mut Report) {
    let mut by_cell: BTreeMap<&CellName, Vec<(&TenantId, &Place)>> = BTreeMap::new();
    for tenant in tenants {
        if let Some(Located { value, place }) = &tenant.cell {
            by_cell.entry(value).or_default().push((&tenant.id, place));
        }
    }
    for tenant in tenants.iter().filter(|tenant| tenant.is_dedicated()) {
        let Some(cell) = &tenant.cell else { continue };
        let inmates = by_cell.get(&cell.value).map(Vec::as_slice).unwrap_or_default();
        let other = inmates.iter().find(|(id, _)| **id != tenant.id);
        let shared_with = match other {
            Some((id, _)) => format!("the tenant {id}"),
            None if cell.value == *default => "all tenants without a cell".to_owned(),
            None => continue,
        };
        let message = format!(
            "{} is dedicated, but its cell {} also serves {shared_with}",
            tenant.id, cell.value
        );
        let finding = Finding::new(Code::SharedCell, cell.place.clone(), message)
            .help("give it a cell of its own, or write `isolation: shared`");
        report.push(match other {
            Some((_, place)) => finding.other((*place).clone()),
            None => finding,
        });
    }
}
