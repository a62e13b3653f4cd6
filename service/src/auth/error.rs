//! Why a caller is not let in, or not to this.

use tenantguard::decision::Refusal;
use tenantguard::identity::TenantId;

/// Why nobody knows who calls. The detail is for the log; the caller learns the code alone.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// Neither a credential nor a certificate.
    #[error("the request has no credential and the connection no client certificate")]
    Missing,
    /// An `Authorization` header that is not one bearer credential.
    #[error("the Authorization header is not one bearer credential")]
    Malformed,
    /// A credential that nobody was given.
    #[error("the credential is not known")]
    Unknown,
    /// A token that the policy refuses.
    #[error("the policy refuses the token: {0}")]
    Token(Refusal),
    /// A token that the policy accepts, and that gives no role here.
    #[error("the token of {0} has no permission that gives a role here")]
    NoRole(String),
    /// A token that is good for another tenant's data alone.
    #[error("a delegation token is for another tenant's data, not for this service")]
    DelegationToken,
    /// A token that was revoked, or whose principal, session, key or tenant was.
    #[error("the token is revoked")]
    Revoked,
    /// A certificate that is trusted, and whose names give no role here.
    #[error("no name of the client certificate is configured: {0}")]
    UnknownCertificate(String),
}

/// Why a caller who is known may not do this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Forbidden {
    /// Another role is needed.
    #[error("this needs the role {needed}; the caller has {own}")]
    Role {
        /// The caller's role.
        own: &'static str,
        /// The roles that may.
        needed: &'static str,
    },
    /// Delegations are looked after by those who may do that alone.
    #[error(
        "this needs somebody who looks after a tenant's delegations, or the operator; the caller \
         is {own} without that permission"
    )]
    Delegations {
        /// The caller's role.
        own: &'static str,
    },
    /// Something of another tenant, or that names one.
    #[error("the caller administers {own} alone")]
    OtherTenant {
        /// The caller's tenant.
        own: TenantId,
    },
}
