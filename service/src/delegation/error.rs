//! Why a delegation is not made, or not changed.

use tenantguard::control::{LIST_LIMIT, LabelError};
use tenantguard::identity::{PermissionName, TenantId};
use tenantguard::time::UnixTime;

use crate::state::ControlError;

/// Why terms cannot be granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TermsError {
    /// From a tenant to itself.
    #[error("{0} needs no delegation for its own data: from and to are the same tenant")]
    Itself(TenantId),
    /// Neither the policy nor the directory has the tenant.
    #[error("there is no tenant {0}, neither in the policy nor in the directory")]
    Tenant(TenantId),
    /// The policy does not declare the permission.
    #[error("the policy has no permission {0}")]
    Permission(PermissionName),
    /// Nobody in the delegator may do it.
    #[error("nobody in {from} may use {permission}, so {from} cannot let others use it")]
    Ceiling {
        /// The delegator.
        from: TenantId,
        /// What it would give.
        permission: PermissionName,
    },
    /// A list that must name something is empty.
    #[error("{0} names nothing")]
    Empty(&'static str),
    /// A list is too long.
    #[error("{0} has more than {LIST_LIMIT} items")]
    TooMany(&'static str),
    /// It would be over already.
    #[error("it would expire at {0}, which is past")]
    Over(UnixTime),
    /// It would end before it begins.
    #[error("it would expire at {expires}, not after it begins at {not_before}")]
    Never {
        /// When it begins.
        not_before: UnixTime,
        /// When it ends.
        expires: UnixTime,
    },
    /// It would last too long.
    #[error(
        "it would last {lasts} s, from not_before to expires, and the service's limit is {limit} s"
    )]
    TooLong {
        /// How long.
        lasts: u64,
        /// How long it may.
        limit: u64,
    },
}

/// Why a delegation is not made, or not changed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DelegationError {
    /// Its terms.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// Another one has the id.
    #[error("there is another delegation {0} already")]
    Taken(TenantId),
    /// There is no such one, or the caller has nothing to do with it.
    #[error("there is no delegation {0}")]
    Unknown(TenantId),
    /// It is between two other tenants.
    #[error("the caller looks after the delegations of {own} alone")]
    Outside {
        /// The caller's tenant.
        own: TenantId,
    },
    /// That is for the delegator alone.
    #[error("only who looks after the delegations of {from}, whose data it is, may {verb} it")]
    DelegatorOnly {
        /// The delegator.
        from: TenantId,
        /// What was asked.
        verb: &'static str,
    },
    /// Neither the delegator nor the operator asks.
    #[error("only who looks after the delegations of {from}, and the operator, may {verb} it")]
    NotTheDelegate {
        /// The delegator.
        from: TenantId,
        /// What was asked.
        verb: &'static str,
    },
    /// It has not come so far, or is past it.
    #[error("the delegation {id} is {stage}: nobody can {verb} it")]
    Stage {
        /// Which one.
        id: TenantId,
        /// How far it has come.
        stage: &'static str,
        /// What was asked.
        verb: &'static str,
    },
    /// Its time is over.
    #[error("the delegation {0} has expired")]
    Expired(TenantId),
    /// The terms are not those that the caller has seen.
    #[error("the terms of the delegation {0} are others by now: look at them again")]
    Changed(TenantId),
    /// The caller has a name that no record can have.
    #[error("the caller's name {0}")]
    Name(LabelError),
    /// The system gives no random bytes.
    #[error("the system gave no random bytes: {0}")]
    Random(getrandom::Error),
    /// The change itself.
    #[error(transparent)]
    Control(#[from] ControlError),
}
