//! What the people of each tenant may have at most: the roles that some issuer can give there, and
//! what these give after the tenant's overrides.

use std::collections::{BTreeMap, BTreeSet};

use tenantguard::identity::{RoleName, TenantId};
use tenantguard::permissions::PermissionSet;
use tenantguard::trust::Authority;

use super::Lint;
use crate::ordered;
use crate::source::{Issuer, Listed, Override, Role, Source, Tenant};

/// One role in one tenant.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// What it gives, the tenant's grants with it.
    pub(super) allow: PermissionSet,
    /// What the tenant takes away.
    pub(super) deny: PermissionSet,
    /// Whether some issuer can give it to somebody there.
    pub(super) is_given: bool,
}

impl Row {
    fn effective(&self) -> PermissionSet {
        let mut effective = self.allow.clone();
        effective.subtract(&self.deny);
        effective
    }
}

/// What everybody may have at most.
pub(super) struct Holdings<'s> {
    source: &'s Source,
    resolved: &'s crate::check::Resolved,
    /// What each of the platform's roles gives where nothing overrides it.
    closed: Vec<PermissionSet>,
    overrides: BTreeMap<&'s TenantId, Vec<&'s Override>>,
    role_positions: BTreeMap<&'s RoleName, usize>,
    by_tenant: BTreeMap<&'s TenantId, PermissionSet>,
    /// What anybody has anywhere.
    pub(super) anywhere: PermissionSet,
}

impl<'s> Holdings<'s> {
    pub(super) fn of(lint: &Lint<'s>) -> Self {
        let source = lint.source;
        let mut overrides: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for item in &source.overrides {
            if let Some(tenant) = &item.tenant {
                overrides.entry(&tenant.value).or_default().push(item);
            }
        }
        let mut holdings = Self {
            source,
            resolved: lint.resolved,
            closed: lint.resolved.hierarchy.close(&source.roles, &lint.resolved.declared),
            overrides,
            role_positions: ordered::map(source.roles.iter().map(|it| &it.name.value).zip(0..)),
            by_tenant: BTreeMap::new(),
            anywhere: PermissionSet::new(),
        };
        holdings.fill();
        holdings
    }

    /// Tenants that change nothing share what their issuers can give: ten thousand of them must not
    /// cost ten thousand unions.
    fn fill(&mut self) {
        if self.source.tenants.is_empty() {
            self.anywhere = self.held_somewhere();
        }
        let mut plain: BTreeMap<Vec<bool>, PermissionSet> = BTreeMap::new();
        for tenant in &self.source.tenants {
            let speakers: Vec<bool> =
                self.source.issuers.iter().map(|i| i.speaks_for(&tenant.id)).collect();
            let is_plain = tenant.roles.is_empty() && !self.overrides.contains_key(&tenant.id);
            let held = match plain.get(&speakers) {
                Some(held) if is_plain => held.clone(),
                _ => self.held(tenant),
            };
            self.anywhere.union_with(&held);
            if is_plain {
                plain.insert(speakers, held.clone());
            }
            self.by_tenant.insert(&tenant.id, held);
        }
    }

    /// Without a list of tenants, some tenant may be there in which an issuer can give a role.
    fn held_somewhere(&self) -> PermissionSet {
        let issuers = &self.source.issuers;
        if issuers.iter().any(Issuer::goes_by_scopes) {
            return self.resolved.declared.all();
        }
        let given = match issuers.is_empty() {
            true => Given::Any,
            false => Given::by(issuers.iter()),
        };
        let mut held = PermissionSet::new();
        for (role, closed) in self.source.roles.iter().zip(&self.closed) {
            if given.has(&role.name.value) {
                held.union_with(closed);
            }
        }
        held
    }

    fn held(&self, tenant: &Tenant) -> PermissionSet {
        if speakers(self.source, &tenant.id).any(Issuer::goes_by_scopes) {
            return self.resolved.declared.all();
        }
        let mut held = PermissionSet::new();
        for row in self.rows(tenant).iter().filter(|row| row.is_given) {
            held.union_with(&row.effective());
        }
        held
    }

    /// What the people of a tenant may have at most.
    pub(super) fn held_in(&self, tenant: &TenantId) -> Option<&PermissionSet> {
        self.by_tenant.get(tenant)
    }

    /// The tenants that override something, each with its overrides.
    pub(super) fn overriding(&self) -> impl Iterator<Item = (&'s Tenant, &[&'s Override])> {
        let overriding =
            |tenant: &'s Tenant| Some((tenant, self.overrides.get(&tenant.id)?.as_slice()));
        self.source.tenants.iter().filter_map(overriding)
    }

    /// The platform's roles by position, then the tenant's own.
    pub(super) fn rows(&self, tenant: &Tenant) -> Vec<Row> {
        let given = Given::in_tenant(self.source, &tenant.id);
        let mut rows: Vec<Row> = Vec::with_capacity(self.closed.len() + tenant.roles.len());
        for (role, allow) in self.source.roles.iter().zip(&self.closed) {
            let is_given = given.has(&role.name.value);
            rows.push(Row { allow: allow.clone(), deny: PermissionSet::new(), is_given });
        }
        for role in &tenant.roles {
            let allow = self.own_closure(tenant, role);
            let is_given = given.has(&role.name.value);
            rows.push(Row { allow, deny: PermissionSet::new(), is_given });
        }
        for item in self.overrides.get(&tenant.id).into_iter().flatten() {
            let declared = &self.resolved.declared;
            let (grant, deny) = (declared.expand(&item.grant), declared.expand(&item.deny));
            for heir in self.heirs(tenant, item) {
                let Some(row) = rows.get_mut(heir) else { continue };
                row.allow.union_with(&grant);
                row.deny.union_with(&deny);
            }
        }
        rows
    }

    /// The rows that an override reaches: its role, and all roles that extend it.
    pub(super) fn heirs(&self, tenant: &Tenant, item: &Override) -> Vec<usize> {
        let Some(role) = item.role.as_ref() else { return Vec::new() };
        let Some(position) = self.role_positions.get(&role.value) else { return Vec::new() };
        let mut heirs = self.resolved.hierarchy.heirs(*position);
        let platform = ordered::set(heirs.iter().copied());
        for (own, nth) in tenant.roles.iter().zip(self.closed.len()..) {
            let bases = self.bases(tenant, own);
            if bases.iter().any(|base| platform.contains(base)) {
                heirs.push(nth);
            }
        }
        heirs
    }

    /// What a role gives where nothing overrides it, by its row.
    pub(super) fn before_overrides(&self, tenant: &Tenant, row: usize) -> PermissionSet {
        match self.closed.get(row) {
            Some(closed) => closed.clone(),
            None => match tenant.roles.get(row.saturating_sub(self.closed.len())) {
                Some(own) => self.own_closure(tenant, own),
                None => PermissionSet::new(),
            },
        }
    }

    fn own_closure(&self, tenant: &Tenant, role: &Role) -> PermissionSet {
        let mut closure = PermissionSet::new();
        for own in own_bases(tenant, role) {
            closure.union_with(&self.resolved.declared.expand(&own.permissions));
        }
        for base in self.bases(tenant, role) {
            closure.union_with(self.closed.get(base).unwrap_or(&PermissionSet::new()));
        }
        closure
    }

    /// The platform's roles that a tenant's role builds on.
    fn bases(&self, tenant: &Tenant, role: &Role) -> BTreeSet<usize> {
        let extended = own_bases(tenant, role).into_iter().flat_map(|own| &own.extends);
        ordered::set(extended.filter_map(|base| self.role_positions.get(&base.value).copied()))
    }
}

/// A tenant's role and all roles of the tenant that it extends.
fn own_bases<'t>(tenant: &'t Tenant, role: &'t Role) -> Vec<&'t Role> {
    let mut found: Vec<&Role> = vec![role];
    let mut next = 0;
    while let Some(role) = found.get(next).copied() {
        next += 1;
        for base in &role.extends {
            let own = tenant.roles.iter().find(|own| own.name.value == base.value);
            let is_new = |own: &&Role| !found.iter().any(|known| std::ptr::eq(*known, *own));
            found.extend(own.filter(is_new));
        }
    }
    found
}

/// The issuers whose tokens can be for the tenant.
pub(super) fn speakers<'s>(
    source: &'s Source,
    tenant: &TenantId,
) -> impl Iterator<Item = &'s Issuer> {
    source.issuers.iter().filter(move |issuer| issuer.speaks_for(tenant))
}

/// The roles that issuers can give.
pub(super) enum Given<'s> {
    Any,
    These(BTreeSet<&'s RoleName>),
}

impl<'s> Given<'s> {
    /// In one tenant. A policy without issuers is a draft: everything might be given.
    pub(super) fn in_tenant(source: &'s Source, tenant: &TenantId) -> Self {
        match source.issuers.is_empty() {
            true => Self::Any,
            false => Self::by(speakers(source, tenant)),
        }
    }

    /// By any of these issuers.
    pub(super) fn by(issuers: impl Iterator<Item = &'s Issuer>) -> Self {
        let mut these = BTreeSet::new();
        for issuer in issuers.filter(|issuer| issuer.authority != Authority::Scopes) {
            let map = issuer.claims.roles.as_ref().and_then(|roles| roles.value.map.as_ref());
            match (map, &issuer.roles) {
                (Some(map), _) => these.extend(map.iter().map(|(_, role)| &role.value)),
                (None, Listed::These(listed)) => these.extend(listed.iter().map(|r| &r.value)),
                (None, Listed::Any) => return Self::Any,
            }
        }
        Self::These(these)
    }

    pub(super) fn has(&self, role: &RoleName) -> bool {
        match self {
            Self::Any => true,
            Self::These(these) => these.contains(role),
        }
    }
}
