//! Everything that a revocation could name one token by.

use super::handle::{Handle, Target, TokenName};
use crate::identity::{PrincipalId, TenantId};
use crate::token::Claims;
use crate::trust::Issuer;

/// Everything that a revocation could name a token by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handles {
    /// The token itself.
    pub token: Target,
    /// Its session, if it has one.
    pub session: Option<Target>,
    /// Its principal.
    pub principal: Target,
    /// Its tenant.
    pub tenant: Target,
    /// The key that signed it, if it names one.
    pub key: Option<Target>,
}

impl Handles {
    /// Of a token of this issuer, tenant and principal, by its claims and its text.
    #[must_use]
    pub fn of(
        issuer: &Issuer,
        tenant: &TenantId,
        principal: &PrincipalId,
        claims: &Claims,
        text: &str,
    ) -> Self {
        let issuer = &*issuer.url;
        let name = TokenName::of(claims.id.as_deref(), text);
        let (namespace, subject) = (principal.namespace(), principal.subject());
        // A delegation token lives in the session of the token that it was given for.
        let opened_by = claims.vouched_by.as_deref().unwrap_or(issuer);
        let session = claims.session.as_deref();
        Self {
            token: Handle::Token { issuer, tenant, name }.target(),
            session: session.map(|sid| Handle::Session { issuer: opened_by, tenant, sid }.target()),
            principal: Handle::Principal { tenant, namespace, subject }.target(),
            tenant: Handle::Tenant(tenant).target(),
            key: claims.key.as_deref().map(|kid| Handle::Key { issuer, kid }.target()),
        }
    }
}
