//! The corpus in Envoy: decision and reason from the audit record, the status that the client got,
//! and the headers that the upstream saw. A denied request must not have arrived anywhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tenantguard_e2e::corpus::table::{Case, Verdict};
use tenantguard_e2e::corpus::{Corpus, Prepared, Runner};
use tenantguard_e2e::upstream::Seen;
use tenantguard_e2e::verdict::{self, differences};

use crate::places::Place;
use crate::world::{Shared, World, text, unix_now};

pub(crate) fn trials(shared: &Arc<Shared>) -> Result<Vec<Trial>> {
    let corpus = Corpus::load()?;
    let personas = Arc::new(corpus.personas.clone());
    let tables = corpus.tables.iter();
    let places: BTreeMap<_, _> =
        tables.map(|(name, table)| (name.as_str(), Arc::new(Place::of(table, shared)))).collect();
    let trial = |(table, case): (&str, &Case)| {
        let (place, personas, case) = (places[table].clone(), personas.clone(), case.clone());
        Trial::test(format!("{table}: {}", case.name), move || {
            let world = place.world()?;
            let request = Prepared::new(&case, &personas, unix_now().map_err(crate::failed)?)?;
            let found = check(world, &case, &request).map_err(crate::failed)?;
            if found.is_empty() { Ok(()) } else { Err(Failed::from(found.join("\n"))) }
        })
    };
    Ok(corpus.cases(Runner::Envoy).map(trial).collect())
}

fn check(world: &World, case: &Case, request: &Prepared) -> Result<Vec<String>> {
    let outcome = world.send(request)?;
    let audit = world.audit(&outcome)?;
    let decision = match text(&audit, "decision") {
        Some("permit") => Verdict::Permit,
        _ => Verdict::Deny,
    };
    match (decision, &outcome.upstream) {
        (Verdict::Permit, Some(seen)) => {
            ensure!(outcome.response.status == 200, "a permit got {}", outcome.response.status);
            ensure!(
                seen.header("x-tenant-cell") == Some(&seen.cell),
                "it arrived in the cell {}, and x-tenant-cell says {:?}",
                seen.cell,
                seen.header("x-tenant-cell")
            );
        }
        (Verdict::Permit, None) => anyhow::bail!("a permitted request did not arrive"),
        (Verdict::Deny, Some(seen)) => anyhow::bail!("a denied request arrived at {}", seen.cell),
        (Verdict::Deny, None) => {}
    }
    let usage = match case.expect.usage.is_empty() {
        true => None,
        false => Some(usage_event(world, case, &audit)?),
    };
    let outcome = verdict::Outcome {
        decision,
        reason: text(&audit, "reason").context("the record has no reason")?.to_owned(),
        status: (decision == Verdict::Deny).then_some(outcome.response.status),
        upstream: outcome.upstream.map(with_pseudo_headers),
        response: Some(outcome.response.headers),
        audit: Some(audit),
        usage,
    };
    Ok(differences(&case.expect, &outcome))
}

/// The usage event of a request, null if there is none. One that is not expected is waited for until
/// it would be there.
fn usage_event(world: &World, case: &Case, audit: &Value) -> Result<Value> {
    let is_ours = |line: &Value| line.pointer("/usage/data/audit_id") == audit.get("audit_id");
    let line = match case.expect.usage.values().all(Value::is_null) {
        true => {
            world.settle_log()?;
            world.envoy.access_log().lines()?.into_iter().find(is_ours)
        }
        false => Some(world.envoy.access_log().wait_for("the usage event", is_ours)?),
    };
    Ok(line.and_then(|mut line| line.get_mut("usage").map(Value::take)).unwrap_or_default())
}

/// So that a table can name `:path` of the request as the upstream got it.
fn with_pseudo_headers(seen: Seen) -> Vec<(String, Vec<u8>)> {
    let mut headers = seen.headers;
    headers.push((":path".to_owned(), seen.path.into_bytes()));
    headers.push((":method".to_owned(), seen.method.into_bytes()));
    headers
}
