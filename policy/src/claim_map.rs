//! From what a policy says about an issuer's claims to the core's map: what it leaves out stands
//! where the core expects it.

use std::collections::BTreeMap;

use tenantguard::trust::{ClaimMap, ClaimPath, PrincipalSource, RoleSource, TenantSource};

use crate::place::Located;
use crate::source::{Claims, PrincipalFrom, RolesFrom, TenantFrom};

/// The map with its defaults.
pub(crate) fn of(claims: &Claims) -> ClaimMap {
    let usual = ClaimMap::default();
    ClaimMap {
        tenant: claims.tenant.as_ref().map_or(usual.tenant, tenant),
        principal: claims.principal.as_ref().map_or(usual.principal, principal),
        roles: claims.roles.as_ref().map_or(usual.roles, |from| roles(&from.value)),
        scope: claims.scope.as_ref().map_or(usual.scope, |claim| claim.value.clone()),
        required: paths(&claims.required),
        drop: paths(&claims.drop),
    }
}

fn tenant(from: &TenantFrom) -> TenantSource {
    match from {
        TenantFrom::Claim(claim) => TenantSource::Claim(claim.value.clone()),
        TenantFrom::Constant(tenant) => TenantSource::Constant(tenant.value.clone()),
    }
}

fn principal(from: &PrincipalFrom) -> PrincipalSource {
    let claim = from.claim.value.clone();
    match &from.domains {
        None => PrincipalSource::Claim(claim),
        Some(domains) => {
            let domains = domains.iter().map(|domain| domain.value.clone()).collect();
            PrincipalSource::Email { claim, domains }
        }
    }
}

fn roles(from: &RolesFrom) -> RoleSource {
    let map = from.map.as_ref().map(|names| {
        let mut map = BTreeMap::new();
        for (theirs, ours) in names {
            map.insert(theirs.as_str().into(), ours.value.clone());
        }
        map
    });
    RoleSource { claim: from.claim.value.clone(), map }
}

fn paths(claims: &[Located<ClaimPath>]) -> Vec<ClaimPath> {
    claims.iter().map(|claim| claim.value.clone()).collect()
}
