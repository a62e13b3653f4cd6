//! Why a token is not exchanged (RFC 8693, section 2.2.2).

use tenantguard::decision::{BindingError, Refusal};
use tenantguard::identity::TenantId;

use super::key::KeyError;

/// Why a token is not exchanged.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The subject token is not good.
    #[error("the subject token: {0}")]
    Token(Refusal),
    /// It is for the holder of another certificate.
    #[error("the subject token: {0}")]
    Binding(#[from] BindingError),
    /// It was revoked, or its session, principal, key or tenant was.
    #[error("the subject token is revoked")]
    Revoked,
    /// It was exchanged already: no delegation is passed on.
    #[error("the subject token is a delegation token, and no delegation is passed on")]
    Transitive,
    /// It is over at this moment.
    #[error("the subject token has expired")]
    Over,
    /// It says more than one thing about what it is for.
    #[error("the subject token is for another {0} than the one that is asked for")]
    Contradiction(&'static str),
    /// Neither a delegation nor a tenant is named.
    #[error("name the delegation by delegation_id, or the tenant by delegated_tenant_id")]
    Unnamed,
    /// The tenant's own data needs no delegation.
    #[error("the subject token is good for the data of {0} as it is")]
    Home(TenantId),
    /// No delegation lets it in.
    #[error("{0}")]
    Delegation(GrantError),
    /// The subject token is for several audiences, and none is asked for.
    #[error("the subject token is for several audiences: say for which, by audience")]
    Audiences,
    /// It is for other audiences.
    #[error("the subject token is not for the audience that is asked for")]
    Audience,
    /// Nothing that is asked for is both the bearer's and delegated.
    #[error("nothing that is asked for is what the bearer may do and what the delegation gives")]
    Scope,
    /// The new token cannot be signed.
    #[error("the token cannot be signed: {0}")]
    Key(#[from] KeyError),
}

/// Why no delegation lets a bearer in. What is between other tenants is as good as not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum GrantError {
    /// There is none.
    #[error("there is no such delegation to the bearer's tenant")]
    None,
    /// It names others.
    #[error("the delegation is for other principals")]
    Principal,
    /// It is for tokens of other audiences.
    #[error("the delegation is for another audience")]
    Audience,
    /// The delegator has not consented.
    #[error("the delegator has not consented to the delegation")]
    NotConsented,
    /// Its time has not come, or is over, or it is suspended, or revoked.
    #[error("the delegation is not live now")]
    NotLive,
    /// The tenant whose data it is may not act.
    #[error("the tenant whose data it is is suspended")]
    Delegator,
    /// Several would do.
    #[error("several delegations would do: name one by delegation_id")]
    Ambiguous,
}
