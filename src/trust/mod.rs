//! Issuers: who may assert which tenants and roles, by which keys, for how long.
//!
//! Federation is by allowlist. An issuer is found by its exact `iss`, never by trying keys, and
//! speaks only for the tenants and in the roles that the policy names for it.

mod claim_map;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use self::claim_map::normalize_email;
pub use self::claim_map::{
    ClaimMap, ClaimPath, ClaimPathError, PrincipalSource, RoleSource, TenantSource,
};
use crate::identity::{Namespace, RoleName, TenantId};
use crate::token::{Algorithm, KeySet};

/// How far an issuer's clock may be off at most: no policy allows more.
pub const SKEW_LIMIT: Duration = Duration::from_secs(600);

/// An issuer of one policy, by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssuerId(pub u32);

/// What an issuer may assert of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asserts<T: Ord> {
    /// Any that the policy knows.
    Any,
    /// These and no others.
    Only(BTreeSet<T>),
}

impl<T: Ord> Asserts<T> {
    /// Whether the issuer may assert it.
    #[must_use]
    pub fn allows(&self, value: &T) -> bool {
        match self {
            Self::Any => true,
            Self::Only(values) => values.contains(value),
        }
    }

    /// Whether there is no list to keep to.
    #[must_use]
    pub fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }
}

/// Where an issuer's public keys are.
#[derive(Debug, Serialize, Deserialize)]
pub enum IssuerKeys {
    /// In the policy.
    Inline(KeySet),
    /// At an endpoint.
    Remote(RemoteKeys),
}

/// An endpoint for public keys, and how long its answers hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteKeys {
    /// The proxy's cluster.
    pub cluster: Box<str>,
    /// The `Host` that is asked.
    pub host: Box<str>,
    /// The path, with query if there is one.
    pub path: Box<str>,
    /// How often the keys are fetched.
    pub refresh: Duration,
    /// How long keys may be used after they were last confirmed.
    pub max_stale: Duration,
}

/// Where a principal's permissions come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Authority {
    /// What both the roles and the scopes give: the default.
    RolesAndScopes,
    /// The roles alone: people without useful scopes.
    Roles,
    /// The scopes alone: machine clients without roles.
    Scopes,
}

/// The `typ` that an issuer's tokens must have (RFC 8725, section 3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenType {
    /// `JWT`, `at+jwt` (with or without `application/`), or none.
    Any,
    /// `JWT`.
    Jwt,
    /// `at+jwt` (RFC 9068, section 4).
    AccessToken,
}

/// What a role outside the issuer's list does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum UnlistedRoles {
    /// It refuses the token.
    #[default]
    Refuse,
    /// It gives nothing.
    Ignore,
}

/// The SHA-256 digest of a certificate in DER.
pub type CertificateDigest = [u8; 32];

/// What an issuer asks of the certificate that the client shows. A token that is bound to a
/// certificate by itself (`cnf.x5t#S256`, RFC 8705, section 3.1) is always held to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ClientCertificate {
    /// Nothing of its own.
    #[default]
    AsBound,
    /// Every token must be bound.
    Bound,
    /// The client must show one of these.
    Pinned(Vec<CertificateDigest>),
}

/// A party that signs tokens, and the limits of its word.
#[derive(Debug, Serialize, Deserialize)]
pub struct Issuer {
    /// The exact `iss`.
    pub url: Box<str>,
    /// Where its subjects are unique.
    pub namespace: Namespace,
    /// Its public keys.
    pub keys: IssuerKeys,
    /// The algorithms that it may sign with.
    pub algorithms: Vec<Algorithm>,
    /// Its tokens are for one of these; compared byte for byte.
    pub audiences: Vec<Box<str>>,
    /// The tenants that it may speak for.
    pub tenants: Asserts<TenantId>,
    /// The roles that it may give.
    pub roles: Asserts<RoleName>,
    /// What a role that it may not give does to a token.
    pub unlisted_roles: UnlistedRoles,
    /// How its claims map to ours.
    pub claims: ClaimMap,
    /// What it asks of the client's certificate.
    pub client_certificate: ClientCertificate,
    /// The longest `exp - iat`.
    pub max_lifetime: Duration,
    /// How far its clock may be off.
    pub skew: Duration,
    /// Where permissions come from.
    pub authority: Authority,
    /// The `typ` of its tokens.
    pub token_type: TokenType,
    /// Whether its tokens are delegation tokens (RFC 8693): good for one other tenant's data under
    /// one delegation, and nothing else. Each speaks for a principal of the issuer that it names in
    /// `act.iss`, in a tenant and in roles that both may assert.
    pub delegation_tokens: bool,
}
