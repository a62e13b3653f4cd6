//! Every proxy: how far it is, and whether it is still heard of.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::access::Overseer;
use super::body::Told;
use crate::feed::Lease;

/// A proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProxyBody {
    /// Its credential's name and its own.
    pub proxy: String,
    /// What it last acknowledged; absent before its first snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// How many frames it is behind; absent if it follows another history, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<u64>,
    /// For how many milliseconds nothing was heard of it.
    pub silent_for_ms: u64,
    /// Whether it may still decide alone: `fresh`, or `silent`.
    pub state: String,
}

/// Every proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProxyList {
    /// By name.
    pub proxies: Vec<ProxyBody>,
}

/// List the proxies
#[utoipa::path(get, operation_id = "list_proxies", path = "/v1/proxies", tag = "feed",
    responses((status = 200, description = "Every one that was heard of.", body = ProxyList)))]
pub async fn proxies(_: Overseer, State(app): State<Arc<App>>) -> Told<ProxyList> {
    Told(ProxyList { proxies: list(&app) })
}

pub(super) fn list(app: &App) -> Vec<ProxyBody> {
    let head = app.control.feed().position();
    let proxies = app.control.proxies().list().into_iter().map(|proxy| ProxyBody {
        proxy: proxy.id.to_string(),
        position: proxy.position.map(|position| position.to_string()),
        behind: proxy
            .position
            .filter(|position| position.history == head.history)
            .and_then(|position| head.epoch.0.checked_sub(position.epoch.0)),
        silent_for_ms: u64::try_from(proxy.silent_for.as_millis()).unwrap_or(u64::MAX),
        state: match proxy.lease {
            Lease::Live => "fresh".to_owned(),
            Lease::RunOut => "silent".to_owned(),
        },
    });
    proxies.collect()
}

/// How many are fresh, and how many silent.
pub(super) fn count(app: &App) -> (usize, usize) {
    let proxies = app.control.proxies().list();
    let fresh = proxies.iter().filter(|proxy| proxy.lease == Lease::Live).count();
    (fresh, proxies.len() - fresh)
}
