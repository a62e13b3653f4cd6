//! Counters of decisions: `tenantguard.decisions.mode.M.decision.D.reason.R`, where R is the
//! reason code; of tokens, `tenantguard.tokens.known` and `.new` (the cache's hits and misses); of
//! fetched keys, `tenantguard.keys.replaced`, `.confirmed` and `.failed`; and of open streams that
//! were ended, `tenantguard.streams.ended`. `envoy.yaml` shows the `stats_tags` that make labels of
//! them.
//!
//! What comes with every request is put down on the tick: each call into the host costs a request a
//! microsecond or two, as by then nothing of it is in the caches.

use std::cell::Cell;

use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;
use tenantguard::decision::Reason;
use tenantguard::gate::Account;
use tenantguard::request::Mode;

/// What came of fetching keys.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KeysEvent {
    Replaced,
    Confirmed,
    Failed,
}

/// The id of a metric, if the host has it.
pub(crate) type Metric = Option<u32>;

/// A counter, and what of it the host has not been told yet.
struct Counted {
    id: Metric,
    untold: Cell<u32>,
}

impl Counted {
    fn counter(name: &str) -> Self {
        Self { id: counter(name), untold: Cell::new(0) }
    }

    fn count(&self) {
        self.untold.set(self.untold.get().saturating_add(1));
    }

    fn tell(&self) {
        match self.untold.take() {
            0 => {}
            count => add(self.id, count.into()),
        }
    }
}

/// The counters; those of decisions at the place of their reason.
pub(crate) struct Metrics {
    enforced: Vec<Counted>,
    shadowed: Vec<Counted>,
    known: Counted,
    new: Counted,
    replaced: Metric,
    confirmed: Metric,
    failed: Metric,
    ended: Metric,
}

impl Metrics {
    /// Defines every counter, so that each is there, at zero, before its first event.
    pub(crate) fn define() -> Self {
        Self {
            enforced: decisions(Mode::Enforce),
            shadowed: decisions(Mode::Shadow),
            known: Counted::counter("tokens.known"),
            new: Counted::counter("tokens.new"),
            replaced: counter("keys.replaced"),
            confirmed: counter("keys.confirmed"),
            failed: counter("keys.failed"),
            ended: counter("streams.ended"),
        }
    }

    /// Counts a decision.
    pub(crate) fn count(&self, account: &Account) {
        let decisions = match account.mode() {
            Mode::Shadow => &self.shadowed,
            Mode::Enforce | Mode::Off => &self.enforced,
        };
        if let Some(decisions) = decisions.get(account.verdict().reason() as usize) {
            decisions.count();
        }
        match account.facts().was_known {
            Some(true) => self.known.count(),
            Some(false) => self.new.count(),
            None => {}
        }
    }

    /// Tells the host what was counted.
    pub(crate) fn tell(&self) {
        let decisions = self.enforced.iter().chain(&self.shadowed);
        decisions.chain([&self.known, &self.new]).for_each(Counted::tell);
    }

    /// Counts a stream that was ended.
    pub(crate) fn count_ended(&self) {
        increment(self.ended);
    }

    /// Counts what came of fetching keys.
    pub(crate) fn count_keys(&self, event: KeysEvent) {
        increment(match event {
            KeysEvent::Replaced => self.replaced,
            KeysEvent::Confirmed => self.confirmed,
            KeysEvent::Failed => self.failed,
        });
    }
}

/// The counters of one mode, in the order of [`Reason::ALL`].
fn decisions(mode: Mode) -> Vec<Counted> {
    let mode = mode.as_str();
    let name = |reason: &Reason| {
        let (decision, code) = (reason.decision(), reason.code());
        Counted::counter(&format!("decisions.mode.{mode}.decision.{decision}.reason.{code}"))
    };
    Reason::ALL.iter().map(name).collect()
}

pub(crate) fn counter(name: &str) -> Metric {
    define(MetricType::Counter, name)
}

pub(crate) fn gauge(name: &str) -> Metric {
    define(MetricType::Gauge, name)
}

fn define(kind: MetricType, name: &str) -> Metric {
    let id = hostcalls::define_metric(kind, &format!("tenantguard.{name}"));
    if let Err(status) = id {
        log::error!("the metric {name} is not there: {status:?}");
    }
    id.ok()
}

pub(crate) fn increment(id: Metric) {
    add(id, 1);
}

pub(crate) fn add(id: Metric, count: i64) {
    if let Some(Err(status)) = id.map(|id| hostcalls::increment_metric(id, count)) {
        log::error!("an event was not counted: {status:?}");
    }
}

/// What it stands at; 0 of one that the proxy does not keep.
pub(crate) fn value(id: Metric) -> Option<u64> {
    hostcalls::get_metric(id?).ok()
}

pub(crate) fn record(id: Metric, value: u64) {
    if let Some(Err(status)) = id.map(|id| hostcalls::record_metric(id, value)) {
        log::error!("a value was not recorded: {status:?}");
    }
}
