//! Why requests are refused, as errors, and the one place where each gets its reason.

use super::Reason;
use crate::control::HandleKind;
use crate::credential::CredentialError;
use crate::delegation::DelegationError;
use crate::identity::{NameError, PermissionName, TenantId};
use crate::limits::LimitError;
use crate::replica::Revoked;
use crate::request::RequestError;
use crate::token::{ClaimsError, SignatureError, TokenError};

/// Why the tenant, the principal or the roles of a valid token are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TenantError {
    /// No tenant claim.
    #[error("the claim tenant_id is missing")]
    Missing,
    /// A tenant claim that cannot be a tenant.
    #[error("the claim tenant_id {0}")]
    Malformed(NameError),
    /// The issuer may not speak for it.
    #[error("the issuer may not speak for the tenant {0}")]
    NotAsserted(TenantId),
    /// Not in the directory.
    #[error("the tenant {0} is not in the directory")]
    Unknown(TenantId),
    /// A role that the issuer may not give.
    #[error("the issuer may not give the role {0:?}")]
    Role(String),
    /// A delegation token whose `act.iss` names no issuer of people.
    #[error("act.iss of the delegation token names no issuer that the policy knows for principals")]
    Actor,
}

/// Why a token is not the client's that shows it (RFC 8705, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindingError {
    /// The client shows no certificate.
    #[error("the token needs a client certificate, and there is none")]
    NoCertificate,
    /// It shows another one.
    #[error("the client's certificate is another than the one that the token is bound to")]
    Another,
    /// The issuer's tokens must be bound, and this one is not.
    #[error("the token is not bound to a certificate, as its issuer's must be")]
    NotBound,
    /// The certificate is not one of those that are pinned for the issuer.
    #[error("the client's certificate is not one of those pinned for the issuer")]
    NotPinned,
}

/// Why a request may not do what it asks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The roles do not give it.
    #[error("no role of the principal gives {0} in its tenant")]
    Permission(PermissionName),
    /// There is no scope claim where one is required.
    #[error("the claim scope is missing, and {0} is needed")]
    NoScope(PermissionName),
    /// The scopes do not give it.
    #[error("the token's scope does not give {0}")]
    Scope(PermissionName),
    /// The data is another tenant's.
    #[error("{acting} asks for the data of {resource:?}: {why}")]
    Delegation {
        /// The acting tenant.
        acting: TenantId,
        /// Whose data the request names, as the request spells it.
        resource: String,
        /// Why nothing lets it.
        why: DelegationError,
    },
}

/// Why nobody can say whether a token is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StaleError {
    /// The first snapshot has not come in time.
    #[error("there is no copy of the control state yet")]
    NoCopy,
    /// The copy is stale, and the route does not go by a stale one, or no longer.
    #[error("the copy of the control state is too old for this route")]
    TooOld,
    /// The control service was to be asked, and has not answered, or with something of no use.
    #[error("the control service has given no answer that can be relied on")]
    NoAnswer,
    /// The copy is stale, and the answer of the control service is about the token alone.
    #[error("the copy of the control state is too old to know whether the delegation still holds")]
    Delegation,
}

/// Why a request is refused. Its text is for the audit record, never for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It has no shape.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// It is too large.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The client left while the decision was waiting.
    #[error("the client left while the decision was waiting")]
    Abandoned,
    /// The policy has no route for it.
    #[error("the policy has no route for this path")]
    Route,
    /// The route does not have the method.
    #[error("the route does not have this method")]
    Method,
    /// There is no one credential.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The token has no shape.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The token names no issuer.
    #[error("the claim iss is missing or no string")]
    NoIssuer,
    /// The issuer is not one of ours.
    #[error("the issuer {0:?} is not known")]
    Issuer(String),
    /// The issuer's keys could not be had in time.
    #[error("the issuer's keys could not be had in time")]
    KeysUnavailable,
    /// Nobody has confirmed the issuer's keys for too long.
    #[error("the issuer's keys have not been confirmed for too long")]
    KeysStale,
    /// The signature is not the issuer's.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The token is not valid now, for us.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// The client's certificate is not the one that is asked for.
    #[error(transparent)]
    Binding(#[from] BindingError),
    /// `sub` cannot be a principal.
    #[error("the principal {0}")]
    Subject(NameError),
    /// Tenant or role.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// Revoked, cut off or suspended.
    #[error(transparent)]
    Revoked(#[from] Revoked),
    /// The tenant whose data it is may not act either.
    #[error("of the tenant whose data it is: {0}")]
    Delegator(Revoked),
    /// Nobody can say whether it is.
    #[error(transparent)]
    Stale(#[from] StaleError),
    /// Permission, scope or delegation.
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl Refusal {
    /// The reason: the one place where an error gets its code.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Request(_) | Self::Limit(LimitError::ContentLength) => Reason::RequestMalformed,
            Self::Limit(LimitError::Path { .. }) => Reason::RequestPath,
            Self::Limit(LimitError::Body { .. }) => Reason::RequestBody,
            Self::Limit(LimitError::Headers { .. } | LimitError::HeaderBytes { .. }) => {
                Reason::RequestHeaders
            }
            Self::Abandoned => Reason::Abandoned,
            Self::Route => Reason::RouteUnknown,
            Self::Method => Reason::RouteMethod,
            Self::Credential(CredentialError::Missing) => Reason::TokenMissing,
            Self::Credential(CredentialError::Several) => Reason::TokenSeveral,
            Self::Credential(CredentialError::Malformed) => Reason::TokenMalformed,
            Self::Token(error) => token_reason(error),
            Self::NoIssuer | Self::Issuer(_) => Reason::IssuerUnknown,
            Self::KeysUnavailable | Self::KeysStale => Reason::KeysStale,
            Self::Signature(error) => match error {
                SignatureError::Algorithm(_) => Reason::TokenAlgorithm,
                SignatureError::UnknownKey(_) | SignatureError::NoKeyNamed(_) => Reason::TokenKey,
                SignatureError::Mismatch => Reason::TokenSignature,
            },
            Self::Claims(error) => claims_reason(error),
            Self::Binding(_) => Reason::TokenBinding,
            Self::Subject(_) => Reason::TokenClaims,
            Self::Tenant(error) => match error {
                TenantError::Missing | TenantError::Malformed(_) => Reason::TenantClaim,
                TenantError::NotAsserted(_) => Reason::IssuerTenant,
                TenantError::Unknown(_) => Reason::TenantUnknown,
                TenantError::Role(_) => Reason::IssuerRole,
                TenantError::Actor => Reason::TokenClaims,
            },
            Self::Revoked(revoked) | Self::Delegator(revoked) => revoked_reason(*revoked),
            Self::Stale(_) => Reason::ReplicaStale,
            Self::Access(error) => match error {
                AccessError::Permission(_) => Reason::PermissionMissing,
                AccessError::NoScope(_) | AccessError::Scope(_) => Reason::ScopeMissing,
                AccessError::Delegation { why, .. } => delegation_reason(*why),
            },
        }
    }
}

fn delegation_reason(why: DelegationError) -> Reason {
    match why {
        DelegationError::None | DelegationError::NotConsented | DelegationError::AnotherTenant => {
            Reason::DelegationNone
        }
        DelegationError::NotLive | DelegationError::Suspended | DelegationError::Revoked => {
            Reason::DelegationExpired
        }
        DelegationError::Scope | DelegationError::Audience | DelegationError::Ceiling => {
            Reason::DelegationScope
        }
        DelegationError::Ambiguous => Reason::DelegationAmbiguous,
        DelegationError::TokenNeeded | DelegationError::TokenLifetime { .. } => {
            Reason::DelegationToken
        }
    }
}

fn revoked_reason(revoked: Revoked) -> Reason {
    let by_handle = |kind| match kind {
        HandleKind::Token => Reason::RevokedToken,
        HandleKind::Session => Reason::RevokedSession,
        HandleKind::Principal => Reason::RevokedPrincipal,
        HandleKind::Tenant => Reason::RevokedTenant,
        HandleKind::Key => Reason::RevokedKey,
    };
    match revoked {
        Revoked::Handle(kind) | Revoked::CutOff(kind) => by_handle(kind),
        Revoked::Suspended(HandleKind::Principal) => Reason::PrincipalBlocked,
        Revoked::Suspended(HandleKind::Tenant) | Revoked::Tenant(_) => Reason::TenantSuspended,
        Revoked::Suspended(kind) => by_handle(kind),
    }
}

fn token_reason(error: &TokenError) -> Reason {
    match error {
        TokenError::TooLong
        | TokenError::Parts { .. }
        | TokenError::Encoding(_)
        | TokenError::Json { .. }
        | TokenError::FieldType(_) => Reason::TokenMalformed,
        TokenError::Encrypted => Reason::TokenEncrypted,
        TokenError::Algorithm(_) => Reason::TokenAlgorithm,
        TokenError::Critical => Reason::TokenCritical,
        TokenError::UnencodedPayload => Reason::TokenUnencoded,
        TokenError::Compressed => Reason::TokenCompressed,
        TokenError::EmbeddedKey(_) => Reason::TokenEmbeddedKey,
    }
}

fn claims_reason(error: &ClaimsError) -> Reason {
    match error {
        ClaimsError::Missing(_)
        | ClaimsError::WrongType { .. }
        | ClaimsError::Required(_)
        | ClaimsError::Email(_) => Reason::TokenClaims,
        ClaimsError::Confirmation => Reason::TokenBinding,
        ClaimsError::Type(_) | ClaimsError::NoType => Reason::TokenType,
        ClaimsError::Expired(_) => Reason::TokenExpired,
        ClaimsError::NotYetValid(_) => Reason::TokenNotYetValid,
        ClaimsError::Lifetime { .. } => Reason::TokenLifetime,
        ClaimsError::Audience => Reason::TokenAudience,
    }
}
