//! Who a token speaks for, apart from any request: what the control service asks to know its
//! callers, to answer introspection (RFC 7662), and to revoke a token by its text (RFC 7009).
//!
//! The checks are those of a request, from the issuer to the effective permissions. Whether the
//! client that shows the token is the one that it is for is a question of its own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::bearer::Bearer;
use super::pipeline::Stop;
use super::{Facts, Gate, Need, Waited};
pub use crate::control::Handles;
use crate::decision::{BindingError, Refusal};
use crate::identity::{PrincipalId, TenantId};
use crate::request::{Request, RequestIds};
use crate::time::{Now, UnixTime};
use crate::token::CompactToken;
use crate::trust::CertificateDigest;

/// Who a valid token speaks for, and everything that a revocation could name it by.
#[derive(Clone)]
pub struct Identity {
    bearer: Arc<Bearer>,
    text: Box<str>,
    /// Its `iss`.
    pub issuer: Box<str>,
    /// Its `jti`, if it has one.
    pub id: Option<String>,
    /// Its `sid`, if it has one.
    pub session: Option<String>,
    /// The `kid` of the key that signed it, if it has one.
    pub key: Option<String>,
    /// Its `iat`.
    pub issued: UnixTime,
    /// Its `exp`.
    pub expires: UnixTime,
    /// How far its issuer's clock may be off.
    pub skew: Duration,
    handles: Handles,
}

/// Why nobody knows who a token speaks for.
#[derive(Debug)]
pub enum Unidentified {
    /// The token is not good.
    Refused(Refusal),
    /// Something is needed first.
    Needs(Need),
}

impl Gate {
    /// Who the token speaks for. With `has_waited`, nothing more is asked for.
    ///
    /// # Errors
    /// [`Unidentified`]
    pub fn identify(
        &self,
        text: &str,
        now: Now,
        has_waited: bool,
    ) -> Result<Identity, Unidentified> {
        let ids = RequestIds::from_entropy([0; 32]);
        let request = Request { headers: &[], mode: None, ids, certificate: None };
        let waited = if has_waited { Waited::Answer } else { Waited::Nothing };
        self.identified(text, &request, now, waited).map_err(|stop| match stop {
            Stop::Refused(refusal) => Unidentified::Refused(refusal),
            Stop::Needs(need) => Unidentified::Needs(need),
        })
    }

    fn identified(
        &self,
        text: &str,
        request: &Request<'_>,
        now: Now,
        waited: Waited,
    ) -> Result<Identity, Stop> {
        let token = CompactToken::parse(text).map_err(Refusal::from)?;
        let claimed = token.claimed_issuer().ok_or(Refusal::NoIssuer)?;
        let (id, issuer) =
            self.policy.find_issuer(claimed).ok_or_else(|| Refusal::Issuer(claimed.to_owned()))?;
        let pipeline = self.pipeline(request, now, waited);
        let verified = pipeline.verify(token, id, issuer)?;
        let claims = verified.claims(issuer, now.wall).map_err(Refusal::from)?;
        let mut facts = Facts::default();
        let bearer = Bearer::new(pipeline.known(), (id, issuer), &claims, text, &mut facts)?;
        let (principal, tenant) = (&bearer.principal, &bearer.home.id);
        let handles = Handles::of(issuer, tenant, principal, &claims, text);
        Ok(Identity {
            issuer: issuer.url.clone(),
            handles,
            skew: issuer.skew,
            id: claims.id,
            session: claims.session,
            key: claims.key,
            issued: claims.issued,
            expires: claims.expires,
            bearer: Arc::new(bearer),
            text: text.into(),
        })
    }
}

impl Identity {
    /// The token itself.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Who acts.
    #[must_use]
    pub fn principal(&self) -> &PrincipalId {
        &self.bearer.principal
    }

    /// For which tenant.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.bearer.home.id
    }

    /// The roles, with commas between them.
    #[must_use]
    pub fn roles(&self) -> &str {
        &self.bearer.roles_text
    }

    /// The permissions that are in effect at home, with spaces between them.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.bearer.scope_text
    }

    /// Whether the client that shows the token is the one that it is for.
    ///
    /// # Errors
    /// [`BindingError`]
    pub fn is_shown_by(&self, client: Option<&CertificateDigest>) -> Result<(), BindingError> {
        self.bearer.is_shown_by(client)
    }

    /// Everything that a revocation could name it by.
    #[must_use]
    pub fn handles(&self) -> Handles {
        self.handles.clone()
    }
}

impl fmt::Debug for Identity {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("bearer", &self.bearer).finish_non_exhaustive()
    }
}
