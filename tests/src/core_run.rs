//! Runs a case through the core as a library: the same code natively and, as wasm32, under Node.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tenantguard::artifact::Policy;
use tenantguard::audit::{self, Author, Origin};
use tenantguard::control::{Entry, HistoryId, Manifest, Position, ReplicaKey, ShardWriter};
use tenantguard::gate::{Control, Denial, Gate, Permit, Response, Step};
use tenantguard::replica::{Progress, Word};
use tenantguard::request::{HeaderList, Request, RequestIds};
use tenantguard::time::{Now, UnixTime};
use tenantguard::usage;

use crate::corpus::table::{Case, Personas, Verdict};
use crate::corpus::{CorpusError, Prepared, Setting};
use crate::verdict::Outcome;

/// Who decides, in records.
const PROXY: &str = "core";
/// The time at which every case is decided: 2027-01-15T08:00:00Z.
pub const NOW: u64 = 1_800_000_000;

/// The gate of a setting, with a copy of the control state if the setting has any.
///
/// # Errors
/// What is wrong with the setting.
pub fn gate(setting: &Setting) -> anyhow::Result<Gate> {
    let gate = Gate::new(Arc::new(setting.compile()?));
    if setting.living.is_empty() {
        return Ok(gate);
    }
    let gate = gate.with_control(ReplicaKey::new([7; 16]));
    let entries = setting.living.iter().cloned().map(|one| Entry::Delegation(Box::new(one)));
    take_snapshot(gate.control().context("the gate has no copy")?, entries)?;
    Ok(gate)
}

/// Has a copy take entries as its first snapshot, which is fresh for a minute.
fn take_snapshot(control: &Control, entries: impl Iterator<Item = Entry>) -> anyhow::Result<()> {
    let mut writer = ShardWriter::default();
    for entry in entries {
        ensure!(writer.push(&entry), "the delegations do not fit into one shard");
    }
    let (shard, named) = writer.finish();
    let position = Position::start(HistoryId::from_bytes([1; 16]));
    control.take_manifest(&Manifest { position, shards: vec![named] }.encode())?;
    control.take_shard(shard)?;
    while control.proceed(100)? == Progress::More {}
    let (sent, lease) = (Duration::ZERO, Duration::from_secs(60));
    control.renew(&Word { head: position, sent, lease }, sent);
    Ok(())
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
        Step::Permit(permit) => permitted(gate.policy(), &permit, headers.clone()),
        Step::Deny(denial) => denied(gate.policy(), &denial),
        // The policies have their keys inline, the copy is there, and no route asks.
        Step::Ask(_, need) => undecided(format!("it asks for {need:?}")),
        Step::Off => undecided("the gate is off".to_owned()),
    })
}

/// Not an outcome that any case expects.
fn undecided(reason: String) -> Outcome {
    let decision = Verdict::Deny;
    Outcome {
        decision,
        reason,
        status: None,
        upstream: None,
        response: None,
        audit: None,
        usage: None,
    }
}

fn permitted(policy: &Policy, permit: &Permit, headers: HeaderList) -> Outcome {
    let upstream = match permit.changes() {
        Some(changes) => {
            let set = changes.set.iter();
            let set = set.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
            changed(headers, &changes.remove, set.collect())
        }
        None => headers,
    };
    let told = permit.told(policy);
    let told = told.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let author = Author::new(policy, PROXY, "0");
    let place = audit::Position { author: &author, sequence: 1 };
    let record = audit::permitted(policy, permit, &Origin::default(), place);
    let event = usage::event(policy, permit, PROXY);
    Outcome {
        decision: Verdict::Permit,
        reason: permit.account().verdict().reason().code().to_owned(),
        status: None,
        upstream: Some(upstream),
        response: Some(told.into_iter().collect()),
        audit: serde_json::from_slice(&record).ok(),
        usage: Some(event.and_then(|it| serde_json::from_slice(&it).ok()).unwrap_or_default()),
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

fn denied(policy: &Policy, denial: &Denial) -> Outcome {
    let (status, headers) = match denial.response() {
        Response::Http { status, headers, .. } => (Some(*status), headers),
        Response::Grpc { headers, .. } => (None, headers),
    };
    let headers = headers.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes()));
    let author = Author::new(policy, PROXY, "0");
    let place = audit::Position { author: &author, sequence: 1 };
    let record = audit::denied(policy, denial.account(), &Origin::default(), place);
    Outcome {
        decision: Verdict::Deny,
        reason: denial.account().verdict().reason().code().to_owned(),
        status,
        upstream: None,
        response: Some(headers.collect()),
        audit: serde_json::from_slice(&record).ok(),
        usage: Some(Value::Null),
    }
}
