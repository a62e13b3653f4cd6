//! A grant from one tenant to another as the feed carries it: what a proxy needs to decide, not
//! who agreed to it and where that is written.

use crate::identity::{PermissionName, PrincipalId, TenantId};

/// The most principals, and the most permissions, that one grant names.
pub(super) const LIST_LIMIT: usize = 256;

/// Who of the delegate may use a grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Delegate {
    /// Each of its principals.
    Any,
    /// These. At most 256 of them.
    Principals(Vec<PrincipalId>),
}

/// A grant, live or withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Delegation {
    /// Its id, spelled like a tenant's.
    pub id: TenantId,
    /// The delegator: whose data.
    pub from: TenantId,
    /// The delegate: who may act.
    pub to: TenantId,
    /// Which of its principals.
    pub principals: Delegate,
    /// For what. At most 256 of them.
    pub permissions: Vec<PermissionName>,
    /// From when on, in seconds since the epoch.
    pub not_before: u64,
    /// Until when, in seconds since the epoch.
    pub expires: u64,
    /// Whether it was withdrawn before that.
    pub is_withdrawn: bool,
}
