//! Counters of decisions: `tenantguard.decisions.mode.M.decision.D.reason.R`, where R is the
//! reason code; of tokens, `tenantguard.tokens.known` and `.new` (the cache's hits and misses); and
//! of fetched keys, `tenantguard.keys.replaced`, `.confirmed` and `.failed`. `envoy.yaml` shows the
//! `stats_tags` that make labels of them.

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

/// The ids of the counters; those of decisions at the place of their reason.
pub(crate) struct Metrics {
    enforced: Vec<Option<u32>>,
    shadowed: Vec<Option<u32>>,
    known: Option<u32>,
    new: Option<u32>,
    replaced: Option<u32>,
    confirmed: Option<u32>,
    failed: Option<u32>,
}

impl Metrics {
    /// Defines every counter, so that each is there, at zero, before its first event.
    pub(crate) fn define() -> Self {
        Self {
            enforced: decisions(Mode::Enforce),
            shadowed: decisions(Mode::Shadow),
            known: counter("tokens.known"),
            new: counter("tokens.new"),
            replaced: counter("keys.replaced"),
            confirmed: counter("keys.confirmed"),
            failed: counter("keys.failed"),
        }
    }

    /// Counts a decision.
    pub(crate) fn count(&self, account: &Account) {
        let decisions = match account.mode() {
            Mode::Shadow => &self.shadowed,
            Mode::Enforce | Mode::Off => &self.enforced,
        };
        increment(decisions.get(account.verdict().reason() as usize).copied().flatten());
        match account.facts().was_known {
            Some(true) => increment(self.known),
            Some(false) => increment(self.new),
            None => {}
        }
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
fn decisions(mode: Mode) -> Vec<Option<u32>> {
    let mode = mode.as_str();
    let name = |reason: &Reason| {
        let (decision, code) = (reason.decision(), reason.code());
        counter(&format!("decisions.mode.{mode}.decision.{decision}.reason.{code}"))
    };
    Reason::ALL.iter().map(name).collect()
}

fn counter(name: &str) -> Option<u32> {
    let id = hostcalls::define_metric(MetricType::Counter, &format!("tenantguard.{name}"));
    if let Err(status) = id {
        log::error!("the counter {name} is not there: {status:?}");
    }
    id.ok()
}

fn increment(id: Option<u32>) {
    if let Some(Err(status)) = id.map(|id| hostcalls::increment_metric(id, 1)) {
        log::error!("an event was not counted: {status:?}");
    }
}
