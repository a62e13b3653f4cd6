//! TenantGuard is rolled out route by route: `mode` in a route's metadata (design: shadow is
//! transparent, off does not look, anything else enforces).

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tenantguard_e2e::envoy::Config;

use crate::world::{Outcome, World, text};

/// The identity headers as an application behind a shadowed route may already use them.
const PRESENT: [(&str, &str); 3] =
    [("x-tenant-id", "acme"), ("x-tenant-roles", "owner"), ("X_Tenant_Cell", "elsewhere")];

pub(crate) fn shadowed_permit(world: &World) -> Result<()> {
    let outcome = ask(world, "shadow-permit", json!({"claims": {"sub": "shadow-permit"}}))?;
    untouched(&outcome)?;
    let is_ours = |line: &Value| {
        line.pointer("/audit/principal").and_then(Value::as_str) == Some("platform/shadow-permit")
    };
    let line = world.envoy.access_log().wait_for("the shadowed permit", is_ours)?;
    let audit = line.get("audit").context("no audit record")?;
    ensure!(text(audit, "mode") == Some("shadow"), "{audit}");
    ensure!(text(audit, "decision") == Some("permit"), "{audit}");
    let differs = audit.pointer("/shadow/differs").context("no differs")?;
    // x-tenant-id is as it would be set; the other two are not.
    ensure!(*differs == json!(["x-tenant-cell", "x-tenant-roles"]), "{differs}");

    world.settle_log()?;
    let id = audit.get("audit_id");
    let lines = world.envoy.access_log().lines()?;
    ensure!(
        !lines.iter().any(|line| line.pointer("/usage/data/audit_id") == id),
        "looking on was billed"
    );
    Ok(())
}

pub(crate) fn shadowed_denial(world: &World) -> Result<()> {
    let outcome = ask(world, "shadow-denial", json!({"claims": {"exp": "now-900"}}))?;
    untouched(&outcome)?;
    let is_ours = |line: &Value| {
        let audit = |field| line.get("audit").and_then(|audit| text(audit, field));
        audit("mode") == Some("shadow") && audit("reason") == Some("token.expired")
    };
    let line = world.envoy.access_log().wait_for("the shadowed denial", is_ours)?;
    ensure!(line.pointer("/audit/decision") == Some(&json!("deny")), "{line}");
    ensure!(line.get("code") == Some(&json!(200)), "{line}");
    Ok(())
}

pub(crate) fn off(world: &World) -> Result<()> {
    let headers = json!(PRESENT);
    let request = json!({"request": {"path": "/legacy/off?by=test", "headers": headers}});
    let outcome = world.ask(&request.to_string())?;
    untouched(&outcome)?;
    let is_ours =
        |line: &Value| line.pointer("/ungated/path") == Some(&json!("/legacy/off?by=test"));
    let line = world.envoy.access_log().wait_for("the ungated request", is_ours)?;
    ensure!(line.get("code") == Some(&json!(200)), "{line}");
    ensure!(line.get("audit").is_none(), "{line}");
    Ok(())
}

pub(crate) fn unknown_mode() -> Result<()> {
    let misspelled = |config: &mut Config| {
        let route = json!({
            "match": {"prefix": "/"},
            "metadata": {"filter_metadata": {"tenantguard": {"mode": "Off"}}},
            "route": {"cluster": "shared"},
        });
        *config.routes()? = vec![route];
        Ok(())
    };
    World::with(misspelled, |world| {
        let outcome = world.ask(r#"{"request": {"path": "/api/v1/reports/7"}}"#)?;
        ensure!(outcome.response.status == 401, "got {}", outcome.response.status);
        ensure!(outcome.upstream.is_none(), "it went on");
        Ok(())
    })
}

fn ask(world: &World, report: &str, token: Value) -> Result<Outcome> {
    let path = format!("/api/v2/reports/{report}");
    world.ask(&json!({"token": token, "request": {"path": path, "headers": PRESENT}}).to_string())
}

/// It arrived with the client's own headers and with none of ours.
fn untouched(outcome: &Outcome) -> Result<()> {
    ensure!(outcome.response.status == 200, "got {}", outcome.response.status);
    let seen = outcome.upstream.as_ref().context("it did not arrive")?;
    let own = tenantguard::headers::HeaderNames::new("x-")?;
    let mut arrived: Vec<(String, String)> = seen
        .headers
        .iter()
        .filter(|(name, _)| own.recognize(name).is_some())
        .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
        .collect();
    arrived.sort();
    let mut sent = PRESENT.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    sent.sort();
    ensure!(arrived == sent, "arrived with {arrived:?}, sent with {sent:?}");
    Ok(())
}
