//! The checks, in their order: request → route → public or preflight → token → issuer → signature
//! → claims → tenant → permission → delegation. The first that fails decides.

use std::sync::Arc;

use super::Need;
use super::account::{Facts, Verdict};
use super::bearer::Bearer;
use super::tokens::TokenCache;
use crate::artifact::route::{Access, Method, ResourceTenant, Route, Usage};
use crate::artifact::{Policy, Tenant};
use crate::decision::{AccessError, Refusal};
use crate::identity::TenantId;
use crate::path::NormalPath;
use crate::permissions::PermissionId;
use crate::request::Request;
use crate::time::Now;
use crate::token::{CompactToken, KeySet, Verifier};
use crate::trust::{Issuer, IssuerId, IssuerKeys};

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
    pub(super) bearer: Arc<Bearer>,
    pub(super) resource: (TenantId, Tenant),
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

/// One request on its way through the checks.
pub(super) struct Pipeline<'a> {
    pub(super) policy: &'a Policy,
    pub(super) verifier: &'a dyn Verifier,
    pub(super) tokens: &'a TokenCache,
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

        let bearer = self.bearer(facts)?;
        bearer.authorize(self.policy, needed)?;
        let resource = self.resource_tenant(&bearer.tenant, resource, &path, facts)?;
        Ok(Granted::Tenant(TenantGrant { bearer, resource, usage: route.usage }))
    }

    fn is_preflight_of(&self, route: &Route) -> bool {
        self.request
            .preflight_method()
            .is_some_and(|asked| route.methods().any(|known| known.as_str() == asked))
    }

    /// From a text to who it speaks for: token → issuer → signature → claims → tenant. A token that
    /// has passed before is known by itself.
    fn bearer(&self, facts: &mut Facts) -> Result<Arc<Bearer>, Stop> {
        let text = self.request.bearer_token().map_err(Refusal::from)?;
        if let Some(known) = self.tokens.get(text, self.now.wall) {
            known.tell(facts);
            return Ok(known);
        }
        let token = CompactToken::parse(text).map_err(Refusal::from)?;
        let claimed = token.claimed_issuer().ok_or(Refusal::NoIssuer)?;
        let (id, issuer) =
            self.policy.find_issuer(claimed).ok_or_else(|| Refusal::Issuer(claimed.to_owned()))?;
        let keys = self.keys(id, issuer)?;
        let verified =
            keys.verify(token, &issuer.algorithms, self.verifier).map_err(Refusal::from)?;
        facts.issuer = Some(id);
        let claims = verified.claims(issuer, self.now.wall).map_err(Refusal::from)?;
        let bearer = Arc::new(Bearer::new(self.policy, (id, issuer), &claims, text, facts)?);
        self.tokens.insert(text, Arc::clone(&bearer));
        Ok(bearer)
    }

    fn keys<'k>(&'k self, id: IssuerId, issuer: &'k Issuer) -> Result<&'k KeySet, Stop> {
        match (&issuer.keys, self.answered) {
            (IssuerKeys::Inline(keys), _) => Ok(keys),
            (IssuerKeys::Remote, Some((answered, keys))) if answered == id => Ok(keys),
            (IssuerKeys::Remote, _) => Err(Stop::Needs(Need::Keys(id))),
        }
    }

    /// Whose data it is. A tenant that the directory does not know is refused like any other that
    /// is not the acting one, so that nobody learns which tenants there are.
    fn resource_tenant(
        &self,
        acting: &TenantId,
        resource: &ResourceTenant,
        path: &NormalPath<'_>,
        facts: &mut Facts,
    ) -> Result<(TenantId, Tenant), Refusal> {
        let named = match resource {
            ResourceTenant::Acting => acting.as_str(),
            ResourceTenant::PathSegment(index) => path.segments().nth(*index).unwrap_or_default(),
        };
        let known = self.policy.find_tenant(named);
        facts.resource_tenant = known.map(|(id, _)| id.clone());
        match known {
            Some((id, tenant)) if id == acting => Ok((id.clone(), tenant.clone())),
            _ => {
                Err(AccessError::Delegation { acting: acting.clone(), resource: named.to_owned() }
                    .into())
            }
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
