//! The sections of roles and of what tenants make of them.

use std::collections::BTreeMap;

use tenantguard::artifact::layout::{self, Line, Span};
use tenantguard::identity::{RoleName, TenantId};
use tenantguard::permissions::PermissionSet;
use zerocopy::little_endian::U32;

use super::tables::{Tables, append};
use super::{CompileError, Input};
use crate::check::Hierarchy;
use crate::ordered;
use crate::source::{Listed, Override, Role, Tenant};

/// What a role gives and takes away, and where that stands.
#[derive(Clone)]
struct Rights {
    allow: PermissionSet,
    deny: PermissionSet,
    line: Line,
}

/// The roles of a policy and what they may do, by name.
pub(super) struct Roles<'s> {
    input: &'s Input<'s>,
    base: BTreeMap<&'s RoleName, Rights>,
    /// What all of them give together.
    base_ceiling: PermissionSet,
    positions: BTreeMap<&'s RoleName, u32>,
    tenants: BTreeMap<&'s TenantId, &'s Tenant>,
    overrides: BTreeMap<&'s TenantId, Vec<&'s Override>>,
}

/// Writes all roles, sorted by name; one that only tenants define gives nothing by itself.
pub(super) fn write<'s>(
    input: &'s Input<'s>,
    tables: &mut Tables,
) -> Result<Roles<'s>, CompileError> {
    let source = input.source;
    let base = base_rights(input);
    let of_tenants = source.tenants.iter().flat_map(|tenant| &tenant.roles);
    let names = ordered::set(source.roles.iter().chain(of_tenants).map(|it| &it.name.value));
    let none = PermissionSet::new();
    for name in &names {
        let rights = base.get(name);
        let row = layout::Role {
            name: tables.texts.add(name.as_str())?,
            allow: tables.sets.add(rights.map_or(&none, |own| &own.allow))?,
            deny: tables.sets.add(&none)?,
            line: rights.map_or(UNKNOWN, |own| own.line),
        };
        tables.roles.push(row);
    }
    let mut overrides: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for item in &source.overrides {
        if let Some(tenant) = &item.tenant {
            overrides.entry(&tenant.value).or_default().push(item);
        }
    }
    let positions = ordered::map(names.into_iter().zip(0..));
    let tenants = ordered::map(source.tenants.iter().map(|tenant| (&tenant.id, tenant)));
    let base_ceiling = union(base.values());
    Ok(Roles { input, base, base_ceiling, positions, tenants, overrides })
}

const UNKNOWN: Line =
    Line { file: zerocopy::little_endian::U16::ZERO, line: zerocopy::little_endian::U32::ZERO };

/// What the platform's roles may do, with all that they extend.
fn base_rights<'s>(input: &Input<'s>) -> BTreeMap<&'s RoleName, Rights> {
    let (source, resolved) = (input.source, input.resolved);
    let closed = resolved.hierarchy.close(&source.roles, &resolved.declared);
    let rights = source.roles.iter().zip(closed).map(|(role, allow)| {
        let line = input.line(&role.place);
        (&role.name.value, Rights { allow, deny: PermissionSet::new(), line })
    });
    ordered::map(rights)
}

impl<'s> Roles<'s> {
    /// The tenants, sorted by id.
    pub(super) fn tenants(&self) -> impl Iterator<Item = &'s Tenant> {
        self.tenants.values().copied()
    }

    /// What a tenant that the policy does not list may give to others: what its people could have.
    pub(super) fn ceiling(&self) -> PermissionSet {
        let mut issuers = self.input.source.issuers.iter().filter(|issuer| issuer.goes_by_scopes());
        match issuers.any(|issuer| matches!(issuer.tenants, Listed::Any)) {
            true => self.input.resolved.declared.all(),
            false => self.base_ceiling.clone(),
        }
    }

    /// Writes the roles that the tenant changes or defines, and what it may give to others: what
    /// its people could have, whatever their roles.
    pub(super) fn write_own(
        &self,
        tenant: &Tenant,
        tables: &mut Tables,
    ) -> Result<(Span, U32), CompileError> {
        let mut own = self.overridden(&tenant.id);
        self.add_defined(tenant, &mut own);
        let mut issuers = self.input.source.issuers.iter().filter(|issuer| issuer.goes_by_scopes());
        let ceiling = match issuers.any(|issuer| issuer.speaks_for(&tenant.id)) {
            true => self.input.resolved.declared.all(),
            false if own.is_empty() => self.base_ceiling.clone(),
            false => {
                let base = self.base.iter().filter(|(name, _)| !own.contains_key(*name));
                union(base.map(|(_, rights)| rights).chain(own.values()))
            }
        };
        let ceiling = tables.sets.add(&ceiling)?;
        let mut rows = Vec::with_capacity(own.len());
        for (name, rights) in own {
            let Some(role) = self.positions.get(name) else { continue };
            rows.push(layout::Override {
                role: (*role).into(),
                allow: tables.sets.add(&rights.allow)?,
                deny: tables.sets.add(&rights.deny)?,
                line: rights.line,
            });
        }
        Ok((append(&mut tables.overrides, rows)?, ceiling))
    }

    /// An override of a role holds in every role that extends it: it is part of what they inherit.
    fn overridden(&self, tenant: &TenantId) -> BTreeMap<&'s RoleName, Rights> {
        let (source, resolved) = (self.input.source, self.input.resolved);
        let mut rows: BTreeMap<&RoleName, Rights> = BTreeMap::new();
        for item in self.overrides.get(tenant).into_iter().flatten() {
            let Some(role) = &item.role else { continue };
            let at = source.roles.iter().position(|known| known.name.value == role.value);
            let Some(at) = at else { continue };
            let grant = resolved.declared.expand(&item.grant);
            let deny = resolved.declared.expand(&item.deny);
            let line = self.input.line(&item.place);
            let heirs = resolved.hierarchy.heirs(at).into_iter();
            for name in heirs.filter_map(|at| source.roles.get(at)).map(|role| &role.name.value) {
                let Some(base) = self.base.get(name) else { continue };
                let row = rows.entry(name).or_insert_with(|| Rights { line, ..base.clone() });
                row.allow.union_with(&grant);
                row.deny.union_with(&deny);
            }
        }
        rows
    }

    /// Roles that the tenant defines build on each other and on the platform's roles, as these are
    /// in this tenant. What the platform grants a role here beyond the ceiling of tenants' roles is
    /// not passed on to them.
    fn add_defined<'t>(&self, tenant: &'t Tenant, own: &mut BTreeMap<&'t RoleName, Rights>)
    where
        's: 't,
    {
        let resolved = self.input.resolved;
        let ceiling = self.input.source.tenant_roles.as_ref();
        let ceiling = ceiling.map_or_else(PermissionSet::new, |allowed| {
            resolved.declared.expand(&allowed.permissions)
        });
        for at in order_of(&tenant.roles) {
            let Some(role) = tenant.roles.get(at) else { continue };
            let mut rights = Rights {
                allow: resolved.declared.expand(&role.permissions),
                deny: PermissionSet::new(),
                line: self.input.line(&role.place),
            };
            for extended in &role.extends {
                let name = &extended.value;
                if let Some(base) = own.get(name).or_else(|| self.base.get(name)) {
                    rights.allow.union_with(&base.allow);
                    rights.deny.union_with(&base.deny);
                }
            }
            rights.allow.intersect_with(&ceiling);
            own.insert(&role.name.value, rights);
        }
    }
}

/// All that any of them gives.
fn union<'r>(rights: impl Iterator<Item = &'r Rights>) -> PermissionSet {
    let mut all = PermissionSet::new();
    for Rights { allow, deny, .. } in rights {
        let mut effective = allow.clone();
        effective.subtract(deny);
        all.union_with(&effective);
    }
    all
}

/// A tenant's roles, each after those of its own that it extends.
fn order_of(roles: &[Role]) -> Vec<usize> {
    let positions: BTreeMap<_, usize> =
        ordered::map(roles.iter().map(|role| &role.name.value).zip(0..));
    let extends = roles.iter().map(|role| {
        role.extends.iter().filter_map(|base| positions.get(&base.value).copied()).collect()
    });
    Hierarchy::of(extends.collect()).order
}
