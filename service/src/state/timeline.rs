//! Time for decisions that a moved clock must not spoil. Beside the wall clock it counts on from
//! where that stood at the start, on the monotonic clock: what is over must be over by both, and
//! what is cut off is cut off by the later of the two.

use std::sync::Arc;

use tenantguard::time::{Now, UnixTime};

use crate::clock::Clock;

/// The wall clock and what it would show had nobody moved it.
#[derive(Clone)]
pub(crate) struct Timeline {
    clock: Arc<dyn Clock>,
    start: Now,
}

impl Timeline {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { start: clock.now(), clock }
    }

    /// Both clocks.
    pub(crate) fn now(&self) -> Now {
        self.clock.now()
    }

    /// For what ends: never later than it is.
    pub(crate) fn earliest(&self) -> UnixTime {
        let now = self.clock.now();
        now.wall.min(self.counted(now))
    }

    /// For what begins to be refused: never earlier than it is.
    pub(crate) fn latest(&self) -> UnixTime {
        let now = self.clock.now();
        now.wall.max(self.counted(now))
    }

    fn counted(&self, now: Now) -> UnixTime {
        self.start.wall.plus(now.monotonic.saturating_sub(self.start.monotonic))
    }
}
