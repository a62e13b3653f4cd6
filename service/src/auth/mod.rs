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
mod tokens;

use std::fmt;
use std::sync::Arc;

use tenantguard::identity::TenantId;

pub use self::authenticator::Authenticator;
pub use self::certificate::{CertificateError, PeerCertificate, SubjectName};
pub use self::credential::{CredentialDigest, CredentialError, Secret};
pub use self::error::{AuthError, Forbidden};
pub use self::keys::fetch_keys;
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
}

impl Caller {
    /// A caller, by the name that records show.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, role: Role) -> Self {
        Self { name: name.into(), role }
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
    /// [`Forbidden::Role`] for a proxy or an auditor.
    pub fn may_change(&self) -> Result<Reach, Forbidden> {
        match &self.role {
            Role::Admin => Ok(Reach::Everywhere),
            Role::TenantAdmin(tenant) => Ok(Reach::Tenant(tenant.clone())),
            Role::Proxy | Role::Auditor => self.refuse("admin or tenant_admin"),
        }
    }

    /// How far it may look.
    ///
    /// # Errors
    /// [`Forbidden::Role`] for a proxy.
    pub fn may_look(&self) -> Result<Reach, Forbidden> {
        match &self.role {
            Role::Admin | Role::Auditor => Ok(Reach::Everywhere),
            Role::TenantAdmin(tenant) => Ok(Reach::Tenant(tenant.clone())),
            Role::Proxy => self.refuse("admin, auditor or tenant_admin"),
        }
    }

    /// How far it may ask what is so: tokens, decisions.
    #[must_use]
    pub fn may_ask(&self) -> Reach {
        match &self.role {
            Role::Admin | Role::Auditor | Role::Proxy => Reach::Everywhere,
            Role::TenantAdmin(tenant) => Reach::Tenant(tenant.clone()),
        }
    }

    /// Whether it operates the service.
    ///
    /// # Errors
    /// [`Forbidden::Role`] for everybody else.
    pub fn must_operate(&self) -> Result<(), Forbidden> {
        match &self.role {
            Role::Admin => Ok(()),
            Role::TenantAdmin(_) | Role::Proxy | Role::Auditor => self.refuse("admin"),
        }
    }

    /// Whether it sees the service as a whole: status, metrics.
    ///
    /// # Errors
    /// [`Forbidden::Role`] for a tenant's administrator and a proxy.
    pub fn must_oversee(&self) -> Result<(), Forbidden> {
        match &self.role {
            Role::Admin | Role::Auditor => Ok(()),
            Role::TenantAdmin(_) | Role::Proxy => self.refuse("admin or auditor"),
        }
    }

    /// Whether it follows the feed.
    ///
    /// # Errors
    /// [`Forbidden::Role`] for everybody but a proxy: the feed has every tenant in it.
    pub fn must_follow(&self) -> Result<(), Forbidden> {
        match &self.role {
            Role::Proxy => Ok(()),
            Role::Admin | Role::TenantAdmin(_) | Role::Auditor => self.refuse("proxy"),
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
            // role, change, look, operate, oversee, follow
            (Role::Admin, [true, true, true, true, false]),
            (Role::TenantAdmin(tenant("acme")), [true, true, false, false, false]),
            (Role::Proxy, [false, false, false, false, true]),
            (Role::Auditor, [false, true, false, true, false]),
        ];
        for (role, expected) in rows {
            let caller = Caller::new("x", role.clone());
            let may = [
                caller.may_change().is_ok(),
                caller.may_look().is_ok(),
                caller.must_operate().is_ok(),
                caller.must_oversee().is_ok(),
                caller.must_follow().is_ok(),
            ];
            assert_eq!(may, expected, "{role:?}");
        }
    }

    #[test]
    fn a_tenants_administrator_reaches_that_tenant_alone() {
        let caller = Caller::new("x", Role::TenantAdmin(tenant("acme")));
        for reach in [caller.may_change().unwrap(), caller.may_look().unwrap(), caller.may_ask()] {
            assert!(reach.cover(&tenant("acme")).is_ok());
            for other in ["globex", "Acme", "acme.x"] {
                assert!(reach.cover(&tenant(other)).is_err(), "{other}");
            }
        }
    }
}
