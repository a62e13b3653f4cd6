//! Lets the gate decide the cases of a suite, each by itself.

use std::time::Duration;

use tenantguard::decision::Reason;
use tenantguard::gate::Gate;
use tenantguard::request::{HeaderList, Mode, Request, RequestIds};
use tenantguard::time::Now;
use tenantguard::token::StatedClaims;
use tenantguard::trust::CertificateDigest;

use super::{Case, Coverage, Credential, Suite};
use crate::explain::{Decided, Explanation, PersonError};
use crate::source::Source;

/// How a case ended.
#[derive(Debug)]
pub struct CaseResult {
    /// The case.
    pub case: Case,
    /// Its name.
    pub name: String,
    /// What was decided.
    pub reason: Reason,
    /// What is wrong with it, if anything is.
    pub failed: Option<Failed>,
}

/// A case that did not come out as expected.
#[derive(Debug)]
pub struct Failed {
    /// Why it was decided so.
    pub explanation: Explanation,
}

/// Runs the cases whose names have `filter` in them, and notes in `coverage` what they touch.
///
/// # Errors
/// [`PersonError`] if somebody can have no claims.
pub fn run(
    suite: &Suite,
    source: &Source,
    gate: &Gate,
    filter: &str,
    coverage: &mut Coverage,
) -> Result<Vec<CaseResult>, PersonError> {
    let identities: Vec<Identity> = suite
        .principals
        .iter()
        .map(|principal| Identity::of(&principal.credential, source, gate, suite.now))
        .collect::<Result<_, _>>()?;
    let mut results = Vec::new();
    for case in &suite.cases {
        let name = suite.name(case);
        let ask = suite.requests.get(case.request);
        let (Some(identity), Some(ask)) = (identities.get(case.principal), ask) else { continue };
        if !name.contains(filter) {
            continue;
        }
        let headers = identity.headers(&ask.headers, gate);
        let request = identity.request(&headers);
        let now = Now { wall: suite.now, monotonic: Duration::ZERO };
        let decided = match &identity.claims {
            Some(claims) => Decided::assuming(gate, &request, claims, now),
            None => Decided::by(gate, &request, now, |_| {}),
        };
        coverage.note(&decided, source, suite.now);
        let reason = decided.reason();
        let failed = (!case.expected.value.is_met_by(reason))
            .then(|| Failed { explanation: Explanation::of(&decided, source, suite.now) });
        results.push(CaseResult { case: case.clone(), name, reason, failed });
    }
    Ok(results)
}

/// What somebody comes with, ready for any request.
struct Identity {
    claims: Option<StatedClaims>,
    token: Option<String>,
    certificate: Option<CertificateDigest>,
}

impl Identity {
    fn of(
        credential: &Credential,
        source: &Source,
        gate: &Gate,
        now: tenantguard::time::UnixTime,
    ) -> Result<Self, PersonError> {
        Ok(match credential {
            Credential::Nobody => Self { claims: None, token: None, certificate: None },
            Credential::Token(token) => {
                Self { claims: None, token: Some(token.clone()), certificate: None }
            }
            Credential::Person(person) => {
                let assumed = person.assume(source, gate.policy(), now)?;
                let claims = Some(assumed.claims);
                Self { claims, token: None, certificate: assumed.certificate }
            }
        })
    }

    fn headers(&self, asked: &HeaderList, gate: &Gate) -> HeaderList {
        let mut headers = asked.clone();
        let source = gate.policy().token_source();
        headers.extend(self.token.as_ref().map(|token| crate::explain::credential(source, token)));
        headers
    }

    /// Always enforced: a test is about what the policy means, not how far it is rolled out.
    fn request<'r>(&self, headers: &'r HeaderList) -> Request<'r> {
        let ids = RequestIds::from_entropy([0; 32]);
        Request { headers, mode: Some(Mode::Enforce), ids, certificate: self.certificate }
    }
}
