//! Envoy routes again after the filter has changed headers, while the filter decided on the mode of
//! the first route. So a route with a mode must never be chosen by a header that the filter sets:
//! one test shows what happens otherwise, one that the deployed configuration is not so.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tenantguard::headers::HeaderNames;
use tenantguard_e2e::envoy::Config;

use crate::world::{World, text};

/// Two routes, chosen by `x-tenant-id`, with different modes: the mistake.
fn with_trap(config: &mut Config) -> Result<()> {
    let route = |name: &str, mode: &str| {
        json!({
            "match": {"prefix": "/"},
            "metadata": {"filter_metadata": {"tenantguard": {"mode": mode}}},
            "route": {"cluster": "shared"},
            "request_headers_to_add": [{"header": {"key": "x-route", "value": name}}],
        })
    };
    let mut pilot = route("shadow route", "shadow");
    if let Some(matched) = pilot.get_mut("match").and_then(Value::as_object_mut) {
        let header = json!({"name": "x-tenant-id", "string_match": {"exact": "acme"}});
        matched.insert("headers".to_owned(), json!([header]));
    }
    *config.routes()? = vec![pilot, route("enforced route", "enforce")];
    Ok(())
}

pub(crate) fn trap() -> Result<()> {
    World::with(with_trap, |world| {
        // Decided on the enforced route, sent by the shadow route.
        let outcome = world.ask(r#"{"token": {}, "request": {"path": "/api/v1/reports/7"}}"#)?;
        let audit = world.audit(&outcome)?;
        let seen = outcome.upstream.as_ref().context("it did not arrive")?;
        ensure!(text(&audit, "mode") == Some("enforce"), "{audit}");
        ensure!(seen.header("x-route") == Some("shadow route"), "{:?}", seen.headers);

        // Worse: whoever sends the header chooses the mode, and needs no token.
        let forged =
            r#"{"request": {"path": "/api/v1/reports/7", "headers": [["x-tenant-id", "acme"]]}}"#;
        let outcome = world.ask(forged)?;
        let seen = outcome.upstream.as_ref().context("the forged header was not believed")?;
        ensure!(seen.header("x-tenant-id") == Some("acme"), "{:?}", seen.headers);
        Ok(())
    })
}

pub(crate) fn deployed() -> Result<()> {
    let mut config = Config::deployed()?;
    let found = modes_chosen_by_our_headers(config.routes()?)?;
    ensure!(found.is_empty(), "routes of envoy.yaml have the trap: {found:?}");
    // The check itself sees the trap when it is there.
    with_trap(&mut config)?;
    ensure!(modes_chosen_by_our_headers(config.routes()?)? == [0], "the check is blind");
    Ok(())
}

/// The routes, by position, that have a mode and match a header that we own.
fn modes_chosen_by_our_headers(routes: &[Value]) -> Result<Vec<usize>> {
    let own = HeaderNames::new(HeaderNames::DEFAULT_PREFIX)?;
    let is_own = |header: &Value| text(header, "name").is_some_and(|n| own.recognize(n).is_some());
    let has_trap = |route: &Value| {
        let headers = route.pointer("/match/headers").and_then(Value::as_array);
        route.pointer("/metadata/filter_metadata/tenantguard").is_some()
            && headers.is_some_and(|headers| headers.iter().any(is_own))
    };
    Ok(routes.iter().enumerate().filter(|(_, route)| has_trap(route)).map(|(i, _)| i).collect())
}
