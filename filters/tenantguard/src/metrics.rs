//! Counters of decisions: `tenantguard.decisions.mode.M.decision.D.reason.R`, where R is the
//! reason code. `envoy.yaml` shows the `stats_tags` that make labels of them.

use std::collections::BTreeMap;

use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;
use tenantguard::decision::Reason;
use tenantguard::request::Mode;

/// The ids of the counters, by mode and reason.
pub(crate) struct Metrics {
    decisions: BTreeMap<(&'static str, Reason), u32>,
}

impl Metrics {
    /// Defines every counter, so that each is there, at zero, before its first decision.
    pub(crate) fn define() -> Self {
        let mut decisions = BTreeMap::new();
        for mode in [Mode::Enforce.as_str(), Mode::Shadow.as_str()] {
            for reason in Reason::ALL {
                let (decision, code) = (reason.decision(), reason.code());
                let name =
                    format!("tenantguard.decisions.mode.{mode}.decision.{decision}.reason.{code}");
                match hostcalls::define_metric(MetricType::Counter, &name) {
                    Ok(id) => {
                        decisions.insert((mode, *reason), id);
                    }
                    Err(status) => log::error!("the counter {name} is not there: {status:?}"),
                }
            }
        }
        Self { decisions }
    }

    /// Counts a decision.
    pub(crate) fn count(&self, mode: Mode, reason: Reason) {
        if let Some(id) = self.decisions.get(&(mode.as_str(), reason))
            && let Err(status) = hostcalls::increment_metric(*id, 1)
        {
            log::error!("a decision {reason} was not counted: {status:?}");
        }
    }
}
