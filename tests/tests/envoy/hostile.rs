//! Hostile input: nothing that a client sends, in a header or signed into a token, may break a log
//! line or reach the upstream as a header.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tenantguard_e2e::client;

use crate::world::{World, text};

/// What breaks a log line, a header or a terminal.
const ODDITIES: [&str; 10] = [
    "a\r\nx-tenant-id: acme",
    "a\u{0}b",
    "quote\"backslash\\",
    "{\"audit\":{\"decision\":\"permit\"}}",
    "line\u{2028}paragraph\u{2029}",
    "\u{1b}[31mred",
    "\u{202e}right to left",
    "%FILTER_STATE(wasm.tenantguard.audit)%",
    "\u{feff}\u{7f}\u{85}",
    "😀",
];

pub(crate) fn log_lines(world: &World) -> Result<()> {
    let mut sent = 0;
    for request in raw_requests() {
        // Envoy may close the connection on what is no HTTP; that is an answer too.
        if client::send(world.envoy.address(), &request).is_ok() {
            sent += 1;
        }
    }
    for oddity in ODDITIES {
        for claim in ["sub", "tenant_id", "tenant_role", "scope", "iss", "aud", "jti"] {
            let token = json!({"claims": {claim: oddity}});
            world.ask(
                &json!({"token": token, "request": {"path": "/api/v1/reports/odd"}}).to_string(),
            )?;
        }
        for field in ["kid", "alg", "typ"] {
            let token = json!({"header": {field: oddity}});
            world.ask(
                &json!({"token": token, "request": {"path": "/api/v1/reports/odd"}}).to_string(),
            )?;
        }
    }
    ensure!(sent > 40, "only {sent} requests got an answer");
    world.settle_log()?;
    // Fails at the first line that is not one JSON object.
    let lines = world.envoy.access_log().lines()?;
    ensure!(lines.len() > sent, "{} lines of {sent} requests and more", lines.len());
    let bytes = world.envoy.access_log().bytes()?;
    let is_control = |byte: &u8| *byte < 0x20 && *byte != b'\n' || *byte == 0x7f;
    ensure!(!bytes.iter().any(is_control), "a control character stands in the log as it is");
    Ok(())
}

/// Requests with each oddity wherever bytes can stand, as bytes that no client library would send.
fn raw_requests() -> Vec<Vec<u8>> {
    let mut requests = Vec::new();
    let long = "a".repeat(8 * 1024);
    let mut add = |path: &[u8], name: &[u8], value: &[u8]| {
        let parts: [&[u8]; 7] = [
            b"GET ",
            path,
            b" HTTP/1.1\r\nhost: api.example.com\r\n",
            name,
            b": ",
            value,
            b"\r\n\r\n",
        ];
        requests.push(parts.concat());
    };
    for prefix in ["/api/v1/reports/", "/api/v2/reports/", "/legacy/", "/nowhere/"] {
        add([prefix, &long].concat().as_bytes(), b"x-a", b"b");
        for odd in
            [&b"\"quote"[..], b"\\back", b"%22%0d%0a", b"%e2%80%a8", b"\xe2\x80\xa8", b"\xff\xfe"]
        {
            add(&[prefix.as_bytes(), odd].concat(), b"x-a", b"b");
        }
    }
    for name in
        ["authorization", "user-agent", "x-request-id", "x-forwarded-for", "referer", "origin"]
    {
        for value in
            [&b"\"},\"x\":{\""[..], b"\xff\xfe\x80", b"\xe2\x80\xa8", b"\\", b"Bearer \"\\"]
        {
            add(b"/api/v1/reports/7", name.as_bytes(), value);
        }
        add(b"/api/v1/reports/7", name.as_bytes(), long.as_bytes());
    }
    for name in ["x-quote\"", "x`tick", "x!#$%&'*+-.^_|~", "X_Tenant_ID", "x-tenant-id "] {
        add(b"/api/v1/reports/7", name.as_bytes(), b"odd name");
    }
    requests
}

/// A token that its issuer signed may still hold anything in its claims.
pub(crate) fn headers(world: &World) -> Result<()> {
    for oddity in ODDITIES {
        let token = json!({"claims": {"sub": oddity, "scope": format!("reports:read {oddity}"),
                                      "tenant_role": ["editor", oddity]}});
        let request = json!({"token": token, "request": {"path": "/api/v1/reports/7"}});
        let outcome = world.ask(&request.to_string())?;
        let audit = world.audit(&outcome)?;
        let Some(seen) = &outcome.upstream else {
            ensure!(text(&audit, "decision") == Some("deny"), "{oddity:?}: {audit}");
            continue;
        };
        for (name, value) in seen.headers.iter().filter(|(name, _)| name.starts_with("x-")) {
            ensure!(
                value.iter().all(|byte| (0x20..0x7f).contains(byte)),
                "{oddity:?} reached the upstream in {name}"
            );
        }
        let tenant: Vec<_> =
            seen.headers.iter().filter(|(name, _)| name == "x-tenant-id").collect();
        ensure!(tenant.len() == 1, "{oddity:?}: {tenant:?}");
    }
    // Harmless claims do pass by the same way, or this test would show nothing.
    let plain =
        r#"{"token": {"claims": {"sub": "plain"}}, "request": {"path": "/api/v1/reports/7"}}"#;
    let outcome = world.ask(plain)?;
    let seen = outcome.upstream.as_ref().context("a plain request did not arrive")?;
    ensure!(seen.header("x-principal-id") == Some("platform/plain"), "{:?}", seen.headers);
    ensure!(
        world.audit(&outcome)?.get("detail").is_none_or(Value::is_null),
        "a permit has details"
    );
    Ok(())
}
