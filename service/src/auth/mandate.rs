//! In whose name a caller changes delegations. The operator and a tenant are different parties: only
//! who speaks for a tenant can agree for it.

use tenantguard::identity::TenantId;

/// In whose name somebody changes delegations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    /// In the operator's.
    pub is_operator: bool,
    /// In this tenant's.
    pub tenant: Option<TenantId>,
}

impl Mandate {
    /// Whether it is in the tenant's name.
    #[must_use]
    pub fn speaks_for(&self, tenant: &TenantId) -> bool {
        self.tenant.as_ref() == Some(tenant)
    }

    /// Whether it reaches something of one of these tenants.
    #[must_use]
    pub fn reaches(&self, ends: [&TenantId; 2]) -> bool {
        self.is_operator || ends.into_iter().any(|end| self.speaks_for(end))
    }
}
