//! What is counted, in the OpenMetrics text format that Prometheus scrapes.
//!
//! Labels are bounded: a route is its template, never its path; no tenant, caller or proxy is one.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The format of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// From half a millisecond to ten seconds; a held poll takes one.
const SECONDS: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Answered {
    /// The route's template.
    pub route: String,
    /// The method.
    pub method: String,
    /// The status.
    pub status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Problem {
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Changed {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Decided {
    decision: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reloaded {
    part: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPart {
    part: &'static str,
}

/// What the control state says of itself when it is asked for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StateFigures {
    /// The feed's epoch.
    pub epoch: u64,
    /// Entries that are in force.
    pub entries: u64,
    /// Whether the store answers.
    pub is_store_up: bool,
    /// Changes that are in the journal and not in Redis.
    pub journalled: u64,
    /// Proxies within their lease.
    pub fresh: u64,
    /// Proxies past it.
    pub silent: u64,
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Route, Histogram>,
    problems: Family<Problem, Counter>,
    changes: Family<Changed, Counter>,
    decisions: Family<Decided, Counter>,
    reloads: Family<Reloaded, Counter>,
    outdated: Family<OfPart, Gauge>,
    /// Open connections.
    pub connections: Gauge,
    /// Polls that are held.
    pub polls: Gauge,
    epoch: Gauge<u64, AtomicU64>,
    entries: Gauge<u64, AtomicU64>,
    store_up: Gauge<u64, AtomicU64>,
    journalled: Gauge<u64, AtomicU64>,
    proxies: Family<OfState, Gauge<u64, AtomicU64>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("tenantguard"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            problems: Family::default(),
            changes: Family::default(),
            decisions: Family::default(),
            reloads: Family::default(),
            outdated: Family::default(),
            connections: Gauge::default(),
            polls: Gauge::default(),
            epoch: Gauge::default(),
            entries: Gauge::default(),
            store_up: Gauge::default(),
            journalled: Gauge::default(),
            proxies: Family::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "Requests answered", self.requests.clone());
        registry.register("request_seconds", "Time to answer", self.seconds.clone());
        registry.register("problems", "Requests refused, by code", self.problems.clone());
        registry.register("changes", "Changes acknowledged, by kind", self.changes.clone());
        registry.register("decisions", "AuthZEN questions answered", self.decisions.clone());
        registry.register("reloads", "Files taken anew, or refused", self.reloads.clone());
        registry.register(
            "outdated",
            "1 if the files hold something that was refused, and an older state serves on",
            self.outdated.clone(),
        );
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register("polls", "Polls that are held", self.polls.clone());
        registry.register("feed_epoch", "The feed's epoch", self.epoch.clone());
        registry.register("feed_entries", "Entries in force", self.entries.clone());
        registry.register("store_up", "1 if the store answers", self.store_up.clone());
        registry.register(
            "journal_changes",
            "Changes acknowledged from the journal that are not in Redis yet",
            self.journalled.clone(),
        );
        registry.register("proxies", "Proxies by the state of their lease", self.proxies.clone());
    }

    /// Counts a request.
    pub fn answered(&self, answered: Answered, took: Duration) {
        let route = Route { route: answered.route.clone() };
        self.seconds.get_or_create(&route).observe(took.as_secs_f64());
        self.requests.get_or_create(&answered).inc();
    }

    /// Counts a refusal.
    pub fn refused(&self, code: &'static str) {
        self.problems.get_or_create(&Problem { code }).inc();
    }

    /// Counts changes that are acknowledged.
    pub fn changed(&self, kind: &'static str, count: u64) {
        self.changes.get_or_create(&Changed { kind }).inc_by(count);
    }

    /// Counts an answer to an AuthZEN question.
    pub fn decided(&self, is_permitted: bool) {
        let decision = if is_permitted { "permit" } else { "deny" };
        self.decisions.get_or_create(&Decided { decision }).inc();
    }

    /// Counts a policy or a certificate that was taken anew, or refused.
    pub fn reloaded(&self, part: &'static str, is_taken: bool) {
        let outcome = if is_taken { "taken" } else { "refused" };
        self.reloads.get_or_create(&Reloaded { part, outcome }).inc();
        self.outdated.get_or_create(&OfPart { part }).set(i64::from(!is_taken));
    }

    /// Everything, with these figures of the state.
    #[must_use]
    pub fn text(&self, figures: StateFigures) -> String {
        self.epoch.set(figures.epoch);
        self.entries.set(figures.entries);
        self.store_up.set(figures.is_store_up.into());
        self.journalled.set(figures.journalled);
        for (state, count) in [("fresh", figures.fresh), ("silent", figures.silent)] {
            self.proxies.get_or_create(&OfState { state }).set(count);
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Counts something for as long as it lives.
#[derive(Debug)]
pub struct Counted {
    metrics: Arc<Metrics>,
}

impl Counted {
    /// A poll that is held.
    #[must_use]
    pub fn poll(metrics: &Arc<Metrics>) -> Self {
        metrics.polls.inc();
        Self { metrics: Arc::clone(metrics) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.metrics.polls.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_in_the_text() {
        let metrics = Arc::new(Metrics::default());
        let answered = Answered { route: "/v1/feed".into(), method: "GET".into(), status: 200 };
        metrics.answered(answered, Duration::from_millis(2));
        metrics.refused("auth.missing");
        let poll = Counted::poll(&metrics);
        let figures = StateFigures { epoch: 7, fresh: 3, is_store_up: true, ..Default::default() };
        let text = metrics.text(figures);
        for line in [
            r#"tenantguard_requests_total{route="/v1/feed",method="GET",status="200"} 1"#,
            r#"tenantguard_problems_total{code="auth.missing"} 1"#,
            r#"tenantguard_request_seconds_bucket{le="0.0025",route="/v1/feed"} 1"#,
            r#"tenantguard_proxies{state="fresh"} 3"#,
            "tenantguard_feed_epoch 7",
            "tenantguard_store_up 1",
            "tenantguard_polls 1",
            "# EOF",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        drop(poll);
        assert!(metrics.text(figures).contains("tenantguard_polls 0"));
    }
}
