//! The feed as proxies follow it: one poll at a time, held until there is something new.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tenantguard::control::Position;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::access::{Changer, Follower};
use super::body::{Asked, Told};
use super::problem::{Code, Problem, ProblemBody};
use super::target::malformed;
use crate::auth::Caller;
use crate::feed::{ProxyId, Since, WaitReport};
use crate::metrics::Counted;
use crate::serve::Peer;

/// What a delta is called.
pub const DELTA: &str = "application/vnd.tenantguard.delta";
/// What a manifest is called.
pub const MANIFEST: &str = "application/vnd.tenantguard.manifest";
/// What a shard is called.
pub const SHARD: &str = "application/vnd.tenantguard.shard";
/// Where the feed stands.
const POSITION: HeaderName = HeaderName::from_static("x-tenantguard-position");
/// How many milliseconds the proxy may decide alone, counted from when it sent the poll.
const LEASE: HeaderName = HeaderName::from_static("x-tenantguard-lease");
/// The most bytes of one delta; what is left comes with the next poll.
const DELTA_LIMIT: usize = 4 << 20;

/// A poll.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Poll {
    /// What the proxy calls itself, among those that share its credential.
    pub proxy: String,
    /// What it has applied: `history.epoch.hash`. Absent if it has nothing.
    pub position: Option<String>,
}

/// Poll: acknowledge what was applied, and get what is new
///
/// Answered at once if there is something new, and within a second if there is not. A delta leads
/// on from the position that was asked from; where none does, the answer is the manifest of a
/// snapshot, whose shards are at `/v1/feed/shards`. A proxy holds one poll at a time, and sends the
/// next as soon as it has applied the answer.
#[utoipa::path(get, operation_id = "poll_feed", path = "/v1/feed", tag = "feed", params(Poll),
    responses(
        (status = 200, description = "A delta, or the manifest of a snapshot, by its type.",
            content((Vec<u8> = "application/vnd.tenantguard.delta"),
                (Vec<u8> = "application/vnd.tenantguard.manifest")),
            headers(("x-tenantguard-position" = String, description = "Where the feed stands."),
                ("x-tenantguard-lease" = u64,
                    description = "Milliseconds of lease, counted from when the poll was sent."))),
        (status = 204, description = "Nothing is new; the lease is renewed."),
        (status = 403, description = "The caller is no proxy.", body = ProblemBody)))]
pub async fn poll(
    Follower { caller }: Follower,
    Asked(poll): Asked<Poll>,
    State(app): State<Arc<App>>,
) -> Result<Response, Problem> {
    let id = proxy_id(&caller, &poll.proxy)?;
    app.limits.proxy(id.to_string())?;
    let position = poll.position.as_deref().map(parse).transpose()?;
    app.control.proxies().acknowledge(&id, position);
    let Some(position) = position else {
        return manifest(&app).await;
    };
    match news(&app, &position).await {
        Since::Current => Ok(answer(&app, StatusCode::NO_CONTENT, None, Bytes::new())),
        Since::Delta(bytes) => Ok(answer(&app, StatusCode::OK, Some(DELTA), bytes)),
        Since::Snapshot => manifest(&app).await,
    }
}

/// Get a shard of a snapshot
#[utoipa::path(get, operation_id = "get_shard", path = "/v1/feed/shards/{digest}", tag = "feed",
    params(("digest" = String, Path, description = "Its SHA-256, as the manifest has it.")),
    responses(
        (status = 200, description = "The shard.",
            content((Vec<u8> = "application/vnd.tenantguard.shard"))),
        (status = 404, description = "No snapshot in hand has it: poll again without a position.",
            body = ProblemBody)))]
pub async fn shard(
    Follower { caller }: Follower,
    Path(digest): Path<String>,
    Extension(peer): Extension<Peer>,
    State(app): State<Arc<App>>,
) -> Result<Response, Problem> {
    // Which proxy it is for, a shard does not say.
    app.limits.proxy(format!("{}@{}", caller.name(), peer.address.ip()))?;
    let mut bytes = [0; 32];
    match base16ct::mixed::decode(&digest, &mut bytes) {
        Ok(read) if read.len() == 32 => {}
        _ => return Err(malformed("a digest is 64 hexadecimal digits")),
    }
    let shard = app.control.feed().shard(&bytes).ok_or(Problem::new(Code::NotFound))?;
    let headers = [(header::CONTENT_TYPE, SHARD), (header::CACHE_CONTROL, "immutable")];
    Ok((headers, shard).into_response())
}

/// What is waited for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Awaited {
    /// A position that a change was answered with.
    pub position: String,
}

/// Who knows of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Acknowledged {
    /// The position that was waited for.
    pub position: String,
    /// How many proxies have applied it.
    pub acknowledged: usize,
    /// Proxies whose lease ran out first. They decide nothing by their copies any more.
    pub silent: Vec<String>,
    /// Proxies that may still decide by an older copy: the wait ended early.
    pub pending: Vec<String>,
    /// How long the median proxy took from the change on, in milliseconds.
    pub p50_ms: Option<f64>,
    /// How long all but one in a hundred took.
    pub p99_ms: Option<f64>,
    /// How long the slowest took.
    pub max_ms: Option<f64>,
}

impl Acknowledged {
    fn new(position: Position, report: &WaitReport) -> Self {
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        let names = |ids: &[ProxyId]| ids.iter().map(ToString::to_string).collect();
        Self {
            position: position.to_string(),
            acknowledged: report.acknowledged.len(),
            silent: names(&report.silent),
            pending: names(&report.pending),
            p50_ms: report.p50().map(millis),
            p99_ms: report.p99().map(millis),
            max_ms: report.max().map(millis),
        }
    }
}

/// Wait until every proxy has applied a change, or its lease has run out
#[utoipa::path(get, operation_id = "wait_for_proxies",
    path = "/v1/feed/acknowledged", tag = "feed", params(Awaited),
    responses((status = 200, description = "No proxy allows any more what was revoked.",
        body = Acknowledged)))]
pub async fn acknowledged(
    Changer { .. }: Changer,
    Asked(awaited): Asked<Awaited>,
    State(app): State<Arc<App>>,
) -> Result<Told<Acknowledged>, Problem> {
    let position = parse(&awaited.position)?;
    Ok(Told(wait(&app, position).await))
}

/// Waits until every proxy has applied a position or its lease has run out.
pub(super) async fn wait(app: &App, position: Position) -> Acknowledged {
    let (proxies, feed) = (app.control.proxies(), app.control.feed());
    // A lease that was renewed just now runs out before this.
    let at_most = proxies.lease() + app.feed.hold.get();
    let report = tokio::select! {
        report = proxies.wait(feed, position, at_most) => report,
        () = app.shutdown.cancelled() => proxies.wait(feed, position, Duration::ZERO).await,
    };
    Acknowledged::new(position, &report)
}

/// What there is for a proxy at a position: at once, or within the hold. When the service goes down
/// a poll ends early and says what it knows.
async fn news(app: &App, position: &Position) -> Since {
    let feed = app.control.feed();
    match feed.since(position, DELTA_LIMIT) {
        Since::Current => {}
        news => return news,
    }
    let _held = Counted::poll(&app.metrics);
    tokio::select! {
        _ = feed.changed(position, app.feed.hold.get()) => {}
        () = app.shutdown.cancelled() => {}
    }
    feed.since(position, DELTA_LIMIT)
}

async fn manifest(app: &App) -> Result<Response, Problem> {
    let snapshot = app.control.feed().snapshot().await;
    let bytes = snapshot.manifest_bytes.clone();
    Ok(answer(app, StatusCode::OK, Some(MANIFEST), bytes))
}

fn answer(app: &App, status: StatusCode, kind: Option<&'static str>, body: Bytes) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if let Some(kind) = kind {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(position) = HeaderValue::from_str(&app.control.feed().position().to_string()) {
        headers.insert(POSITION, position);
    }
    let lease = u64::try_from(app.control.proxies().lease().as_millis()).unwrap_or(u64::MAX);
    headers.insert(LEASE, HeaderValue::from(lease));
    response
}

/// The caller's name comes first, so that no credential speaks for another's proxies.
fn proxy_id(caller: &Caller, name: &str) -> Result<ProxyId, Problem> {
    ProxyId::parse(&format!("{}/{name}", caller.name()))
        .ok()
        .filter(|_| !name.is_empty())
        .ok_or_else(|| malformed("proxy is 1 to 128 visible ASCII characters"))
}

fn parse(text: &str) -> Result<Position, Problem> {
    text.parse().map_err(|error| malformed(&format!("position {error}")))
}
