//! What the state is asked about somebody.

use tenantguard::control::Handle;
use tenantguard::gate::{Handles, Identity};
use tenantguard::identity::TenantId;

use crate::state::Subject;

/// The bearer of a token, by everything that names the token.
#[must_use]
pub fn bearer(identity: &Identity) -> Subject {
    let Handles { token, session, principal, tenant, key } = identity.handles();
    Subject {
        token,
        session,
        principal: Some(principal),
        tenant: Some(tenant),
        key,
        issued_at: identity.issued.as_secs(),
        skew: identity.skew.as_secs(),
    }
}

/// A tenant as such. It has no token that could have been issued before a cut-off, so only what
/// blocks it counts.
#[must_use]
pub fn tenant(tenant: &TenantId) -> Subject {
    let target = Handle::Tenant(tenant).target();
    Subject {
        token: target.clone(),
        session: None,
        principal: None,
        tenant: Some(target),
        key: None,
        issued_at: u64::MAX,
        skew: 0,
    }
}
