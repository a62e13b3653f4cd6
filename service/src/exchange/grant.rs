//! The delegation that a token is exchanged under: the one that is named, or the only one that would
//! do, by the gate's rule. The gate holds every request to it again, so nothing rests on this alone.

use tenantguard::artifact::{DelegationRow, Policy};
use tenantguard::control::{Delegate, Delegation, DelegationStage, Label};
use tenantguard::identity::TenantId;

use super::error::GrantError;

/// What a delegation must do.
pub(super) struct Wanted<'a> {
    pub(super) policy: &'a Policy,
    /// Who acts, `namespace/subject`.
    pub(super) principal: &'a str,
    /// For which tenant.
    pub(super) to: &'a TenantId,
    /// The delegation that is named.
    pub(super) id: Option<&'a str>,
    /// The tenant that is named.
    pub(super) from: Option<&'a str>,
    /// Whom the new token is for.
    pub(super) audience: &'a str,
    /// When, in seconds since the epoch.
    pub(super) now: u64,
}

/// A delegation, wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) id: String,
    pub(super) from: String,
    pub(super) expires: u64,
    /// What it gives, and the delegator has to give.
    pub(super) permissions: Vec<String>,
}

impl Wanted<'_> {
    /// The one that does, of the policy's and of the `living`. Of several, those count that give
    /// something of what is `asked`.
    pub(super) fn find(
        &self,
        living: &[Delegation],
        is_asked: impl Fn(&str) -> bool,
    ) -> Result<Grant, GrantError> {
        let own = self.policy.delegations().filter_map(|row| self.of_policy(&row));
        let living = living.iter().filter_map(|one| self.of_state(one));
        let mut found: Vec<Grant> = Vec::new();
        let mut closest = GrantError::None;
        for checked in own.chain(living) {
            match checked {
                Ok(grant) => found.push(grant),
                Err(error) => closest = closest.max(error),
            }
        }
        if found.len() > 1 {
            let fits = |grant: &Grant| grant.permissions.iter().any(|name| is_asked(name));
            match found.iter().any(fits) {
                true => found.retain(fits),
                // None is of use, so it does not matter which one says so.
                false => found.truncate(1),
            }
        }
        match (found.pop(), found.is_empty()) {
            (Some(grant), true) => Ok(grant),
            (Some(_), false) => Err(GrantError::Ambiguous),
            (None, _) => Err(closest),
        }
    }

    fn of_policy(&self, row: &DelegationRow<'_>) -> Option<Result<Grant, GrantError>> {
        let name = |index| self.policy.tenant(index).map(|tenant| tenant.id());
        let from = name(row.from())?;
        if name(row.to())? != self.to.as_str() || !self.is_named(row.id(), from) {
            return None;
        }
        let audiences: Vec<&str> = row.audiences().collect();
        let is_live = row.not_before().as_secs() <= self.now && self.now < row.expires().as_secs();
        let permissions = row.permissions().iter().filter_map(|id| self.policy.permission(id));
        Some(self.check(row.names(self.principal), &audiences, Ok(is_live)).map(|()| Grant {
            id: row.id().to_owned(),
            from: from.to_owned(),
            expires: row.expires().as_secs(),
            permissions: self.within_ceiling(from, permissions),
        }))
    }

    fn of_state(&self, one: &Delegation) -> Option<Result<Grant, GrantError>> {
        if one.to != *self.to || !self.is_named(one.id.as_str(), one.from.as_str()) {
            return None;
        }
        let names = match &one.principals {
            Delegate::Any => true,
            Delegate::Principals(named) => named.iter().any(|it| it.as_str() == self.principal),
        };
        let audiences: Vec<&str> = one.audiences.iter().map(Label::as_str).collect();
        let is_live = match &one.stage {
            DelegationStage::Proposed => Err(GrantError::NotConsented),
            DelegationStage::Consented(_) => {
                Ok(one.not_before <= self.now && self.now < one.expires)
            }
            DelegationStage::Suspended { .. } | DelegationStage::Revoked { .. } => Ok(false),
        };
        let permissions = one.permissions.iter().map(|name| name.as_str());
        Some(self.check(names, &audiences, is_live).map(|()| Grant {
            id: one.id.to_string(),
            from: one.from.to_string(),
            expires: one.expires,
            permissions: self.within_ceiling(one.from.as_str(), permissions),
        }))
    }

    fn is_named(&self, id: &str, from: &str) -> bool {
        self.id.is_none_or(|named| named == id) && self.from.is_none_or(|named| named == from)
    }

    fn check(
        &self,
        names_principal: bool,
        audiences: &[&str],
        is_live: Result<bool, GrantError>,
    ) -> Result<(), GrantError> {
        if !names_principal {
            return Err(GrantError::Principal);
        }
        if !audiences.is_empty() && !audiences.contains(&self.audience) {
            return Err(GrantError::Audience);
        }
        if is_live? { Ok(()) } else { Err(GrantError::NotLive) }
    }

    fn within_ceiling<'n>(
        &self,
        from: &str,
        permissions: impl Iterator<Item = &'n str>,
    ) -> Vec<String> {
        let delegator = self.policy.find_tenant(from).map(|row| row.index());
        let may_give = |name: &&str| {
            let mut known = self.policy.permissions();
            known.any(|(id, own)| own == *name && self.policy.may_give(delegator, id))
        };
        permissions.filter(may_give).map(str::to_owned).collect()
    }
}
