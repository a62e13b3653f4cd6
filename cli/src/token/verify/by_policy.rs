//! The gate's own checks, by way of a request that the policy has a route for. Nothing is decided
//! anew here, and nothing in the policy is changed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tenantguard::artifact::{Policy, RouteId};
use tenantguard::credential::TokenSource;
use tenantguard::decision::{Check, Reason};
use tenantguard::gate::{Gate, Need, Step};
use tenantguard::keyring::FetchAnswer;
use tenantguard::request::{HeaderList, Mode, Request, RequestIds};
use tenantguard::time::Now;
use tenantguard_policy::Checked;

use super::Examined;
use crate::decide::Moment;
use crate::decide::account::Decided;
use crate::failure::Failure;
use crate::files::read_text;
use crate::output::{self, bytes_human, styled};

/// A gate, and a request that it asks for a token.
pub(super) struct Examiner {
    gate: Gate,
    request: HeaderList,
    /// What the proxy would fetch.
    keys: Option<String>,
}

impl Examiner {
    pub(super) fn new(checked: Checked, file: &Path, keys: Option<&Path>) -> Result<Self, Failure> {
        let unusable = |reason: String| Failure::Option {
            option: "--policy",
            value: file.display().to_string(),
            reason,
        };
        let policy = checked.compile().map_err(|findings| unusable(findings.to_string()))?;
        let gate = Gate::new(Arc::new(policy));
        let request = protected_request(&gate)
            .ok_or_else(|| unusable("it has no route that asks for a token".to_owned()))?;
        Ok(Self { gate, request, keys: keys.map(read_text).transpose()? })
    }

    pub(super) fn examine(&self, token: &str, at: Moment) -> Examined {
        let now = Now { wall: at.into(), monotonic: Duration::ZERO };
        let mut headers = self.request.clone();
        headers.push(credential(self.gate.policy().token_source(), token));
        let request = request(&headers);
        let mut step = self.gate.begin(&request, now);
        while let Step::Ask(pending, need) = step {
            self.answer(need, now);
            step = self.gate.resume(&pending, now);
        }
        examined(&Decided::new(self.gate.policy(), &request, step))
    }

    /// Gives the gate the keys that it asks for, as the proxy would.
    fn answer(&self, Need::Keys(issuer): Need, now: Now) {
        let url = self.gate.policy().issuer(issuer).map_or("", |issuer| &issuer.url);
        let note = styled(output::WARNING, "note");
        let Some(keys) = &self.keys else {
            anstream::eprintln!(
                "{note}: the proxy fetches the keys of {url}; give them with --keys"
            );
            return;
        };
        let answer = FetchAnswer::Body { body: keys.as_bytes(), etag: None, max_age: None };
        if let Err(error) = self.gate.take_keys(issuer, &answer, Duration::ZERO, now) {
            let error = bytes_human(error.to_string().as_bytes());
            anstream::eprintln!("{note}: --keys is of no use for {url}: {error}");
        }
    }
}

fn request(headers: &HeaderList) -> Request<'_> {
    let ids = RequestIds::from_entropy([0; 32]);
    Request { headers, mode: Mode::Enforce, ids, certificate: None }
}

fn credential(source: &TokenSource, token: &str) -> (String, Vec<u8>) {
    let (name, value) = match source {
        TokenSource::Authorization => ("authorization".to_owned(), format!("Bearer {token}")),
        TokenSource::Header(name) => (name.to_string(), token.to_owned()),
        TokenSource::Cookie(name) => ("cookie".to_owned(), format!("{name}={token}")),
    };
    (name, value.into_bytes())
}

/// A request to which the gate says that the token is missing, and nothing else.
fn protected_request(gate: &Gate) -> Option<HeaderList> {
    let policy = gate.policy();
    let routes = (0..).map_while(|id| policy.route(RouteId(id)));
    let mut requests = routes.flat_map(|route| {
        let path = example_path(route.template.as_str());
        route.methods().map(move |method| -> HeaderList {
            let method = method.as_str().as_bytes().to_vec();
            vec![(":method".to_owned(), method), (":path".to_owned(), path.clone().into_bytes())]
        })
    });
    requests.find(|headers| {
        let now =
            Now { wall: tenantguard::time::UnixTime::from_secs(0), monotonic: Duration::ZERO };
        matches!(
            gate.begin(&request(headers), now),
            Step::Deny(denial) if denial.account().verdict().reason() == Reason::TokenMissing
        )
    })
}

/// A path of a route: its parameters get a value.
fn example_path(template: &str) -> String {
    let segments = template.split('/').map(|segment| match segment.starts_with('{') {
        true => "example",
        false => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Leaves aside what comes before the token and what comes after it.
fn examined(decided: &Decided<'_>) -> Examined {
    let is_of_token = |check: &Check| (Check::Token..=Check::Tenant).contains(check);
    let reason = decided.reason();
    let is_refused = !decided.is_permitted() && is_of_token(&reason.check());
    let facts = decided.facts();
    let issuer = facts.and_then(|facts| policy_issuer(decided.policy, facts.issuer?));
    Examined {
        refused: is_refused.then(|| (reason, decided.detail().unwrap_or_default())),
        checks: decided.steps().into_iter().filter(|step| is_of_token(&step.check)).collect(),
        issuer,
        principal: facts.and_then(|facts| facts.principal.as_ref()).map(ToString::to_string),
        tenant: facts.and_then(|facts| facts.acting_tenant.as_ref()).map(ToString::to_string),
    }
}

fn policy_issuer(policy: &Policy, id: tenantguard::trust::IssuerId) -> Option<String> {
    policy.issuer(id).map(|issuer| issuer.url.to_string())
}
