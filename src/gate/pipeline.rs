//! The checks, in their order: request → route → public or preflight → token → issuer → signature
//! → claims → tenant → permission → delegation. The first that fails decides.

use std::sync::Arc;

use super::Need;
use super::account::{Facts, Verdict};
use super::bearer::Bearer;
use super::tokens::TokenCache;
use crate::artifact::route::{Access as RouteAccess, Method, ResourceTenant, Route, Usage};
use crate::artifact::{Policy, Tenant};
use crate::decision::{AccessError, Refusal};
use crate::identity::TenantId;
use crate::keyring::{InHand, KeyRing};
use crate::path::NormalPath;
use crate::permissions::PermissionId;
use crate::request::Request;
use crate::time::Now;
use crate::token::{CompactToken, KeySet, SignatureError, VerifiedToken, Verifier};
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
pub(super) struct Granted {
    pub(super) access: Access,
    /// The path that the upstream gets, where it is not the one that was sent.
    pub(super) rewritten: Option<Vec<u8>>,
}

/// By whom, or without anybody.
#[derive(Debug)]
pub(super) enum Access {
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
        match &self.access {
            Access::Tenant(_) => Verdict::Permit,
            Access::Public(PublicGrant::Route) => Verdict::Public,
            Access::Public(PublicGrant::Preflight) => Verdict::Preflight,
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
    pub(super) ring: &'a KeyRing,
    /// Whether the request has waited for what it needed, and is to be settled now.
    pub(super) has_waited: bool,
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
        let access = self.access(method, &path, route, facts)?;
        Ok(Granted { access, rewritten: path.rewritten() })
    }

    fn access(
        &self,
        method: &str,
        path: &NormalPath<'_>,
        route: &Route,
        facts: &mut Facts,
    ) -> Result<Access, Stop> {
        if self.is_preflight_of(route) {
            return Ok(Access::Public(PublicGrant::Preflight));
        }
        let (needed, resource) = match &route.access {
            RouteAccess::Public { methods } => {
                let is_known = methods.iter().any(|known| known.as_str() == method);
                let public = Access::Public(PublicGrant::Route);
                return is_known.then_some(public).ok_or(Refusal::Method.into());
            }
            RouteAccess::Tenant { methods, resource } => {
                (permission_of(methods, method)?, resource)
            }
        };
        facts.permission = Some(needed);
        let bearer = self.bearer(facts)?;
        bearer.authorize(self.policy, needed)?;
        let resource = self.resource_tenant(&bearer.tenant, resource, path, facts)?;
        Ok(Access::Tenant(TenantGrant { bearer, resource, usage: route.usage }))
    }

    fn is_preflight_of(&self, route: &Route) -> bool {
        self.request
            .preflight_method()
            .is_some_and(|asked| route.methods().any(|known| known.as_str() == asked))
    }

    /// From a text to who it speaks for: token → issuer → signature → claims → tenant. A token that
    /// has passed before is known by itself.
    fn bearer(&self, facts: &mut Facts) -> Result<Arc<Bearer>, Stop> {
        let text = self.policy.token_source().find(self.request).map_err(Refusal::from)?;
        let known = self.tokens.get(text, self.now.wall);
        facts.was_known = Some(known.is_some());
        if let Some(known) = known {
            known.tell(facts);
            self.keys_still_hold(known.issuer)?;
            known.is_shown_by(self.request.certificate.as_ref()).map_err(Refusal::from)?;
            return Ok(known);
        }
        let token = CompactToken::parse(text).map_err(Refusal::from)?;
        let claimed = token.claimed_issuer().ok_or(Refusal::NoIssuer)?;
        let (id, issuer) =
            self.policy.find_issuer(claimed).ok_or_else(|| Refusal::Issuer(claimed.to_owned()))?;
        let verified = self.verify(token, id, issuer)?;
        facts.issuer = Some(id);
        let claims = verified.claims(issuer, self.now.wall).map_err(Refusal::from)?;
        let bearer = Arc::new(Bearer::new(self.policy, (id, issuer), &claims, text, facts)?);
        bearer.is_shown_by(self.request.certificate.as_ref()).map_err(Refusal::from)?;
        self.tokens.insert(text, Arc::clone(&bearer));
        Ok(bearer)
    }

    /// Verifies by the keys in hand. Where they are fetched, it may be worth waiting for newer ones.
    fn verify(
        &self,
        token: CompactToken<'_>,
        id: IssuerId,
        issuer: &Issuer,
    ) -> Result<VerifiedToken, Stop> {
        let fetched;
        let keys = match &issuer.keys {
            IssuerKeys::Inline(keys) => keys,
            IssuerKeys::Remote(_) => {
                fetched = self.fetched_keys(id)?;
                &*fetched
            }
        };
        match keys.verify(token, &issuer.algorithms, self.verifier) {
            Err(SignatureError::UnknownKey(_)) if self.may_wait_for_keys(id) => {
                Err(Stop::Needs(Need::Keys(id)))
            }
            verified => Ok(verified.map_err(Refusal::from)?),
        }
    }

    fn fetched_keys(&self, id: IssuerId) -> Result<Arc<KeySet>, Stop> {
        match self.ring.in_hand(id, self.now.monotonic) {
            InHand::Keys(keys) => Ok(keys),
            InHand::Stale => Err(Refusal::KeysStale.into()),
            InHand::Nothing if self.has_waited => Err(Refusal::KeysUnavailable.into()),
            InHand::Nothing => Err(Stop::Needs(Need::Keys(id))),
        }
    }

    /// What was verified by keys that have gone stale since is not known any more.
    fn keys_still_hold(&self, id: IssuerId) -> Result<(), Stop> {
        match self.policy.issuer(id).map(|issuer| &issuer.keys) {
            Some(IssuerKeys::Remote(_)) => self.fetched_keys(id).map(drop),
            Some(IssuerKeys::Inline(_)) | None => Ok(()),
        }
    }

    fn may_wait_for_keys(&self, id: IssuerId) -> bool {
        !self.has_waited && self.ring.is_worth_waiting(id, self.now.monotonic)
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
