//! Runs a case through the core as a library: the same code natively and, as wasm32, under Node.

use std::sync::Arc;
use std::time::Duration;

use tenantguard::gate::{Denial, Gate, Permit, Response, Step};
use tenantguard::request::{HeaderList, Request, RequestIds};
use tenantguard::time::{Now, UnixTime};
use tenantguard_policy::Format;

use crate::corpus::table::{Case, Personas, Verdict};
use crate::corpus::{CorpusError, Prepared};
use crate::policy;
use crate::verdict::Outcome;

/// The time at which every case is decided: 2027-01-15T08:00:00Z.
pub const NOW: u64 = 1_800_000_000;

/// The gate of the corpus policy.
///
/// # Errors
/// What the compiler finds wrong with the policy, as it says it.
pub fn gate() -> anyhow::Result<Gate> {
    let compiled = tenantguard_policy::compile(policy::YAML, Format::Yaml, &policy::key_files());
    let compiled = compiled.map_err(|findings| anyhow::anyhow!("policy.yaml: {findings}"))?;
    Ok(Gate::new(Arc::new(compiled)))
}

/// Decides a case at [`NOW`].
///
/// # Errors
/// [`CorpusError`]: a mistake in the table.
pub fn run(gate: &Gate, case: &Case, personas: &Personas) -> Result<Outcome, CorpusError> {
    let headers = Prepared::new(case, personas, NOW)?.header_list();
    let ids = RequestIds::from_entropy([7; 32]);
    let request = Request { headers: &headers, mode: None, ids, certificate: None };
    let now = Now { wall: UnixTime::from_secs(NOW), monotonic: Duration::ZERO };
    Ok(match gate.begin(&request, now) {
        Step::Permit(permit) => permitted(&permit, headers.clone()),
        Step::Deny(denial) => denied(&denial),
        // The corpus policy has its keys inline and nothing to ask for.
        Step::Ask(_, need) => undecided(format!("it asks for {need:?}")),
        Step::Off => undecided("the gate is off".to_owned()),
    })
}

/// Not an outcome that any case expects.
fn undecided(reason: String) -> Outcome {
    Outcome { decision: Verdict::Deny, reason, status: None, upstream: None, response: None }
}

fn permitted(permit: &Permit, headers: HeaderList) -> Outcome {
    let upstream = match permit.changes() {
        Some(changes) => {
            let set = changes.set.iter();
            let set = set.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
            changed(headers, &changes.remove, set.collect())
        }
        None => headers,
    };
    Outcome {
        decision: Verdict::Permit,
        reason: permit.account().verdict().reason().code().to_owned(),
        status: None,
        upstream: Some(upstream),
        response: None,
    }
}

/// The headers after a permit's changes, as a proxy makes them: all removals first.
#[must_use]
pub fn changed(mut headers: HeaderList, remove: &[String], set: HeaderList) -> HeaderList {
    let is_in = |name: &str, list: &[String]| list.iter().any(|n| n.eq_ignore_ascii_case(name));
    headers.retain(|(name, _)| !is_in(name, remove));
    for (name, value) in set {
        headers.retain(|(own, _)| !own.eq_ignore_ascii_case(&name));
        headers.push((name, value));
    }
    headers
}

fn denied(denial: &Denial) -> Outcome {
    let (status, headers) = match denial.response() {
        Response::Http { status, headers, .. } => (Some(*status), headers),
        Response::Grpc { headers, .. } => (None, headers),
    };
    let headers = headers.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes()));
    Outcome {
        decision: Verdict::Deny,
        reason: denial.account().verdict().reason().code().to_owned(),
        status,
        upstream: None,
        response: Some(headers.collect()),
    }
}
