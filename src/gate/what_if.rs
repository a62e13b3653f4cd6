//! What the gate would decide if a token with these claims came, signed by its issuer. For the
//! command line and for tests of policies: the checks before and after the token are the real ones,
//! token and signature are left out, and no cache is read or filled.
//!
//! Only with the feature `what-if`. A build for the proxy refuses that feature, so that no request is
//! ever decided on unsigned claims.

use std::sync::Arc;

use super::bearer::Bearer;
use super::pipeline::{Pipeline, Stop};
use super::{Facts, Gate, Step, Waited};
use crate::decision::Refusal;
use crate::request::Request;
use crate::time::Now;
use crate::token::StatedClaims;

#[cfg(all(target_arch = "wasm32", target_os = "wasi"))]
compile_error!("the feature `what-if` decides on unsigned claims and must not be in a filter");

impl Gate {
    /// Decides a request as if its token had these claims and a good signature. What the request has
    /// for a token is not looked at.
    #[must_use]
    pub fn begin_with_claims(
        &self,
        request: &Request<'_>,
        claims: &StatedClaims,
        now: Now,
    ) -> Step {
        let mut pipeline = self.pipeline(request, now, Waited::Answer);
        pipeline.stated = Some(claims);
        self.settle(&pipeline)
    }
}

impl Pipeline<'_> {
    /// As [`Pipeline::bearer`], from the issuer on and without its signature.
    pub(super) fn stated_bearer(
        &self,
        stated: &StatedClaims,
        facts: &mut Facts,
    ) -> Result<Arc<Bearer>, Stop> {
        let claimed = stated.issuer().ok_or(Refusal::NoIssuer)?;
        let (id, issuer) =
            self.policy.find_issuer(claimed).ok_or_else(|| Refusal::Issuer(claimed.to_owned()))?;
        facts.issuer = Some(id);
        let claims = stated.claims(issuer, self.now.wall).map_err(Refusal::from)?;
        let bearer = Bearer::new(self.known(), (id, issuer), &claims, "", facts)
            .map_err(|refusal| self.unless_known_later(refusal))?;
        bearer.is_shown_by(self.request.certificate.as_ref()).map_err(Refusal::from)?;
        Ok(Arc::new(bearer))
    }
}
