//! Grants between tenants: the one delegation by which a request may touch another tenant's data.
//!
//! It must be from the tenant whose data it is to the tenant that acts, live at this second, and name
//! the permission and the principal. It is never passed on to a third tenant: who acts is the
//! token's tenant, whatever somebody else has delegated to it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::artifact::{DelegationId, DelegationRow, Policy, TenantIndex};
use crate::control::{Delegate, Delegation, DelegationStage, Label};
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
    /// The delegator's consent, as it is written down; empty if nobody says where.
    #[must_use]
    pub fn consent_reference<'a>(&'a self, policy: &'a Policy) -> &'a str {
        match self {
            Self::Static(position) => {
                policy.delegation(*position).map_or("", |row| row.consent_reference())
            }
            Self::Living(delegation) => {
                let consent = delegation.stage.consent();
                let reference = consent.and_then(|consent| consent.reference.as_ref());
                reference.map_or("", Label::as_str)
            }
        }
    }

    /// Who is billed for what is done under it.
    #[must_use]
    pub fn bill(&self, policy: &Policy) -> Bill {
        match self {
            Self::Static(position) => {
                policy.delegation(*position).map(|row| row.bill()).unwrap_or_default()
            }
            Self::Living(_) => policy.cross_tenant().bill,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id<'a>(&'a self, policy: &'a Policy) -> &'a str {
        match self {
            Self::Static(position) => policy.delegation(*position).map_or("", |row| row.id()),
            Self::Living(delegation) => delegation.id.as_str(),
        }
    }
}

/// What a policy asks of every request for another tenant's data, and who pays for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossTenantRules {
    /// Whether it takes a delegation token: one from an issuer that
    /// [makes them](crate::trust::Issuer::delegation_tokens).
    pub require_token: bool,
    /// The longest `exp - iat` of a token, whichever its issuer; none for the issuer's own.
    pub max_lifetime: Option<Duration>,
    /// Who is billed, where the delegation does not say it.
    pub bill: Bill,
}

/// Who is billed for a request under a delegation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Bill {
    /// The tenant that acts.
    #[default]
    Delegate,
    /// The tenant whose data it is.
    Delegator,
}

impl Bill {
    /// As the policy spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delegate => "delegate",
            Self::Delegator => "delegator",
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
    /// Whom the token is for; `None` where there is no token: then it may be for anybody.
    pub audiences: Option<&'a [Box<str>]>,
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
    /// One is proposed, and the delegator has not agreed.
    #[error("the delegation is proposed, and the delegator has not consented to it")]
    NotConsented,
    /// There is, but not at this time.
    #[error("the delegation is not live at this time")]
    NotLive,
    /// It is held up for now.
    #[error("the delegation is suspended")]
    Suspended,
    /// There was, and it was revoked.
    #[error("the delegation is revoked")]
    Revoked,
    /// There is, but not for this permission or this principal.
    #[error("the delegation is for another permission or for another principal")]
    Scope,
    /// There is, but not for tokens of this audience.
    #[error("the delegation is for tokens of another audience")]
    Audience,
    /// The delegator gives what nobody in it may do.
    #[error("nobody in the delegator may do this, so it has no right to give")]
    Ceiling,
    /// Several would do, and the token does not say which.
    #[error("several delegations would do, and the token names none")]
    Ambiguous,
    /// The token is for another tenant's data than the request.
    #[error("the token is for the data of another tenant")]
    AnotherTenant,
    /// The policy asks for a delegation token.
    #[error("the policy lets nobody at another tenant's data without a delegation token")]
    TokenNeeded,
    /// The token lives longer than the policy allows between tenants.
    #[error("the token lives {lives} s, and between tenants the policy's limit is {limit} s")]
    TokenLifetime {
        /// `exp - iat` in seconds.
        lives: u64,
        /// The limit in seconds.
        limit: u64,
    },
}

/// Why no delegation lets a request through, and the one that comes closest, if one does.
pub(crate) type Ungranted = (DelegationError, Option<Grant>);

impl Policy {
    /// The delegation by which a request may touch another tenant's data: one of the policy's, or
    /// one of `living`, which are between the same two tenants. Tenants that the policy does not
    /// know have none of its own.
    pub(crate) fn grant_for(
        &self,
        (from, to): (Option<TenantIndex>, Option<TenantIndex>),
        living: &[Arc<Delegation>],
        wanted: &Wanted<'_>,
    ) -> Result<Grant, Ungranted> {
        let own =
            from.zip(to).into_iter().flat_map(|(from, to)| self.delegations_between(from, to));
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
        let grant = found.ok_or(closest)?;
        match self.may_give(from, wanted.permission) {
            true => Ok(grant),
            false => Err((DelegationError::Ceiling, Some(grant))),
        }
    }
}

impl Policy {
    /// When the next delegation between two tenants begins or ends.
    pub(crate) fn next_change(
        &self,
        (from, to): (Option<TenantIndex>, Option<TenantIndex>),
        living: &[Arc<Delegation>],
        now: UnixTime,
    ) -> UnixTime {
        let own =
            from.zip(to).into_iter().flat_map(|(from, to)| self.delegations_between(from, to));
        let own = own.flat_map(|row| [row.not_before(), row.expires()]);
        let living = living.iter().flat_map(|one| [one.not_before, one.expires]);
        let times = own.chain(living.map(UnixTime::from_secs));
        times.filter(|time| now < *time).min().unwrap_or(UnixTime::from_secs(u64::MAX))
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
    /// Whom the token is for; `None` where there is no token.
    pub(crate) audiences: Option<&'a [Box<str>]>,
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
        self.check_audience(row.audiences())?;
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
        self.check_audience(one.audiences.iter().map(Label::as_str))?;
        match &one.stage {
            DelegationStage::Proposed => return Err(DelegationError::NotConsented),
            DelegationStage::Suspended { .. } => return Err(DelegationError::Suspended),
            DelegationStage::Revoked { .. } => return Err(DelegationError::Revoked),
            DelegationStage::Consented(_) => {}
        }
        let now = self.at.as_secs();
        let is_live = one.not_before <= now && now < one.expires;
        is_live.then_some(()).ok_or(DelegationError::NotLive)
    }

    /// A delegation that names no audience is for all of them.
    fn check_audience<'d>(
        &self,
        named: impl Iterator<Item = &'d str>,
    ) -> Result<(), DelegationError> {
        let Some(own) = self.audiences else { return Ok(()) };
        let mut named = named.peekable();
        let is_for_any = named.peek().is_none();
        match is_for_any || named.any(|name| own.iter().any(|own| **own == *name)) {
            true => Ok(()),
            false => Err(DelegationError::Audience),
        }
    }
}

impl DelegationError {
    /// Of several that do not do, the one that nearly would is the one to tell of.
    fn nearness(self) -> u8 {
        match self {
            Self::NotLive | Self::Suspended | Self::Revoked => 4,
            Self::NotConsented => 3,
            Self::Audience => 2,
            Self::Scope => 1,
            _ => 0,
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
        let may_give = self.may_give(Some(crossing.from), crossing.permission);
        between.filter(move |row| may_give && crossing.check(row).is_ok())
    }
}

impl Crossing<'_> {
    fn check(&self, row: &DelegationRow<'_>) -> Result<(), DelegationError> {
        let Self { principal, permission, named, audiences, at, .. } = *self;
        Wanted { principal, permission, named, audiences, at }.check(row)
    }
}
