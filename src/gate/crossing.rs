//! Another tenant's data: which delegation lets a request at it, and for how long the answer needs no
//! second look.
//!
//! What a bearer was let at last, it is let at again while the copy of the control state is the same
//! and no delegation between the two tenants begins or ends. The policy does not change under a gate.

use std::ops::Range;
use std::sync::Arc;

use super::account::Facts;
use super::bearer::Bearer;
use super::pipeline::Pipeline;
use crate::artifact::Tenant;
use crate::decision::{AccessError, Refusal};
use crate::delegation::{DelegationError, Grant, Wanted};
use crate::permissions::PermissionId;
use crate::time::UnixTime;

/// A tenant may act on another's data.
#[derive(Debug, Clone)]
pub(super) struct Delegated {
    pub(super) grant: Grant,
    /// The delegation's id.
    pub(super) id: Arc<str>,
    /// What it may do there, as in `x-tenant-scope`.
    pub(super) scope: Arc<str>,
}

/// What a bearer was let at last.
#[derive(Debug)]
pub(super) struct Crossed {
    resource: Tenant,
    permission: PermissionId,
    /// The version of the copy of the control state; 0 without one.
    version: u64,
    /// In which no delegation between the two begins or ends.
    span: Range<UnixTime>,
    delegated: Delegated,
}

impl Pipeline<'_> {
    /// Whose data it is, and by what delegation if it is another tenant's. A tenant that the
    /// directory does not know is refused like any other that is not the acting one, so that nobody
    /// learns which tenants there are.
    pub(super) fn resource_tenant(
        &self,
        bearer: &Bearer,
        named: &str,
        needed: PermissionId,
        facts: &mut Facts,
    ) -> Result<(Tenant, Option<Delegated>), Refusal> {
        let home = &bearer.home;
        if named == home.id.as_str() {
            facts.resource_tenant = Some(home.id.clone());
            let refused = |why| refusal(bearer, named, why);
            bearer.check_home().map_err(refused)?;
            return Ok((home.clone(), None));
        }
        let version = self.control.map_or(0, |look| look.version);
        let known = self.crossed_before(bearer, (named, needed, version));
        let (resource, delegated) = match known {
            Some(known) => known,
            None => self.cross(bearer, (named, needed, version), facts)?,
        };
        facts.resource_tenant = Some(resource.id.clone());
        facts.delegation = Some(delegated.grant.clone());
        facts.scope = Some(Arc::clone(&delegated.scope));
        Ok((resource, Some(delegated)))
    }

    fn crossed_before(
        &self,
        bearer: &Bearer,
        (named, needed, version): (&str, PermissionId, u64),
    ) -> Option<(Tenant, Delegated)> {
        let last = bearer.crossed();
        let last = last.as_ref().filter(|last| {
            last.version == version
                && last.permission == needed
                && last.span.contains(&self.now.wall)
                && last.resource.id.as_str() == named
        })?;
        Some((last.resource.clone(), last.delegated.clone()))
    }

    fn cross(
        &self,
        bearer: &Bearer,
        (named, permission, version): (&str, PermissionId, u64),
        facts: &mut Facts,
    ) -> Result<(Tenant, Delegated), Refusal> {
        let refused = |why| refusal(bearer, named, why);
        facts.scope = Some(Arc::clone(&bearer.scope_text));
        let resource = self.known().tenant(named);
        let resource = resource.ok_or_else(|| refused(DelegationError::None))?;
        facts.resource_tenant = Some(resource.id.clone());
        bearer.check_crossing(self.policy.cross_tenant(), named).map_err(refused)?;
        let home = &bearer.home;
        let wanted = Wanted {
            principal: bearer.principal.as_str(),
            permission,
            named: bearer.delegation.as_deref(),
            audiences: Some(&bearer.audiences),
            at: self.now.wall,
        };
        let living = self.control.map(|look| look.control.delegations(&resource.id, &home.id));
        let (between, living) = ((resource.index, home.index), living.unwrap_or_default());
        let grant = match self.policy.grant_for(between, &living, &wanted) {
            Ok(grant) => grant,
            Err((why, closest)) => {
                facts.delegation = closest;
                return Err(refused(why));
            }
        };
        facts.delegation = Some(grant.clone());
        let control = self.control.map_or(Ok(()), |look| look.control.check_tenant(&resource.id));
        control.map_err(Refusal::Delegator)?;
        let scope = bearer.scope_under(self.policy, &grant).into();
        let delegated = Delegated { id: grant.id(self.policy).into(), grant, scope };
        // Who looks tenants up elsewhere has no version to tell when they have changed.
        if self.directory.is_none() {
            let until = self.policy.next_change(between, &living, self.now.wall);
            *bearer.crossed() = Some(Crossed {
                resource: resource.clone(),
                permission,
                version,
                span: self.now.wall..until,
                delegated: delegated.clone(),
            });
        }
        Ok((resource, delegated))
    }
}

fn refusal(bearer: &Bearer, named: &str, why: DelegationError) -> Refusal {
    let (acting, resource) = (bearer.home.id.clone(), named.to_owned());
    AccessError::Delegation { acting, resource, why }.into()
}
