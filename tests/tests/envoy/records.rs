//! What a request leaves in the log: an audit record, a usage event if it is billed, and a line of
//! its own if it met no gate.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tenantguard_e2e::client;

use crate::world::{World, text};

pub(crate) fn agree(world: &World) -> Result<()> {
    let outcome = world.ask(r#"{"token": {}, "request": {"path": "/api/v1/reports/7"}}"#)?;
    let audit = world.audit(&outcome)?;
    let seen = outcome.upstream.as_ref().context("it did not arrive")?;
    for (field, value) in [
        ("decision", "permit"),
        ("reason", "permit"),
        ("mode", "enforce"),
        ("acting_tenant", "acme"),
        ("resource_tenant", "acme"),
        ("principal", "platform/alice"),
        ("issuer", "https://id.example.com"),
        ("method", "GET"),
        ("route", "/api/v1/reports/{report}"),
        ("permission", "reports:read"),
        ("source_ip", "127.0.0.1"),
    ] {
        ensure!(text(&audit, field) == Some(value), "{field} is not {value}: {audit}");
    }
    let context = text(&audit, "tenant_context_id");
    ensure!(context.is_some() && context == seen.header("x-tenant-context-id"), "{audit}");
    for field in ["token", "policy", "instance", "time"] {
        ensure!(text(&audit, field).is_some_and(|value| !value.is_empty()), "{field}: {audit}");
    }

    let id = audit.get("audit_id");
    let is_ours = |line: &Value| line.pointer("/usage/data/audit_id") == id;
    let line = world.envoy.access_log().wait_for("the usage event", is_ours)?;
    let usage = line.get("usage").context("no usage")?;
    for (field, value) in
        [("specversion", "1.0"), ("type", "io.tenantguard.usage.api_call"), ("subject", "acme")]
    {
        ensure!(text(usage, field) == Some(value), "{field} is not {value}: {usage}");
    }
    ensure!(line.get("code") == Some(&json!(200)), "{line}");
    Ok(())
}

/// Envoy answers what is no HTTP, or what it cannot normalize, before any filter.
pub(crate) fn before_the_gate(world: &World) -> Result<()> {
    let path = "/api/v1/%00/before-the-gate";
    let request = format!("GET {path} HTTP/1.1\r\nhost: api.example.com\r\n\r\n");
    let response = client::send(world.envoy.address(), request.as_bytes())?;
    ensure!(response.status == 400, "got {}", response.status);
    let is_ours = |line: &Value| {
        let path = line.pointer("/ungated/path").and_then(Value::as_str);
        path.is_some_and(|path| path.contains("before-the-gate"))
    };
    let line = world.envoy.access_log().wait_for("the refused request", is_ours)?;
    ensure!(line.get("code") == Some(&json!(400)), "{line}");
    Ok(())
}

/// Each VM counts its records at log time from 1, so that a lost line shows as a gap.
pub(crate) fn sequence() -> Result<()> {
    World::with(
        |_| Ok(()),
        |world| {
            for case in [
                r#"{"token": {}, "request": {"path": "/api/v1/reports/7"}}"#,
                r#"{"request": {"path": "/api/v1/reports/7"}}"#,
                r#"{"request": {"path": "/healthz"}}"#,
                r#"{"request": {"path": "/api/v2/reports/7"}}"#,
            ]
            .repeat(5)
            {
                world.ask(case)?;
            }
            world.settle_log()?;
            let count = no_gap(world)?;
            ensure!(count == 21, "21 requests left {count} records");
            Ok(())
        },
    )
}

/// Fails if a number is missing or there twice; says how many records there are.
pub(crate) fn no_gap(world: &World) -> Result<usize> {
    let mut sequences: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for line in world.envoy.access_log().lines()? {
        let Some(audit) = line.get("audit") else { continue };
        let instance = text(audit, "instance").context("no instance")?.to_owned();
        let number = audit.get("sequence").and_then(Value::as_u64).context("no sequence")?;
        sequences.entry(instance).or_default().push(number);
    }
    let count = sequences.values().map(Vec::len).sum();
    for (instance, mut numbers) in sequences {
        numbers.sort_unstable();
        ensure!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{instance}: {numbers:?}");
    }
    Ok(count)
}
