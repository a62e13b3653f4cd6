//! A CORS preflight (Fetch standard) carries no credentials, so it passes for a known route and
//! method, and tells the upstream of nobody.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tenantguard::headers::HeaderNames;

use crate::world::{Outcome, World, text};

pub(crate) fn passes(world: &World) -> Result<()> {
    let outcome = preflight(world, "/api/v1/reports/7", "PUT")?;
    let audit = world.audit(&outcome)?;
    ensure!(text(&audit, "reason") == Some("preflight"), "{audit}");
    ensure!(audit.get("principal") == Some(&Value::Null), "{audit}");
    let seen = outcome.upstream.as_ref().context("it did not arrive")?;
    ensure!(seen.method == "OPTIONS", "arrived as {}", seen.method);
    let own = HeaderNames::new("x-")?;
    let mut names: Vec<_> = seen
        .headers
        .iter()
        .filter_map(|(name, _)| own.recognize(name))
        .map(|h| own.name(h))
        .collect();
    names.sort_unstable();
    ensure!(names == ["x-audit-id", "x-tenant-cell", "x-tenant-context-id"], "{names:?}");

    world.settle_log()?;
    let id = audit.get("audit_id");
    let lines = world.envoy.access_log().lines()?;
    ensure!(!lines.iter().any(|l| l.pointer("/usage/data/audit_id") == id), "it was billed");
    Ok(())
}

pub(crate) fn needs_a_route(world: &World) -> Result<()> {
    for (path, method, reason, status) in [
        ("/api/v1/reports/7", "PATCH", "route.method", 405),
        ("/api/v1/nothing", "GET", "route.unknown", 403),
    ] {
        let outcome = preflight(world, path, method)?;
        let audit = world.audit(&outcome)?;
        ensure!(text(&audit, "reason") == Some(reason), "{audit}");
        ensure!(outcome.response.status == status, "got {}", outcome.response.status);
        ensure!(outcome.upstream.is_none(), "it went on");
    }
    Ok(())
}

fn preflight(world: &World, path: &str, method: &str) -> Result<Outcome> {
    let headers = json!([
        ["origin", "https://app.example.com"],
        ["access-control-request-method", method],
        ["access-control-request-headers", "authorization"],
        ["x-tenant-id", "acme"],
    ]);
    let request = json!({"method": "OPTIONS", "path": path, "headers": headers});
    world.ask(&json!({"request": request}).to_string())
}
