//! Grants between tenants: the one delegation by which a request may touch another tenant's data.
//!
//! It must be from the tenant whose data it is to the tenant that acts, live at this second, and name
//! the permission and the principal. It is never passed on to a third tenant: who acts is the
//! token's tenant, whatever somebody else has delegated to it.

use crate::artifact::{DelegationId, DelegationRow, Policy, TenantIndex};
use crate::permissions::PermissionId;
use crate::time::UnixTime;

/// A request for another tenant's data.
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
    NotLive(DelegationId),
    /// There is, but not for this permission or this principal.
    #[error("the delegation is for another permission or for another principal")]
    Scope(DelegationId),
    /// Several would do, and the token does not say which.
    #[error("several delegations would do, and the token names none")]
    Ambiguous,
    /// The token is for another tenant's data than the request.
    #[error("the token is for the data of another tenant")]
    AnotherTenant,
}

impl DelegationError {
    /// The delegation that it is about, if it is about one.
    #[must_use]
    pub fn delegation(self) -> Option<DelegationId> {
        match self {
            Self::NotLive(position) | Self::Scope(position) => Some(position),
            Self::None | Self::Ambiguous | Self::AnotherTenant => None,
        }
    }
}

impl Policy {
    /// The delegation by which a request may touch another tenant's data.
    ///
    /// # Errors
    /// [`DelegationError`] says why there is none; of several, the one that comes closest.
    pub fn delegation_for(
        &self,
        crossing: &Crossing<'_>,
    ) -> Result<DelegationRow<'_>, DelegationError> {
        let mut found: Option<DelegationRow<'_>> = None;
        let mut closest = DelegationError::None;
        let is_named =
            |row: &DelegationRow<'_>| crossing.named.is_none_or(|named| named == row.id());
        for row in self.delegations_between(crossing.from, crossing.to).filter(is_named) {
            match (crossing.check(&row), found) {
                (Ok(()), None) => found = Some(row),
                (Ok(()), Some(_)) => return Err(DelegationError::Ambiguous),
                (Err(error), _) => closest = closer(closest, error),
            }
        }
        found.ok_or(closest)
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
        if !row.permissions().contains(self.permission) || !row.names(self.principal) {
            return Err(DelegationError::Scope(row.position()));
        }
        match row.is_live_at(self.at) {
            true => Ok(()),
            false => Err(DelegationError::NotLive(row.position())),
        }
    }
}

/// The one that says more: a grant that is over comes closer than one for something else.
fn closer(one: DelegationError, other: DelegationError) -> DelegationError {
    match (one, other) {
        (DelegationError::None, _) | (DelegationError::Scope(_), DelegationError::NotLive(_)) => {
            other
        }
        _ => one,
    }
}
