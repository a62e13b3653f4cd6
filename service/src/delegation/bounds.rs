//! What terms may be: the delegator gives no more than it has, to somebody who is there, for a
//! time that is bounded. The policy's ceiling is checked at each request too; here it is so that a
//! proposal that could never work is told so.

use std::time::Duration;

use tenantguard::artifact::Policy;
use tenantguard::control::{Delegate, LIST_LIMIT};
use tenantguard::identity::{PermissionName, TenantId};
use tenantguard::time::UnixTime;

use super::error::TermsError;
use super::terms::Terms;

/// What terms are held against.
pub struct Bounds<'a> {
    /// The policy, if the service has one.
    pub policy: Option<&'a Policy>,
    /// Whether the directory has a tenant.
    pub has_tenant: &'a dyn Fn(&TenantId) -> bool,
    /// How long a delegation may last.
    pub max_lifetime: Duration,
    /// Now.
    pub now: u64,
}

impl Bounds<'_> {
    /// Whether these terms can be granted.
    ///
    /// # Errors
    /// [`TermsError`] names the first thing that is wrong with them.
    pub fn check(&self, terms: &Terms) -> Result<(), TermsError> {
        if terms.from == terms.to {
            return Err(TermsError::Itself(terms.from.clone()));
        }
        for tenant in [&terms.from, &terms.to] {
            let is_of_policy = |policy: &Policy| policy.find_tenant(tenant.as_str()).is_some();
            if !self.policy.is_some_and(is_of_policy) && !(self.has_tenant)(tenant) {
                return Err(TermsError::Tenant(tenant.clone()));
            }
        }
        check_lists(terms)?;
        for permission in &terms.permissions {
            self.check_permission(&terms.from, permission)?;
        }
        self.check_times(terms)
    }

    fn check_permission(
        &self,
        from: &TenantId,
        permission: &PermissionName,
    ) -> Result<(), TermsError> {
        let Some(policy) = self.policy else { return Ok(()) };
        let known = policy.permissions().find(|(_, name)| *name == permission.as_str());
        let (id, _) = known.ok_or_else(|| TermsError::Permission(permission.clone()))?;
        let delegator = policy.find_tenant(from.as_str()).map(|row| row.index());
        match policy.may_give(delegator, id) {
            true => Ok(()),
            false => {
                Err(TermsError::Ceiling { from: from.clone(), permission: permission.clone() })
            }
        }
    }

    fn check_times(&self, terms: &Terms) -> Result<(), TermsError> {
        let Terms { not_before, expires, .. } = *terms;
        if expires <= self.now {
            return Err(TermsError::Over(UnixTime::from_secs(expires)));
        }
        if expires <= not_before {
            let [not_before, expires] = [not_before, expires].map(UnixTime::from_secs);
            return Err(TermsError::Never { not_before, expires });
        }
        let (lasts, limit) = (expires - not_before, self.max_lifetime.as_secs());
        match lasts <= limit {
            true => Ok(()),
            false => Err(TermsError::TooLong { lasts, limit }),
        }
    }
}

fn check_lists(terms: &Terms) -> Result<(), TermsError> {
    let principals = match &terms.principals {
        Delegate::Any => None,
        Delegate::Principals(named) => Some(named.len()),
    };
    let must_name = [("permissions", Some(terms.permissions.len())), ("principals", principals)];
    for (list, length) in must_name {
        if length == Some(0) {
            return Err(TermsError::Empty(list));
        }
    }
    let audiences = ("audiences", Some(terms.audiences.len()));
    for (list, length) in must_name.into_iter().chain([audiences]) {
        if length.is_some_and(|length| length > LIST_LIMIT) {
            return Err(TermsError::TooMany(list));
        }
    }
    Ok(())
}
