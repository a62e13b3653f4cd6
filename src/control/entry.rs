//! The entries of the feed. Each one says what is, not what changes, so that applying it twice is
//! the same as once, and the last word on a target counts.

use super::delegation::Delegation;
use super::handle::Target;
use crate::artifact::Isolation;
use crate::identity::{CellName, TenantId};
use crate::time::UnixTime;
use crate::trust::SKEW_LIMIT;

/// How long an entry is kept. Seconds since the epoch, as a token's `exp` counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Keep {
    /// The revoked token's own `exp`: a copy may file the entry under it, and look for a token only
    /// where its `exp` leads. Never a guess.
    Expiry(u64),
    /// Until all tokens that it can concern have expired: revoked-at, the longest lifetime and the
    /// skew. It says nothing about when one of them does.
    Until(u64),
    /// Until it is taken back.
    Forever,
}

impl Keep {
    /// Whether the entry means nothing any more.
    #[must_use]
    pub const fn is_over(self, now: UnixTime) -> bool {
        match self {
            // A token is good for its issuer's skew past its `exp`.
            Self::Expiry(at) => at.saturating_add(SKEW_LIMIT.as_secs()) <= now.as_secs(),
            Self::Until(at) => at <= now.as_secs(),
            Self::Forever => false,
        }
    }
}

/// A target is refused, or is so no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// What.
    pub target: Target,
    /// For how long this is remembered.
    pub keep: Keep,
}

/// What was issued until a moment is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutOff {
    /// Whose tokens: a tenant's, a principal's, a session's or a key's.
    pub target: Target,
    /// Refused are tokens with `iat` ≤ this + the issuer's skew. Seconds since the epoch.
    pub at: u64,
    /// For how long this is remembered.
    pub keep: Keep,
}

/// A principal or a tenant is blocked, whatever its tokens, until this is lifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Who.
    pub target: Target,
    /// Whether it is blocked; `false` lifts the suspension.
    pub is_on: bool,
    /// For how long this is remembered.
    pub keep: Keep,
}

/// Whether a tenant may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TenantStatus {
    /// It may.
    Active = 1,
    /// It may not for now.
    Suspended = 2,
    /// It is gone. The name stays known as deleted.
    Deleted = 3,
}

impl TenantStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Suspended, Self::Deleted];

    /// The word that names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }
}

/// A tenant of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantEntry {
    /// Its name.
    pub id: TenantId,
    /// Its class.
    pub isolation: Isolation,
    /// The cell that serves it, where it is not the default one.
    pub cell: Option<CellName>,
    /// Whether it may act.
    pub status: TenantStatus,
}

/// One entry of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A target is refused.
    Revoked(Revocation),
    /// A target is no longer refused, nor cut off: the explicit tombstone of a revocation.
    Restored(Revocation),
    /// What was issued until a moment is refused.
    CutOff(CutOff),
    /// A grant from one tenant to another, or its end.
    Delegation(Box<Delegation>),
    /// A principal or a tenant is blocked, or is so no longer.
    Suspension(Suspension),
    /// A tenant as the directory has it.
    Tenant(TenantEntry),
}
