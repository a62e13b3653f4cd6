//! Streams that outlive their decision: whether what let them in still holds.

use std::sync::Arc;

use super::bearer::Bearer;
use super::pipeline::TenantGrant;
use super::{Gate, Permit};
use crate::decision::{AccessError, Reason, Refusal};
use crate::delegation::{DelegationError, Grant, Wanted};
use crate::time::{Now, UnixTime};
use crate::token::ClaimsError;

/// A permit that is over while its stream is open.
#[derive(Debug, Clone)]
pub struct Ended {
    refusal: Refusal,
    at: UnixTime,
}

impl Ended {
    /// The reason, as a new request would be refused with it.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.refusal.reason()
    }

    /// Why in detail. For the audit record only.
    #[must_use]
    pub fn detail(&self) -> String {
        self.refusal.to_string()
    }

    /// When it was found out.
    #[must_use]
    pub fn at(&self) -> UnixTime {
        self.at
    }
}

impl Gate {
    /// Whether a permit still holds: its token is neither expired nor refused by the copy, and the
    /// delegation by which it reaches another tenant's data is live. `None` as long as it does.
    ///
    /// Nobody is asked, and a stale copy ends nothing: what it does not know yet it will.
    #[must_use]
    pub fn still_stands(&self, permit: &Permit, now: Now) -> Option<Ended> {
        let refusal = self.holds(permit.grant()?, now).err()?;
        Some(Ended { refusal, at: now.wall })
    }

    fn holds(&self, granted: &TenantGrant, now: Now) -> Result<(), Refusal> {
        let bearer: &Bearer = &granted.bearer;
        if !bearer.is_valid_at(now.wall) {
            return Err(ClaimsError::Expired(bearer.ends()).into());
        }
        if let Some(control) = &self.control {
            bearer.stands(&control.look(now.monotonic), now)?;
            control.check_tenant(&granted.resource.id).map_err(Refusal::Delegator)?;
        }
        granted.delegation.as_ref().map_or(Ok(()), |it| self.is_live(&it.grant, granted, now))
    }

    /// Whether a grant that was used still lets the bearer do what it did.
    fn is_live(&self, grant: &Grant, granted: &TenantGrant, now: Now) -> Result<(), Refusal> {
        let (home, resource) = (&granted.bearer.home, &granted.resource);
        let wanted = Wanted {
            principal: granted.bearer.principal.as_str(),
            permission: granted.permission,
            named: Some(grant.id(&self.policy)),
            audiences: Some(&granted.bearer.audiences),
            at: now.wall,
        };
        let (delegate, living) = match (grant, &self.control) {
            (Grant::Living(_), Some(control)) => {
                (None, control.delegations(&resource.id, &home.id))
            }
            (Grant::Living(delegation), None) => (None, vec![Arc::clone(delegation)]),
            (Grant::Static(_), _) => (home.index, Vec::new()),
        };
        let found = self.policy.grant_for((resource.index, delegate), &living, &wanted);
        found.map(drop).map_err(|(why, _): (DelegationError, _)| {
            let (acting, resource) = (home.id.clone(), resource.id.to_string());
            AccessError::Delegation { acting, resource, why }.into()
        })
    }
}
