//! What a role may do in a tenant: its closed permission set, or the row of a tenant that changes
//! it. A role that only tenants define has nothing of its own.

use super::layout::{self, Section};
use super::tables::Tables;
use super::{Policy, SourceLine, TenantIndex, TenantRow};
use crate::permissions::{PermissionBits, PermissionId, PermissionSet};

/// A role of one policy, by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleId(pub u32);

/// One role's permissions, inheritance already closed. `deny` wins over the `allow` of every role
/// that a principal holds.
#[derive(Clone, Copy)]
pub struct RoleRow<'p> {
    allow: PermissionBits<'p>,
    deny: PermissionBits<'p>,
    line: layout::Line,
    tables: &'p Tables,
}

impl Policy {
    /// Every role with its name, those of tenants too.
    pub fn roles(&self) -> impl Iterator<Item = (RoleId, &str)> {
        let rows = self.tables.rows::<layout::Role>(Section::Roles).all();
        rows.iter().zip(0..).map(|(row, id)| (RoleId(id), self.tables.text(row.name)))
    }

    /// A role's name.
    #[must_use]
    pub fn role(&self, id: RoleId) -> Option<&str> {
        let row = self.tables.rows::<layout::Role>(Section::Roles).get(id.0)?;
        Some(self.tables.text(row.name))
    }

    /// The role with that name.
    #[must_use]
    pub fn find_role(&self, name: &str) -> Option<RoleId> {
        let rows = self.tables.rows::<layout::Role>(Section::Roles);
        let text = |at| rows.get(at).map(|row| row.name);
        self.indices.roles.find(&self.tables, (0, name.as_bytes()), text).map(RoleId)
    }

    /// What a role may do in tenants that do not change it.
    #[must_use]
    pub fn base_role(&self, id: RoleId) -> Option<RoleRow<'_>> {
        let row = self.tables.rows::<layout::Role>(Section::Roles).get(id.0)?;
        Some(self.role_of(row.allow.get(), row.deny.get(), row.line))
    }

    /// The roles that a tenant changes or defines, with what they may do there.
    pub fn own_roles<'p>(
        &'p self,
        tenant: &TenantRow<'p>,
    ) -> impl Iterator<Item = (RoleId, RoleRow<'p>)> {
        tenant.overrides().iter().map(|row| {
            let own = self.role_of(row.allow.get(), row.deny.get(), row.line);
            (RoleId(row.role.get()), own)
        })
    }

    /// What a role may do in a tenant.
    #[must_use]
    pub fn role_in<'p>(&'p self, tenant: &TenantRow<'p>, role: RoleId) -> Option<RoleRow<'p>> {
        let own = tenant.overrides();
        match own.binary_search_by_key(&role.0, |row| row.role.get()) {
            Ok(at) => {
                own.get(at).map(|row| self.role_of(row.allow.get(), row.deny.get(), row.line))
            }
            Err(_) => self.base_role(role),
        }
    }

    /// As [`Self::role_in`], for a tenant by its position.
    #[must_use]
    pub fn role_row(&self, tenant: TenantIndex, role: RoleId) -> Option<RoleRow<'_>> {
        self.role_in(&self.tenant(tenant)?, role)
    }

    /// Whether these roles together may use a permission in the tenant. A role that is not known
    /// gives nothing.
    #[must_use]
    pub fn roles_grant<'r>(
        &self,
        tenant: &TenantRow<'_>,
        roles: impl IntoIterator<Item = &'r str>,
        permission: PermissionId,
    ) -> bool {
        let mut is_allowed = false;
        for name in roles {
            let Some(role) = self.find_role(name) else { continue };
            let Some((allow, deny)) = self.sets_in(tenant, role) else { continue };
            if self.set_contains(deny, permission) {
                return false;
            }
            is_allowed |= self.set_contains(allow, permission);
        }
        is_allowed
    }

    /// The positions of what a role gives and what it takes away in a tenant.
    fn sets_in(&self, tenant: &TenantRow<'_>, role: RoleId) -> Option<(u32, u32)> {
        let own = tenant.overrides();
        if let Ok(at) = own.binary_search_by_key(&role.0, |row| row.role.get()) {
            return own.get(at).map(|row| (row.allow.get(), row.deny.get()));
        }
        let base = self.tables.rows::<layout::Role>(Section::Roles).get(role.0)?;
        Some((base.allow.get(), base.deny.get()))
    }

    /// What these roles together may do in the tenant; without one, in a tenant that the policy does
    /// not list and so changes nothing about them.
    #[must_use]
    pub fn permissions_of<'r>(
        &self,
        tenant: impl Into<Option<TenantIndex>>,
        roles: impl IntoIterator<Item = &'r str>,
    ) -> PermissionSet {
        let tenant = tenant.into();
        let (mut allow, mut deny) = (PermissionSet::new(), PermissionSet::new());
        for role in roles {
            let row = self.find_role(role).and_then(|role| match tenant {
                Some(tenant) => self.role_row(tenant, role),
                None => self.base_role(role),
            });
            if let Some(row) = row {
                allow.add(row.allow);
                deny.add(row.deny);
            }
        }
        allow.subtract(&deny);
        allow
    }

    fn role_of(&self, allow: u32, deny: u32, line: layout::Line) -> RoleRow<'_> {
        RoleRow { allow: self.set(allow), deny: self.set(deny), line, tables: &self.tables }
    }
}

impl<'p> RoleRow<'p> {
    /// What the role gives.
    #[must_use]
    pub fn allow(&self) -> PermissionBits<'p> {
        self.allow
    }

    /// What the role takes away.
    #[must_use]
    pub fn deny(&self) -> PermissionBits<'p> {
        self.deny
    }

    /// Whether the role alone may use a permission.
    #[must_use]
    pub fn grants(&self, permission: PermissionId) -> bool {
        self.allow.contains(permission) && !self.deny.contains(permission)
    }

    /// Where the role, or what changes it, stands in the source.
    #[must_use]
    pub fn line(&self) -> Option<SourceLine<'p>> {
        SourceLine::of(self.tables, self.line)
    }
}
