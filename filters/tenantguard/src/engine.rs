//! What one VM decides with: the gate, and what its records are numbered and named by.

use std::cell::Cell;
use std::time::Duration;

use tenantguard::audit::{Author, Position};
use tenantguard::gate::Gate;
use tenantguard::time::{Now, UnixTime};

use crate::clock::WallClock;
use crate::ids::IdSource;
use crate::metrics::Metrics;
use crate::open::OpenStreams;
use crate::waiting::Waiting;
use crate::{clock, host};

/// One VM's gate under one configuration. Streams hold on to the engine that they began with.
pub(crate) struct Engine {
    pub(crate) gate: Gate,
    pub(crate) ids: IdSource,
    pub(crate) metrics: Metrics,
    pub(crate) waiting: Waiting,
    pub(crate) open: OpenStreams,
    proxy: String,
    author: Author,
    sequence: Cell<u64>,
    wall: WallClock,
}

impl Engine {
    pub(crate) fn new(gate: Gate, ids: IdSource, metrics: Metrics) -> Self {
        let proxy = host::property("xds\0node\0id").unwrap_or_default();
        let author = Author::new(gate.policy(), &proxy, &ids.instance());
        let sequence = Cell::new(0);
        let (waiting, open) = (Waiting::default(), OpenStreams::default());
        let wall = WallClock::default();
        Self { gate, ids, metrics, waiting, open, proxy, author, sequence, wall }
    }

    /// Both clocks.
    pub(crate) fn now(&self) -> Now {
        let monotonic = self.monotonic();
        let wall = match monotonic {
            Some(monotonic) => self.wall.at(monotonic),
            None => host::since_epoch(),
        };
        // A clock before 1970 is no clock; a far future makes every token expired.
        let wall = wall.map_or(UnixTime::from_secs(u64::MAX), UnixTime::from_duration);
        Now { wall, monotonic: monotonic.unwrap_or_default() }
    }

    /// Counts what fetched keys, leases and those who wait live by; where there are none of them,
    /// nobody looks at it.
    fn monotonic(&self) -> Option<Duration> {
        let is_idle = self.gate.ring().is_empty() && self.gate.control().is_none();
        (!is_idle).then(clock::monotonic)
    }

    /// The number of the next record. Given at log time, or to a record that the log gets in any
    /// case, so that a gap means a lost record.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.sequence.set(self.sequence.get() + 1);
        self.sequence.get()
    }

    /// The position of a record: of the next one, unless it has a number already.
    pub(crate) fn position(&self, sequence: Option<u64>) -> Position<'_> {
        let sequence = sequence.unwrap_or_else(|| self.next_sequence());
        Position { author: &self.author, sequence }
    }

    pub(crate) fn proxy(&self) -> &str {
        &self.proxy
    }
}
