//! What one VM decides with: the gate, and what its records are numbered and named by.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tenantguard::audit::{Author, Position};
use tenantguard::gate::Gate;
use tenantguard::time::{Now, UnixTime};

use crate::host;
use crate::ids::IdSource;
use crate::metrics::Metrics;
use crate::waiting::Waiting;

/// One VM's gate under one configuration. Streams hold on to the engine that they began with.
pub(crate) struct Engine {
    pub(crate) gate: Gate,
    pub(crate) ids: IdSource,
    pub(crate) metrics: Metrics,
    pub(crate) waiting: Waiting,
    proxy: String,
    author: Author,
    sequence: Cell<u64>,
    started: Instant,
}

impl Engine {
    pub(crate) fn new(gate: Gate, ids: IdSource, metrics: Metrics) -> Self {
        let proxy = host::property("xds\0node\0id").unwrap_or_default();
        let author = Author::new(gate.policy(), &proxy, &ids.instance());
        let (sequence, started) = (Cell::new(0), Instant::now());
        let waiting = Waiting::default();
        Self { gate, ids, metrics, waiting, proxy, author, sequence, started }
    }

    /// Both clocks.
    pub(crate) fn now(&self) -> Now {
        let wall = host::since_epoch().map_or(UnixTime::from_secs(u64::MAX), |time| {
            // A clock before 1970 is no clock; a far future makes every token expired.
            UnixTime::from_duration(time)
        });
        Now { wall, monotonic: self.monotonic() }
    }

    /// Counts what fetched keys and those who wait for them live by; where none are fetched, nobody
    /// looks at it, and it stands still.
    fn monotonic(&self) -> Duration {
        if self.gate.ring().is_empty() { Duration::ZERO } else { self.started.elapsed() }
    }

    /// The position of the next record. Taken at log time, so that a gap means a lost record.
    pub(crate) fn next_position(&self) -> Position<'_> {
        self.sequence.set(self.sequence.get() + 1);
        Position { author: &self.author, sequence: self.sequence.get() }
    }

    pub(crate) fn proxy(&self) -> &str {
        &self.proxy
    }
}
