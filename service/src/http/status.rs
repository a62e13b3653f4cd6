//! How the service stands: its position, its store, and every proxy.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::access::Overseer;
use super::body::Told;
use super::proxies::{ProxyBody, count, list};
use crate::metrics::StateFigures;

/// How the service stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Its version.
    pub version: String,
    /// Where the feed stands.
    pub position: String,
    /// The feed's epoch, which is also in the position.
    pub epoch: u64,
    /// Entries in force.
    pub entries: usize,
    /// Where state is kept.
    pub store: StoreBody,
    /// How long a proxy may decide alone, in milliseconds.
    pub lease_ms: u64,
    /// The digest of the policy, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Every proxy that was heard of lately.
    pub proxies: Vec<ProxyBody>,
}

/// Where state is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoreBody {
    /// What it is called; never with a password.
    pub name: String,
    /// What it promises about what is acknowledged, in plain words.
    pub durability: Vec<String>,
    /// Whether it answers.
    pub is_up: bool,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// How old what is served may be, in milliseconds: since the service and the store last agreed.
    pub age_ms: u64,
    /// Commits that are safe in the journal and not in Redis yet.
    pub journalled: usize,
    /// How often Redis was found to have lost what it had acknowledged.
    pub regressions: u64,
}

/// See how the service stands
#[utoipa::path(get, operation_id = "get_status", path = "/v1/status", tag = "service",
    responses((status = 200, description = "So it stands.", body = Status)))]
pub async fn status(_: Overseer, State(app): State<Arc<App>>) -> Told<Status> {
    let state = app.control.status();
    let policy = app.tokens.as_ref().map(|it| it.gate().policy().digest().to_string());
    Told(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        position: state.position.to_string(),
        epoch: state.position.epoch.0,
        entries: state.entries,
        store: StoreBody {
            name: state.store.store.to_string(),
            durability: state.durability,
            is_up: state.store.trouble.is_none(),
            trouble: state.store.trouble.map(|trouble| trouble.to_string()),
            age_ms: millis(state.age),
            journalled: state.store.behind,
            regressions: state.store.regressions,
        },
        lease_ms: millis(app.control.proxies().lease()),
        policy,
        proxies: list(&app),
    })
}

/// The same for metrics.
pub(super) fn figures(app: &App) -> StateFigures {
    let (fresh, silent) = count(app);
    let state = app.control.status();
    let figure = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    StateFigures {
        epoch: state.position.epoch.0,
        entries: figure(state.entries),
        is_store_up: state.store.trouble.is_none(),
        journalled: figure(state.store.behind),
        fresh: figure(fresh),
        silent: figure(silent),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
