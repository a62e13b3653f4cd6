//! What a role may do in a tenant: the closed permission set of each role, and the rows of the
//! tenants that override it.

use std::collections::BTreeMap;

use crate::identity::{RoleName, TenantId};
use crate::permissions::PermissionSet;

/// One role's permissions, inheritance already closed. `deny` wins over the `allow` of every role
/// that a principal holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleRow {
    /// What the role gives.
    pub allow: PermissionSet,
    /// What the role takes away.
    pub deny: PermissionSet,
}

/// The rows of all roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleTable {
    /// The rows that hold in every tenant without one of its own.
    pub base: BTreeMap<RoleName, RoleRow>,
    /// Whole rows that replace the base row in one tenant.
    pub overrides: BTreeMap<TenantId, BTreeMap<RoleName, RoleRow>>,
}

impl RoleTable {
    /// The role's name as the policy owns it, if the policy knows it.
    #[must_use]
    pub fn find(&self, role: &str) -> Option<&RoleName> {
        self.base.get_key_value(role).map(|(name, _)| name)
    }

    /// What these roles together may do in the tenant. An unknown role gives nothing.
    pub fn permissions<'r>(
        &self,
        tenant: &TenantId,
        roles: impl IntoIterator<Item = &'r RoleName>,
    ) -> PermissionSet {
        let own = self.overrides.get(tenant);
        let mut allow = PermissionSet::new();
        let mut deny = PermissionSet::new();
        for role in roles {
            let row = own.and_then(|rows| rows.get(role)).or_else(|| self.base.get(role));
            if let Some(row) = row {
                allow.union_with(&row.allow);
                deny.union_with(&row.deny);
            }
        }
        allow.subtract(&deny);
        allow
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permissions::PermissionId;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn row(allow: &[u32], deny: &[u32]) -> RoleRow {
        let set = |ids: &[u32]| ids.iter().copied().map(PermissionId).collect();
        RoleRow { allow: set(allow), deny: set(deny) }
    }

    #[test]
    fn an_override_holds_in_its_tenant_only_and_its_deny_wins() {
        let role = |name: &str| RoleName::parse(name).unwrap();
        let tenant = |name| TenantId::parse(name).unwrap();
        let table = RoleTable {
            base: [(role("viewer"), row(&[0], &[])), (role("editor"), row(&[0, 1], &[]))].into(),
            overrides: [(tenant("globex"), [(role("editor"), row(&[0, 1], &[0]))].into())].into(),
        };
        let may = |t, roles: &[&str]| {
            let roles: Vec<_> = roles.iter().map(|r| role(r)).collect();
            table.permissions(&tenant(t), &roles).iter().map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(may("acme", &["editor"]), [0, 1]);
        assert_eq!(may("globex", &["editor"]), [1]);
        assert_eq!(may("globex", &["viewer", "editor"]), [1]);
        assert_eq!(may("globex", &["viewer"]), [0]);
        assert_eq!(may("acme", &["nobody"]), [] as [u32; 0]);
    }
}
