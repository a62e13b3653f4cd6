//! The gate's own checks, by way of a request that the policy has a route for. Nothing is decided
//! anew here, and nothing in the policy is changed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tenantguard::artifact::{Policy, RouteId};
use tenantguard::decision::{Check, Reason};
use tenantguard::gate::{Gate, Step};
use tenantguard::request::{HeaderList, Request, RequestIds};
use tenantguard::time::Now;
use tenantguard_policy::Checked;
use tenantguard_policy::explain::{Decided, credential};

use super::Examined;
use crate::decide::Moment;
use crate::failure::Failure;
use crate::keys::GivenKeys;

/// A gate, and a request that it asks for a token.
pub(super) struct Examiner {
    gate: Gate,
    request: HeaderList,
    /// What the proxy would fetch.
    keys: GivenKeys,
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
        Ok(Self { gate, request, keys: GivenKeys::read(keys)? })
    }

    pub(super) fn examine(&self, token: &str, at: Moment) -> Examined {
        let now = Now { wall: at.into(), monotonic: Duration::ZERO };
        let mut headers = self.request.clone();
        headers.push(credential(self.gate.policy().token_source(), token));
        let request = request(&headers);
        examined(&Decided::by(&self.gate, &request, now, |need| {
            self.keys.give(&self.gate, need, now)
        }))
    }
}

fn request(headers: &HeaderList) -> Request<'_> {
    let ids = RequestIds::from_entropy([0; 32]);
    Request { headers, mode: None, ids, certificate: None }
}

/// A request to which the gate says that the token is missing, and nothing else.
fn protected_request(gate: &Gate) -> Option<HeaderList> {
    let policy = gate.policy();
    let routes = (0..).map_while(|id| policy.route(RouteId(id)));
    let mut requests = routes.flat_map(|route| {
        let path = example_path(route.template());
        route.methods().map(move |method| -> HeaderList {
            let method = method.name.as_bytes().to_vec();
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
    let issuer = facts.and_then(|facts| policy_issuer(decided.policy(), facts.issuer?));
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
