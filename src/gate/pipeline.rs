//! The checks, in their order: request → route → public or preflight → token → issuer → signature
//! → claims → tenant → revocation → permission → delegation. The first that fails decides.

use std::sync::Arc;

use super::account::{Facts, Verdict};
use super::bearer::Bearer;
use super::control::Look;
use super::crossing::Delegated;
use super::directory::{Directory, Known};
use super::tokens::TokenCache;
use super::{Need, Waited, mode_of};
use crate::artifact::route::{Matched, ResourceTenant, RouteRow, Streams, Usage};
use crate::artifact::{Policy, Tenant};
use crate::decision::{Refusal, TenantError};
use crate::keyring::{InHand, KeyRing};
use crate::limits::check_announced_body;
use crate::path::NormalPath;
use crate::permissions::PermissionId;
use crate::replica::Answer;
use crate::request::{Mode, Request, RequestError};
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
    /// The longest body, in bytes, if there is a bound.
    pub(super) body_limit: Option<u64>,
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
    /// Whose data it is.
    pub(super) resource: Tenant,
    /// What lets the tenant act on it, if it is not its own.
    pub(super) delegation: Option<Delegated>,
    pub(super) permission: PermissionId,
    pub(super) usage: Usage,
    /// Whether a stream that is open when this is over is closed.
    pub(super) closes_streams: bool,
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
    pub(super) control: Option<Look<'a>>,
    /// Where there is no copy: who has signed up.
    pub(super) directory: Option<&'a dyn Directory>,
    /// What the control service has answered, if it was asked.
    pub(super) answer: Option<&'a Answer>,
    /// What the request has waited for already.
    pub(super) waited: Waited,
    /// Claims to take as verified, instead of the request's token.
    #[cfg(feature = "what-if")]
    pub(super) stated: Option<&'a crate::token::StatedClaims>,
}

impl Pipeline<'_> {
    /// All checks; `None` where the gate is off.
    pub(super) fn run(&self, facts: &mut Facts) -> Result<Option<Granted>, Stop> {
        let method = self.request.method().map_err(Refusal::from)?;
        facts.method = Some(method.into());
        self.policy.limits().check_head(self.request).map_err(Refusal::from)?;
        let path = self.request.path(self.policy.paths()).map_err(|error| {
            facts.path =
                self.request.only(":path").map(|raw| raw.escape_ascii().to_string().into());
            Refusal::from(error)
        })?;
        facts.path = Some(path.as_str().into());

        let matched = self.policy.find_route(self.request.host(), &path).ok_or(Refusal::Route)?;
        facts.route = Some(matched.route);
        let route = self.policy.route(matched.route).ok_or(Refusal::Route)?;
        if mode_of(self.request, Some(&route)) == Mode::Off {
            return Ok(None);
        }
        let body_limit = route.body_limit();
        if let Some(limit) = body_limit {
            check_announced_body(self.request, limit).map_err(Refusal::from)?;
        }
        let access = self.access(method, &path, (&route, &matched), facts)?;
        Ok(Some(Granted { access, rewritten: path.rewritten(), body_limit }))
    }

    fn access(
        &self,
        method: &str,
        path: &NormalPath<'_>,
        (route, matched): (&RouteRow<'_>, &Matched<'_>),
        facts: &mut Facts,
    ) -> Result<Access, Stop> {
        if self.is_preflight_of(route) {
            return Ok(Access::Public(PublicGrant::Preflight));
        }
        let known = route.method(method).ok_or(Refusal::Method)?;
        let Some(needed) = known.permission else {
            return Ok(Access::Public(PublicGrant::Route));
        };
        facts.permission = Some(needed);
        let bearer = self.bearer(facts)?;
        let word = self.revocation(&bearer, route, facts)?;
        bearer.authorize(self.policy, needed)?;
        let named = self.named_tenant(&bearer, route, path, matched)?;
        let (resource, delegation) = self.resource_tenant(&bearer, named, needed, facts)?;
        word.covers(delegation.as_ref().map(|delegated| &delegated.grant))?;
        let usage = match (&delegation, route.usage()) {
            (Some(_), usage) if usage != Usage::None => Usage::CrossTenantDelegation,
            (_, usage) => usage,
        };
        let closes_streams = route.streams() == Streams::Close;
        let permission = needed;
        Ok(Access::Tenant(TenantGrant {
            bearer,
            resource,
            delegation,
            permission,
            usage,
            closes_streams,
        }))
    }

    pub(super) fn known(&self) -> Known<'_> {
        let control = self.control.map(|look| look.control);
        Known { policy: self.policy, control, directory: self.directory }
    }

    fn is_preflight_of(&self, route: &RouteRow<'_>) -> bool {
        self.request.preflight_method().is_some_and(|asked| route.method(asked).is_some())
    }

    /// From a text to who it speaks for: token → issuer → signature → claims → tenant. A token that
    /// has passed before is known by itself.
    fn bearer(&self, facts: &mut Facts) -> Result<Arc<Bearer>, Stop> {
        #[cfg(feature = "what-if")]
        if let Some(stated) = self.stated {
            return self.stated_bearer(stated, facts);
        }
        let source = self.policy.token_source();
        let known = |text: &[u8]| {
            let bearer = self.tokens.get(text, self.now.wall)?;
            bearer.is_at_home(self.known()).then_some(bearer)
        };
        if let Some(bearer) = source.presented(self.request).and_then(known) {
            return self.known_bearer(bearer, facts);
        }
        let text = source.find(self.request).map_err(Refusal::from)?;
        if let Some(bearer) = known(text.as_bytes()) {
            return self.known_bearer(bearer, facts);
        }
        facts.was_known = Some(false);
        let token = CompactToken::parse(text).map_err(Refusal::from)?;
        let claimed = token.claimed_issuer().ok_or(Refusal::NoIssuer)?;
        let (id, issuer) =
            self.policy.find_issuer(claimed).ok_or_else(|| Refusal::Issuer(claimed.to_owned()))?;
        let verified = self.verify(token, id, issuer)?;
        facts.issuer = Some(id);
        let claims = verified.claims(issuer, self.now.wall).map_err(Refusal::from)?;
        let bearer = Bearer::new(self.known(), (id, issuer), &claims, text, facts);
        let bearer = Arc::new(bearer.map_err(|refusal| self.unless_known_later(refusal))?);
        bearer.is_shown_by(self.request.certificate.as_ref()).map_err(Refusal::from)?;
        self.tokens.insert(text, Arc::clone(&bearer));
        Ok(bearer)
    }

    /// A tenant that the policy does not list may be in the first snapshot, which has not come yet.
    pub(super) fn unless_known_later(&self, refusal: Refusal) -> Stop {
        match &refusal {
            Refusal::Tenant(TenantError::Unknown(_)) if self.lacks_copy() => self.needs_copy(),
            _ => refusal.into(),
        }
    }

    fn known_bearer(&self, bearer: Arc<Bearer>, facts: &mut Facts) -> Result<Arc<Bearer>, Stop> {
        facts.was_known = Some(true);
        bearer.tell(facts);
        self.keys_still_hold(bearer.issuer)?;
        bearer.is_shown_by(self.request.certificate.as_ref()).map_err(Refusal::from)?;
        Ok(bearer)
    }

    /// Verifies by the keys in hand. Where they are fetched, it may be worth waiting for newer ones.
    pub(super) fn verify(
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
            InHand::Nothing if self.waited >= Waited::Keys => Err(Refusal::KeysUnavailable.into()),
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
        self.waited < Waited::Keys && self.ring.is_worth_waiting(id, self.now.monotonic)
    }

    /// The tenant whose data the request names, wherever the route has it named.
    fn named_tenant<'n>(
        &'n self,
        bearer: &'n Bearer,
        route: &RouteRow<'n>,
        path: &'n NormalPath<'_>,
        matched: &Matched<'n>,
    ) -> Result<&'n str, Refusal> {
        let acting = bearer.home.id.as_str();
        match route.resource() {
            ResourceTenant::Acting => Ok(acting),
            ResourceTenant::PathSegment(at) => Ok(path.segments().nth(at).unwrap_or_default()),
            ResourceTenant::HostLabel => Ok(matched.label.unwrap_or_default()),
            ResourceTenant::Header(name) => {
                let named = self.request.only(name).and_then(|b| std::str::from_utf8(b).ok());
                named.map(|name| name.trim_matches(' ')).ok_or(RequestError::ResourceTenant.into())
            }
            ResourceTenant::Token => Ok(bearer.delegated_tenant.as_deref().unwrap_or(acting)),
        }
    }
}
