//! The bell: whether anything has changed on the board, at the price of one look that costs little.
//!
//! It is a gauge, which all VMs of a process share: reading one takes neither a lock nor a copy, as a
//! value in shared data does. An Envoy whose `stats_matcher` keeps ours out has gauges that stay at
//! zero; that is found out at the start, and the version of a value in shared data is looked at
//! instead. Both are rung, whoever looks at which.

use crate::metrics::{Metric, add, gauge, value};
use crate::{clock, host};

/// What the bell shows: another value whenever it has rung. What a gauge shows is never compared with
/// a version, as a VM looks at one of them alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rung(u64);

pub(super) struct Bell {
    key: String,
    gauge: Metric,
    /// Whether the gauge shows that it was rung.
    is_heard: bool,
}

impl Bell {
    /// Rings it once, which also shows whether the gauge does anything.
    pub(super) fn hang(prefix: &str) -> Self {
        let (key, gauge) = (format!("{prefix}.bell"), gauge("control.bell"));
        let before = value(gauge);
        let bell = Self { key, gauge, is_heard: false };
        bell.ring();
        Self { is_heard: before.is_some() && value(gauge) != before, ..bell }
    }

    /// Has everybody look at the head.
    pub(super) fn ring(&self) {
        host::set_shared(&self.key, b"");
        // By steps that do not repeat: a gauge that was set back, as by a hot restart, would otherwise
        // come past the value that somebody saw last. Configurations that share the gauge only have
        // each other look once more.
        add(self.gauge, i64::from(clock::monotonic().subsec_nanos()) + 1);
    }

    /// What it shows now.
    pub(super) fn rung(&self) -> Option<Rung> {
        match self.is_heard {
            true => value(self.gauge).map(Rung),
            false => host::shared_version(&self.key).map(|version| Rung(version.into())),
        }
    }
}
