//! What can be asked of the state, and what is answered.

use tenantguard::control::{Delegation, HandleKind, Position, Target, TenantEntry};

/// One change. Each is idempotent: asked for twice, it is done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Refuse a target. A token, a session or a key is refused as such; a principal or a tenant is
    /// cut off at this moment, so that whoever signs in anew is let in again (block them with
    /// [`Change::Suspend`]).
    Revoke {
        /// What.
        target: Target,
        /// The token's own `exp` in seconds, if it was read from the token itself. Without it, the
        /// revocation is kept until every token that it can concern has expired.
        expiry: Option<u64>,
    },
    /// Refuse a token, a session or a key until a moment that the caller knows to be past the `exp`
    /// of every token that it concerns. It is no `exp` itself: copies do not file by it.
    RevokeUntil {
        /// What.
        target: Target,
        /// In seconds since the epoch.
        until: u64,
    },
    /// Refuse what was issued until `at` (seconds since the epoch).
    CutOff {
        /// Whose tokens.
        target: Target,
        /// Until when issued. A cut-off never moves back.
        at: u64,
    },
    /// Take back a revocation, a cut-off and a suspension of a target: an explicit tombstone.
    Restore(Target),
    /// Block a principal or a tenant until it is restored.
    Suspend(Target),
    /// Write a tenant into the directory.
    Tenant(TenantEntry),
    /// Write a delegation.
    Delegation(Box<Delegation>),
}

/// Where a change is safe, once it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// In the store that it belongs in.
    Store,
    /// In the local journal only: Redis does not answer. It is in the feed of this process, and
    /// goes to Redis as soon as that is back.
    Journal,
}

/// The answer to changes that are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// A copy at this position, or past it, has all of them.
    pub position: Position,
    /// How many changed something.
    pub changed: usize,
    /// How many were so already.
    pub unchanged: usize,
    /// Where they are safe.
    pub safety: Safety,
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// By which of its handles.
    pub handle: HandleKind,
    /// How.
    pub cause: Cause,
}

/// How a handle is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It is revoked.
    Revoked,
    /// The token was issued at or before a cut-off.
    CutOff,
    /// It is suspended.
    Suspended,
}

/// A token as the state is asked about it. Handles that the token does not have are `None`.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The token.
    pub token: Target,
    /// Its session.
    pub session: Option<Target>,
    /// Its principal.
    pub principal: Option<Target>,
    /// Its tenant.
    pub tenant: Option<Target>,
    /// The key that signed it.
    pub key: Option<Target>,
    /// Its `iat` in seconds.
    pub issued_at: u64,
    /// Its issuer's skew in seconds.
    pub skew: u64,
}
