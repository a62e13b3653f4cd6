//! Who may speak for whom: of each issuer, the tenants and roles that its tokens can be good for.
//! Both its lists and its mapping of claims bound it: a constant tenant, a map of roles.

use std::collections::BTreeSet;

use tenantguard::trust::{Asserts, Authority, Issuer, TenantSource};

use super::{By, Name};

/// Any, or these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Any that the policy knows.
    Any,
    /// These.
    Only(BTreeSet<Name>),
}

impl Extent {
    fn of<T: Ord>(asserts: &Asserts<T>, name: impl Fn(&T) -> Name) -> Self {
        match asserts {
            Asserts::Any => Self::Any,
            Asserts::Only(names) => Self::Only(names.iter().map(name).collect()),
        }
    }

    fn keep(self, names: impl Iterator<Item = Name>) -> Self {
        let names = names.filter(|name| self.has(name)).collect();
        Self::Only(names)
    }

    /// Whether it is among them.
    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => names.contains(name),
        }
    }

    /// The names, if not any.
    pub(crate) fn names(&self) -> Option<&BTreeSet<Name>> {
        match self {
            Self::Any => None,
            Self::Only(names) => Some(names),
        }
    }
}

/// An issuer, as far as it decides who may do what.
#[derive(Debug)]
pub(crate) struct Speaker {
    pub(crate) url: String,
    pub(crate) namespace: String,
    pub(crate) tenants: Extent,
    pub(crate) roles: Extent,
    pub(crate) authority: Authority,
}

impl Speaker {
    pub(crate) fn of(issuer: &Issuer) -> Self {
        let tenants = Extent::of(&issuer.tenants, |tenant| tenant.shared());
        let roles = Extent::of(&issuer.roles, |role| role.shared());
        Self {
            url: issuer.url.to_string(),
            namespace: issuer.namespace.to_string(),
            tenants: match &issuer.claims.tenant {
                TenantSource::Claim(_) => tenants,
                TenantSource::Constant(tenant) => tenants.keep([tenant.shared()].into_iter()),
            },
            roles: match &issuer.claims.roles.map {
                None => roles,
                Some(map) => roles.keep(map.values().map(|role| role.shared())),
            },
            authority: issuer.authority,
        }
    }

    /// Whether a token of this issuer can have the tenant.
    pub(crate) fn speaks_for(&self, tenant: &str) -> bool {
        self.tenants.has(tenant)
    }

    /// Whether a token of this issuer can bring permissions so.
    pub(crate) fn gives(&self, by: &By) -> bool {
        match by {
            By::Scope => self.authority == Authority::Scopes,
            By::Role(role) => self.authority != Authority::Scopes && self.roles.has(role),
        }
    }

    /// Where its tokens' permissions come from, as the policy spells it.
    pub(crate) fn authority_text(&self) -> &'static str {
        match self.authority {
            Authority::RolesAndScopes => "roles_and_scopes",
            Authority::Roles => "roles",
            Authority::Scopes => "scopes",
        }
    }
}
