//! The checks, in their order: request → route → public or preflight → token → issuer → signature
//! → claims → tenant → permission → delegation. The first that fails decides.

use super::Need;
use super::account::{Facts, Verdict};
use crate::artifact::route::{Access, Method, ResourceTenant, Route, Usage};
use crate::artifact::{Policy, Tenant};
use crate::decision::{AccessError, Refusal, TenantError};
use crate::identity::{PrincipalId, RoleName, TenantId};
use crate::path::NormalPath;
use crate::permissions::{PermissionId, PermissionSet};
use crate::request::Request;
use crate::time::Now;
use crate::token::{Claims, CompactToken, KeySet, TokenHandle};
use crate::trust::{Authority, Issuer, IssuerId, IssuerKeys};

/// Why the checks ended before a grant.
#[derive(Debug)]
pub(super) enum Stop {
    Refused(Refusal),
    Needs(Need),
}

impl<E: Into<Refusal>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

/// All checks passed.
#[derive(Debug)]
pub(super) enum Granted {
    Tenant(TenantGrant),
    Public(PublicGrant),
}

/// Why no identity is needed.
#[derive(Debug)]
pub(super) enum PublicGrant {
    Route,
    Preflight,
}

/// A tenant may do what it asks.
#[derive(Debug)]
pub(super) struct TenantGrant {
    pub(super) acting: TenantId,
    pub(super) resource: (TenantId, Tenant),
    pub(super) principal: PrincipalId,
    pub(super) roles: Vec<RoleName>,
    pub(super) effective: PermissionSet,
    pub(super) usage: Usage,
}

impl Granted {
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::Tenant(_) => Verdict::Permit,
            Self::Public(PublicGrant::Route) => Verdict::Public,
            Self::Public(PublicGrant::Preflight) => Verdict::Preflight,
        }
    }
}

/// Who acts, by the word of an issuer that may say so.
struct Identity {
    principal: PrincipalId,
    tenant: TenantId,
    roles: Vec<RoleName>,
    scope: Option<String>,
    authority: Authority,
}

/// One request on its way through the checks.
pub(super) struct Pipeline<'a> {
    pub(super) policy: &'a Policy,
    pub(super) request: &'a Request<'a>,
    pub(super) now: Now,
    /// Keys that were asked for and came.
    pub(super) answered: Option<(IssuerId, &'a KeySet)>,
}

impl Pipeline<'_> {
    pub(super) fn run(&self, facts: &mut Facts) -> Result<Granted, Stop> {
        let method = self.request.method().map_err(Refusal::from)?;
        facts.method = Some(method.into());
        let path = self.request.path().map_err(|error| {
            facts.path =
                self.request.only(":path").map(|raw| raw.escape_ascii().to_string().into());
            Refusal::from(error)
        })?;
        facts.path = Some(path.as_str().into());

        let (id, route) = self.policy.find_route(&path).ok_or(Refusal::Route)?;
        facts.route = Some(id);
        if self.is_preflight_of(route) {
            return Ok(Granted::Public(PublicGrant::Preflight));
        }
        let (needed, resource) = match &route.access {
            Access::Public { methods } => {
                let is_known = methods.iter().any(|known| known.as_str() == method);
                let public = Granted::Public(PublicGrant::Route);
                return is_known.then_some(public).ok_or(Refusal::Method.into());
            }
            Access::Tenant { methods, resource } => (permission_of(methods, method)?, resource),
        };
        facts.permission = Some(needed);

        let identity = self.identify(facts)?;
        let effective = self.authorize(&identity, needed)?;
        let resource = self.resource_tenant(&identity, resource, &path)?;
        facts.resource_tenant = Some(resource.0.clone());
        let Identity { principal, tenant: acting, roles, .. } = identity;
        let usage = route.usage;
        Ok(Granted::Tenant(TenantGrant { acting, resource, principal, roles, effective, usage }))
    }

    fn is_preflight_of(&self, route: &Route) -> bool {
        self.request
            .preflight_method()
            .is_some_and(|asked| route.methods().any(|known| known.as_str() == asked))
    }

    /// From the bearer token to an identity: token → issuer → signature → claims → tenant.
    fn identify(&self, facts: &mut Facts) -> Result<Identity, Stop> {
        let text = self.request.bearer_token().map_err(Refusal::from)?;
        let token = CompactToken::parse(text).map_err(Refusal::from)?;
        let claimed = token.claimed_issuer();
        let (id, issuer) = claimed
            .and_then(|url| self.policy.find_issuer(url))
            .ok_or_else(|| Refusal::Issuer(claimed.map(str::to_owned)))?;
        let keys = self.keys(id, issuer)?;
        let verified = keys.verify(token, &issuer.algorithms).map_err(Refusal::from)?;
        facts.issuer = Some(id);
        let claims = verified.claims(issuer, self.now.wall).map_err(Refusal::from)?;
        let principal = PrincipalId::new(issuer.namespace.clone(), &claims.subject)
            .map_err(Refusal::Subject)?;
        facts.principal = Some(principal.clone());
        let tenant = self.acting_tenant(issuer, &claims).map_err(Refusal::from)?;
        facts.acting_tenant = Some(tenant.clone());
        facts.token = Some(TokenHandle::new(&issuer.url, &tenant, claims.id.as_deref(), text));
        let roles = self.roles(issuer, &claims).map_err(Refusal::from)?;
        let (scope, authority) = (claims.scope, issuer.authority);
        Ok(Identity { principal, tenant, roles, scope, authority })
    }

    fn keys<'k>(&'k self, id: IssuerId, issuer: &'k Issuer) -> Result<&'k KeySet, Stop> {
        match (&issuer.keys, self.answered) {
            (IssuerKeys::Inline(keys), _) => Ok(keys),
            (IssuerKeys::Remote, Some((answered, keys))) if answered == id => Ok(keys),
            (IssuerKeys::Remote, _) => Err(Stop::Needs(Need::Keys(id))),
        }
    }

    fn acting_tenant(&self, issuer: &Issuer, claims: &Claims) -> Result<TenantId, TenantError> {
        let claimed = claims.tenant.as_deref().ok_or(TenantError::Missing)?;
        let tenant = TenantId::parse(claimed).map_err(TenantError::Malformed)?;
        if !issuer.tenants.allows(&tenant) {
            return Err(TenantError::NotAsserted(tenant));
        }
        match self.policy.find_tenant(tenant.as_str()) {
            Some(_) => Ok(tenant),
            None => Err(TenantError::Unknown(tenant)),
        }
    }

    /// The roles that the policy knows. An issuer with a list of roles must keep to it.
    fn roles(&self, issuer: &Issuer, claims: &Claims) -> Result<Vec<RoleName>, TenantError> {
        let mut roles = Vec::with_capacity(claims.roles.len());
        for claimed in &claims.roles {
            let known = self.policy.roles().find(claimed);
            let is_allowed = match known {
                Some(role) => issuer.roles.allows(role),
                None => issuer.roles.is_any(),
            };
            if !is_allowed {
                return Err(TenantError::Role(claimed.clone()));
            }
            roles.extend(known.filter(|role| !roles.contains(*role)).cloned());
        }
        Ok(roles)
    }

    /// The effective permissions, if the needed one is among them.
    fn authorize(&self, who: &Identity, needed: PermissionId) -> Result<PermissionSet, Refusal> {
        let name = || self.policy.permission(needed).cloned().ok_or(Refusal::Route);
        let by_roles = self.policy.roles().permissions(&who.tenant, &who.roles);
        if who.authority != Authority::Scopes && !by_roles.contains(needed) {
            return Err(AccessError::Permission(name()?).into());
        }
        if who.authority == Authority::Roles {
            return Ok(by_roles);
        }
        let Some(scope) = &who.scope else {
            return Err(AccessError::NoScope(name()?).into());
        };
        let mut effective = PermissionSet::new();
        for scope in scope.split(' ') {
            self.policy.add_scope(scope, &mut effective);
        }
        if !effective.contains(needed) {
            return Err(AccessError::Scope(name()?).into());
        }
        if who.authority == Authority::RolesAndScopes {
            effective.intersect_with(&by_roles);
        }
        Ok(effective)
    }

    /// Whose data it is. A tenant that the directory does not know is refused like any other that
    /// is not the acting one, so that nobody learns which tenants there are.
    fn resource_tenant(
        &self,
        who: &Identity,
        resource: &ResourceTenant,
        path: &NormalPath<'_>,
    ) -> Result<(TenantId, Tenant), Refusal> {
        let named = match resource {
            ResourceTenant::Acting => who.tenant.as_str(),
            ResourceTenant::PathSegment(index) => path.segments().nth(*index).unwrap_or_default(),
        };
        match self.policy.find_tenant(named) {
            Some((id, tenant)) if *id == who.tenant => Ok((id.clone(), tenant.clone())),
            _ => Err(AccessError::Delegation {
                acting: who.tenant.clone(),
                resource: named.to_owned(),
            }
            .into()),
        }
    }
}

fn permission_of(
    methods: &[(Method, PermissionId)],
    method: &str,
) -> Result<PermissionId, Refusal> {
    methods
        .iter()
        .find(|(known, _)| known.as_str() == method)
        .map(|(_, permission)| *permission)
        .ok_or(Refusal::Method)
}
