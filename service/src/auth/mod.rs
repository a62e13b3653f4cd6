//! Who calls the service, and what they may do.
//!
//! A caller proves itself by a bearer credential (RFC 6750) or by a client certificate; see
//! [`authenticate`](Authenticator::authenticate). A handler gets at nothing without naming what the
//! caller must be allowed: the extractors in [`crate::http::access`] ask here.

mod authenticator;
mod certificate;
mod credential;
mod error;
mod keys;
pub mod live;
mod mandate;
mod tokens;

use std::fmt;
use std::sync::Arc;

use tenantguard::identity::TenantId;

pub use self::authenticator::Authenticator;
pub use self::certificate::{CertificateError, PeerCertificate, SubjectName};
pub use self::credential::{CredentialDigest, CredentialError, Secret};
pub use self::error::{AuthError, Forbidden};
pub use self::keys::fetch_keys;
pub use self::mandate::Mandate;
pub use self::tokens::Tokens;

/// What a caller is to the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Operates the service: may do everything, for every tenant.
    Admin,
    /// Administers one tenant, and reaches nothing of another.
    TenantAdmin(TenantId),
    /// A proxy: follows the feed, and asks about tokens.
    Proxy,
    /// Looks, and changes nothing.
    Auditor,
    /// Looks after the delegations of one tenant, and reaches nothing else.
    DelegationAdmin(TenantId),
}

impl Role {
    /// As configuration, logs and metrics spell it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::TenantAdmin(_) => "tenant_admin",
            Self::Proxy => "proxy",
            Self::Auditor => "auditor",
            Self::DelegationAdmin(_) => "delegation_admin",
        }
    }
}

/// How far a caller's word goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Every tenant.
    Everywhere,
    /// One tenant.
    Tenant(TenantId),
}

impl Reach {
    /// Whether it covers the tenant.
    ///
    /// # Errors
    /// [`Forbidden::OtherTenant`]. Whether that tenant exists makes no difference.
    pub fn cover(&self, tenant: &TenantId) -> Result<(), Forbidden> {
        match self {
            Self::Everywhere => Ok(()),
            Self::Tenant(own) if own == tenant => Ok(()),
            Self::Tenant(own) => Err(Forbidden::OtherTenant { own: own.clone() }),
        }
    }

    /// The one tenant that it is bounded to.
    #[must_use]
    pub fn bound(&self) -> Option<&TenantId> {
        match self {
            Self::Everywhere => None,
            Self::Tenant(tenant) => Some(tenant),
        }
    }
}

/// Somebody who has proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    name: Arc<str>,
    role: Role,
    /// The tenant in whose name it may give, agree to and take back delegations.
    delegates_for: Option<TenantId>,
}

impl Caller {
    /// A caller, by the name that records show. A tenant's administrator looks after that tenant's
    /// delegations.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, role: Role) -> Self {
        let delegates_for = match &role {
            Role::TenantAdmin(tenant) | Role::DelegationAdmin(tenant) => Some(tenant.clone()),
            Role::Admin | Role::Proxy | Role::Auditor => None,
        };
        Self { name: name.into(), role, delegates_for }
    }

    /// The same one, looking after the delegations of this tenant, or of none.
    #[must_use]
    pub fn delegating_for(self, tenant: Option<TenantId>) -> Self {
        Self { delegates_for: tenant, ..self }
    }

    /// The name that records show.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What it is to the service.
    #[must_use]
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// How far it may change things: revoke, end sessions.
    ///
    /// # Errors
    /// [`Forbidden::Role`] for everybody but an admin and a tenant's.
    pub fn may_change(&self) -> Result<Reach, Forbidden> {
        match &self.role {
            Role::Admin => Ok(Reach::Everywhere),
            Role::TenantAdmin(tenant) => Ok(Reach::Tenant(tenant.clone())),
            Role::Proxy | Role::Auditor | Role::DelegationAdmin(_) => {
                self.refuse("admin or tenant_admin")
            }
        }
    }

    /// How far it may look.
    ///
    /// # Errors
    /// [`Forbidden::Role`] for a proxy, and for who looks after delegations alone.
    pub fn may_look(&self) -> Result<Reach, Forbidden> {
        match &self.role {
            Role::Admin | Role::Auditor => Ok(Reach::Everywhere),
            Role::TenantAdmin(tenant) => Ok(Reach::Tenant(tenant.clone())),
            Role::Proxy | Role::DelegationAdmin(_) => self.refuse("admin, auditor or tenant_admin"),
        }
    }

    /// How far it may ask what is so: tokens, decisions.
    ///
    /// # Errors
    /// [`Forbidden::Role`] for who looks after delegations alone.
    pub fn may_ask(&self) -> Result<Reach, Forbidden> {
        match &self.role {
            Role::Admin | Role::Auditor | Role::Proxy => Ok(Reach::Everywhere),
            Role::TenantAdmin(tenant) => Ok(Reach::Tenant(tenant.clone())),
            Role::DelegationAdmin(_) => self.refuse("admin, auditor, proxy or tenant_admin"),
        }
    }

    /// In whose name it may change delegations.
    ///
    /// # Errors
    /// [`Forbidden::Delegations`] for who may change none.
    pub fn may_delegate(&self) -> Result<Mandate, Forbidden> {
        let is_operator = self.role == Role::Admin;
        match (is_operator, &self.delegates_for) {
            (false, None) => Err(Forbidden::Delegations { own: self.role.as_str() }),
            (is_operator, tenant) => Ok(Mandate { is_operator, tenant: tenant.clone() }),
        }
    }

    /// Whose delegations it may see.
    ///
    /// # Errors
    /// [`Forbidden::Delegations`] for who may see none.
    pub fn may_see_delegations(&self) -> Result<Reach, Forbidden> {
        match (&self.role, &self.delegates_for) {
            (Role::Admin | Role::Auditor, _) => Ok(Reach::Everywhere),
            (_, Some(tenant)) => Ok(Reach::Tenant(tenant.clone())),
            (_, None) => Err(Forbidden::Delegations { own: self.role.as_str() }),
        }
    }

    /// Whether it operates the service.
    ///
    /// # Errors
    /// [`Forbidden::Role`] for everybody else.
    pub fn must_operate(&self) -> Result<(), Forbidden> {
        match &self.role {
            Role::Admin => Ok(()),
            _ => self.refuse("admin"),
        }
    }

    /// Whether it sees the service as a whole: status, metrics.
    ///
    /// # Errors
    /// [`Forbidden::Role`] for everybody else.
    pub fn must_oversee(&self) -> Result<(), Forbidden> {
        match &self.role {
            Role::Admin | Role::Auditor => Ok(()),
            _ => self.refuse("admin or auditor"),
        }
    }

    /// Whether it follows the feed.
    ///
    /// # Errors
    /// [`Forbidden::Role`] for everybody but a proxy: the feed has every tenant in it.
    pub fn must_follow(&self) -> Result<(), Forbidden> {
        match &self.role {
            Role::Proxy => Ok(()),
            _ => self.refuse("proxy"),
        }
    }

    fn refuse<T>(&self, needed: &'static str) -> Result<T, Forbidden> {
        Err(Forbidden::Role { own: self.role.as_str(), needed })
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.role.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).unwrap()
    }

    #[test]
    fn each_role_may_do_what_its_row_says() {
        let rows = [
            // role, change, look, ask, operate, oversee, follow, change delegations, see them
            (Role::Admin, [true, true, true, true, true, false, true, true]),
            (
                Role::TenantAdmin(tenant("acme")),
                [true, true, true, false, false, false, true, true],
            ),
            (Role::Proxy, [false, false, true, false, false, true, false, false]),
            (Role::Auditor, [false, true, true, false, true, false, false, true]),
            (
                Role::DelegationAdmin(tenant("acme")),
                [false, false, false, false, false, false, true, true],
            ),
        ];
        for (role, expected) in rows {
            let caller = Caller::new("x", role.clone());
            let may = [
                caller.may_change().is_ok(),
                caller.may_look().is_ok(),
                caller.may_ask().is_ok(),
                caller.must_operate().is_ok(),
                caller.must_oversee().is_ok(),
                caller.must_follow().is_ok(),
                caller.may_delegate().is_ok(),
                caller.may_see_delegations().is_ok(),
            ];
            assert_eq!(may, expected, "{role:?}");
        }
    }

    #[test]
    fn a_tenants_administrator_reaches_that_tenant_alone() {
        let caller = Caller::new("x", Role::TenantAdmin(tenant("acme")));
        let reaches = [
            caller.may_change(),
            caller.may_look(),
            caller.may_ask(),
            caller.may_see_delegations(),
        ];
        for reach in reaches.map(Result::unwrap) {
            assert!(reach.cover(&tenant("acme")).is_ok());
            for other in ["globex", "Acme", "acme.x"] {
                assert!(reach.cover(&tenant(other)).is_err(), "{other}");
            }
        }
    }

    #[test]
    fn delegations_are_a_matter_of_their_own() {
        let admin = Caller::new("x", Role::TenantAdmin(tenant("acme"))).delegating_for(None);
        assert!(admin.may_change().is_ok() && admin.may_delegate().is_err());
        assert!(admin.may_see_delegations().is_err());
        let both = Caller::new("x", Role::Admin).delegating_for(Some(tenant("acme")));
        let mandate = both.may_delegate().unwrap();
        assert!(mandate.is_operator && mandate.speaks_for(&tenant("acme")));
        let operator = Caller::new("x", Role::Admin).may_delegate().unwrap();
        assert!(operator.is_operator && !operator.speaks_for(&tenant("acme")));
    }
}
