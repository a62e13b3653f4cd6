//! Grants between tenants: the one delegation by which a request may touch another tenant's data.
//!
//! It must be from the tenant whose data it is to the tenant that acts, live at this second, and name
//! the permission and the principal. It is never passed on to a third tenant: who acts is the
//! token's tenant, whatever somebody else has delegated to it.

use std::sync::Arc;

use crate::artifact::{DelegationId, DelegationRow, Policy, TenantIndex};
use crate::control::{Delegate, Delegation};
use crate::permissions::PermissionId;
use crate::time::UnixTime;

/// What lets a tenant at another's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// A delegation that stands in the policy.
    Static(DelegationId),
    /// One that the control service brought.
    Living(Arc<Delegation>),
}

impl Grant {
    /// Its id.
    #[must_use]
    pub fn id<'a>(&'a self, policy: &'a Policy) -> &'a str {
        match self {
            Self::Static(position) => policy.delegation(*position).map_or("", |row| row.id()),
            Self::Living(delegation) => delegation.id.as_str(),
        }
    }
}

/// A request for another tenant's data, as a policy alone can answer it.
#[derive(Debug, Clone, Copy)]
pub struct Crossing<'a> {
    /// Whose data.
    pub from: TenantIndex,
    /// Who acts.
    pub to: TenantIndex,
    /// Who of the acting tenant, `namespace/subject`.
    pub principal: &'a str,
    /// What the route needs.
    pub permission: PermissionId,
    /// The delegation that the token names, if it names one: then it is that one or none.
    pub named: Option<&'a str>,
    /// When.
    pub at: UnixTime,
}

/// Why no delegation lets a request through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DelegationError {
    /// There is none, or not the one that the token names.
    #[error("there is no delegation between them, or not the one that the token names")]
    None,
    /// There is, but not at this time.
    #[error("the delegation is not live at this time")]
    NotLive,
    /// There was, and it was withdrawn.
    #[error("the delegation was withdrawn")]
    Withdrawn,
    /// There is, but not for this permission or this principal.
    #[error("the delegation is for another permission or for another principal")]
    Scope,
    /// Several would do, and the token does not say which.
    #[error("several delegations would do, and the token names none")]
    Ambiguous,
    /// The token is for another tenant's data than the request.
    #[error("the token is for the data of another tenant")]
    AnotherTenant,
}

/// Why no delegation lets a request through, and the one that comes closest, if one does.
pub(crate) type Ungranted = (DelegationError, Option<Grant>);

impl Policy {
    /// The delegation by which a request may touch another tenant's data: one of the policy's, or
    /// one of `living`, which are between the same two tenants. Tenants that the policy does not
    /// know have none of its own.
    pub(crate) fn grant_for(
        &self,
        between: Option<(TenantIndex, TenantIndex)>,
        living: &[Arc<Delegation>],
        wanted: &Wanted<'_>,
    ) -> Result<Grant, Ungranted> {
        let own = between.into_iter().flat_map(|(from, to)| self.delegations_between(from, to));
        let own = own.filter(|row| wanted.may_be(row.id()));
        let own = own.map(|row| (wanted.check(&row), Grant::Static(row.position())));
        let living = living.iter().filter(|one| wanted.may_be(one.id.as_str()));
        let living =
            living.map(|one| (wanted.check_living(self, one), Grant::Living(Arc::clone(one))));
        let mut found: Option<Grant> = None;
        let mut closest: Ungranted = (DelegationError::None, None);
        for (checked, grant) in own.chain(living) {
            match (checked, &found) {
                (Ok(()), None) => found = Some(grant),
                (Ok(()), Some(_)) => return Err((DelegationError::Ambiguous, None)),
                (Err(error), _) if error.nearness() > closest.0.nearness() => {
                    closest = (error, Some(grant));
                }
                (Err(_), _) => {}
            }
        }
        found.ok_or(closest)
    }
}

/// What is wanted of a delegation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// Who acts, `namespace/subject`.
    pub(crate) principal: &'a str,
    /// What the route needs.
    pub(crate) permission: PermissionId,
    /// The delegation that the token names, if it names one: then it is that one or none.
    pub(crate) named: Option<&'a str>,
    /// When.
    pub(crate) at: UnixTime,
}

impl Wanted<'_> {
    fn may_be(&self, id: &str) -> bool {
        self.named.is_none_or(|named| named == id)
    }

    fn check(&self, row: &DelegationRow<'_>) -> Result<(), DelegationError> {
        if !row.permissions().contains(self.permission) || !row.names(self.principal) {
            return Err(DelegationError::Scope);
        }
        row.is_live_at(self.at).then_some(()).ok_or(DelegationError::NotLive)
    }

    fn check_living(&self, policy: &Policy, one: &Delegation) -> Result<(), DelegationError> {
        let names_permission = policy
            .permission(self.permission)
            .is_some_and(|needed| one.permissions.iter().any(|own| own.as_str() == needed));
        let names_principal = match &one.principals {
            Delegate::Any => true,
            Delegate::Principals(these) => these.iter().any(|it| it.as_str() == self.principal),
        };
        if !names_permission || !names_principal {
            return Err(DelegationError::Scope);
        }
        if one.is_withdrawn {
            return Err(DelegationError::Withdrawn);
        }
        let now = self.at.as_secs();
        let is_live = one.not_before <= now && now < one.expires;
        is_live.then_some(()).ok_or(DelegationError::NotLive)
    }
}

impl DelegationError {
    /// A grant that is over comes closer than one for something else.
    fn nearness(self) -> u8 {
        match self {
            Self::NotLive | Self::Withdrawn => 2,
            Self::Scope => 1,
            Self::None | Self::Ambiguous | Self::AnotherTenant => 0,
        }
    }
}

impl Policy {
    /// The delegations that would do: a request gets through that names one of them, or has no other
    /// to name.
    pub fn delegations_that_cover<'p>(
        &'p self,
        crossing: &'p Crossing<'_>,
    ) -> impl Iterator<Item = DelegationRow<'p>> {
        let between = self.delegations_between(crossing.from, crossing.to);
        between.filter(|row| crossing.check(row).is_ok())
    }
}

impl Crossing<'_> {
    fn check(&self, row: &DelegationRow<'_>) -> Result<(), DelegationError> {
        let Self { principal, permission, named, at, .. } = *self;
        Wanted { principal, permission, named, at }.check(row)
    }
}
