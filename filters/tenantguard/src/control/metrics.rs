//! What can be seen of following the control service. Gauges: `tenantguard.control.epoch`,
//! `.age_ms`, `.entries`, `.bytes` and `.mode` (0 nothing yet, 1 fresh, 2 stale), each as the VM that looked
//! last has it, `.breakers_open`, the number of VMs whose breaker is not closed, `.questions.open`, how
//! many requests of all VMs wait for an answer, and `.bell`, which `bell` rings and which means nothing
//! else. Counters:
//! `.polls.failed` and `.questions.asked`, `.refused` (too many, or the breaker is open), `.active`,
//! `.revoked` and `.unusable`.

use std::cell::Cell;
use std::time::Duration;

use tenantguard::control::Position;
use tenantguard::gate::ControlStatus;
use tenantguard::replica::{AnswerVerdict, BreakerState, Freshness};

use crate::metrics::{Metric, add, counter, gauge, increment, record};

pub(super) struct ControlMetrics {
    epoch: Metric,
    age: Metric,
    entries: Metric,
    bytes: Metric,
    mode: Metric,
    breakers_open: Metric,
    is_open: Cell<bool>,
    polls_failed: Metric,
    open: Metric,
    asked: Metric,
    refused: Metric,
    active: Metric,
    revoked: Metric,
    unusable: Metric,
}

impl ControlMetrics {
    pub(super) fn define() -> Self {
        Self {
            epoch: gauge("control.epoch"),
            age: gauge("control.age_ms"),
            entries: gauge("control.entries"),
            bytes: gauge("control.bytes"),
            mode: gauge("control.mode"),
            breakers_open: gauge("control.breakers_open"),
            is_open: Cell::new(false),
            polls_failed: counter("control.polls.failed"),
            open: gauge("control.questions.open"),
            asked: counter("control.questions.asked"),
            refused: counter("control.questions.refused"),
            active: counter("control.questions.active"),
            revoked: counter("control.questions.revoked"),
            unusable: counter("control.questions.unusable"),
        }
    }

    pub(super) fn show(&self, status: &ControlStatus, breaker: BreakerState) {
        let epoch = |position: Position| position.epoch.0;
        record(self.epoch, status.position.map_or(0, epoch));
        let millis = |age: Duration| u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        record(self.age, status.age.map_or(0, millis));
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        record(self.entries, count(status.entries));
        record(self.bytes, count(status.bytes));
        record(
            self.mode,
            match status.freshness {
                Freshness::Never => 0,
                Freshness::Fresh => 1,
                Freshness::Stale { .. } => 2,
            },
        );
        self.show_breaker(breaker != BreakerState::Closed);
    }

    /// Counts this VM among those whose breaker is open, or no longer.
    pub(super) fn show_breaker(&self, is_open: bool) {
        if self.is_open.replace(is_open) != is_open {
            add(self.breakers_open, if is_open { 1 } else { -1 });
        }
    }

    pub(super) fn poll_failed(&self) {
        increment(self.polls_failed);
    }

    /// A request waits for an answer, or could not ask.
    pub(super) fn asked(&self, is_asked: bool) {
        if is_asked {
            add(self.open, 1);
        }
        increment(if is_asked { self.asked } else { self.refused });
    }

    /// So many requests wait no longer, whatever came of it.
    pub(super) fn closed(&self, count: usize) {
        if count > 0 {
            add(self.open, -i64::try_from(count).unwrap_or(0));
        }
    }

    pub(super) fn answered(&self, verdict: AnswerVerdict) {
        increment(match verdict {
            AnswerVerdict::Active { .. } => self.active,
            AnswerVerdict::Revoked(_) => self.revoked,
            AnswerVerdict::Unusable => self.unusable,
        });
    }
}
