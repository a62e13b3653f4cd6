//! gRPC over real HTTP/2: a refusal is HTTP 200 with `grpc-status` and, as `grpc-message`, the
//! reason code ("gRPC over HTTP/2", Trailers-Only).

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::{HeaderMap, Request};
use serde_json::json;
use tenantguard_e2e::corpus::Prepared;
use tenantguard_e2e::upstream::CASE_HEADER;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::world::{World, text};

const METHOD: &str = "/reports.v1.Reports/Get";
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn refusals(world: &World) -> Result<()> {
    let expired = json!({"claims": {"exp": "now-900"}});
    let no_role = json!({"claims": {"tenant_role": "nobody"}});
    for (case, token, path, status, reason) in [
        ("grpc-missing", None, METHOD, "16", "token.missing"),
        ("grpc-expired", Some(expired), METHOD, "16", "token.expired"),
        ("grpc-role", Some(no_role), METHOD, "7", "permission.missing"),
        ("grpc-route", Some(json!({})), "/reports.v1.Reports/Other", "7", "route.unknown"),
        ("grpc-path", Some(json!({})), "/reports.v1.Reports;x/Get", "3", "request.malformed"),
    ] {
        let (http, headers) = call(world, case, token, path)?;
        let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        ensure!(http == 200, "{reason}: HTTP {http}");
        ensure!(field("grpc-status") == Some(status), "{reason}: {:?}", field("grpc-status"));
        ensure!(field("grpc-message") == Some(reason), "{reason}: {:?}", field("grpc-message"));
        ensure!(world.seen(case).is_empty(), "{reason}: it went on");
        let audit = world.envoy.access_log().audit(field("x-audit-id").context("no audit id")?)?;
        let audit = audit.get("audit").context("no audit record")?;
        ensure!(text(audit, "reason") == Some(reason), "{audit}");
    }
    Ok(())
}

pub(crate) fn permitted(world: &World) -> Result<()> {
    call(world, "grpc-permit", Some(json!({})), METHOD)?;
    let seen = world.seen("grpc-permit");
    let [seen] = seen.as_slice() else { anyhow::bail!("it arrived {} times", seen.len()) };
    ensure!(seen.header("x-tenant-id") == Some("acme"), "{:?}", seen.headers);
    Ok(())
}

fn call(
    world: &World,
    case: &str,
    token: Option<serde_json::Value>,
    path: &str,
) -> Result<(u16, HeaderMap)> {
    let mut request = json!({"request": {"method": "POST", "path": path}});
    if let (Some(token), Some(fields)) = (token, request.as_object_mut()) {
        fields.insert("token".to_owned(), token);
    }
    let prepared = world.prepare(&request.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        timeout(PATIENCE, exchange(world, case, path, &prepared)).await.context("no answer")?
    })
}

/// One call over an HTTP/2 connection of its own, known to be HTTP/2 beforehand.
async fn exchange(
    world: &World,
    case: &str,
    path: &str,
    prepared: &Prepared,
) -> Result<(u16, HeaderMap)> {
    let stream = TcpStream::connect(world.envoy.address()).await?;
    let (client, connection) = h2::client::handshake(stream).await?;
    let connection = tokio::spawn(connection);
    let mut request = Request::post(format!("http://api.example.com{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header(CASE_HEADER, case);
    for (name, value) in &prepared.headers {
        request = request.header(name, value.as_slice());
    }
    let (response, mut body) = client.ready().await?.send_request(request.body(())?, false)?;
    // An empty message: not compressed, no bytes.
    body.send_data(Bytes::from_static(&[0; 5]), true)?;
    let response = response.await?;
    connection.abort();
    Ok((response.status().as_u16(), response.headers().clone()))
}
