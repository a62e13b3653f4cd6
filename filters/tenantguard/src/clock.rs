//! The monotonic clock as a number that means the same in every VM of a proxy, so that one VM can
//! say until when a lease runs and another can tell whether it is over.
//!
//! Every VM asks the same clock of the host, but `Instant` shows only differences. What it is
//! hashed by is the time itself; that it is, [`is_shared`] finds out at the start.

use std::cell::Cell;
use std::hash::{Hash as _, Hasher};
use std::time::{Duration, Instant};

use crate::host;

/// For how long the wall clock is reckoned by the monotonic one: a wall clock that is set is noticed
/// within this.
const RECKONING: Duration = Duration::from_millis(100);

/// The wall clock, which is asked only now and then: each time is a call into the host.
#[derive(Default)]
pub(crate) struct WallClock {
    /// What the monotonic clock and the wall clock showed.
    read: Cell<Option<(Duration, Duration)>>,
}

impl WallClock {
    /// The time since 1970, now that the monotonic clock shows this; `None` without a clock.
    pub(crate) fn at(&self, monotonic: Duration) -> Option<Duration> {
        let reckoned = self.read.get().and_then(|(then, wall)| {
            let since = monotonic.checked_sub(then).filter(|since| *since < RECKONING)?;
            Some(wall + since)
        });
        reckoned.or_else(|| {
            let wall = host::since_epoch()?;
            self.read.set(Some((monotonic, wall)));
            Some(wall)
        })
    }
}

/// Keeps the last numbers that are hashed, instead of hashing.
#[derive(Default)]
struct Parts {
    secs: u64,
    nanos: u32,
}

impl Hasher for Parts {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, secs: u64) {
        self.secs = secs;
    }

    fn write_u32(&mut self, nanos: u32) {
        self.nanos = nanos;
    }

    fn finish(&self) -> u64 {
        self.secs
    }
}

/// The time since the host's clock began.
pub(crate) fn monotonic() -> Duration {
    since_start(Instant::now())
}

/// Whether [`monotonic`] counts as it should.
pub(crate) fn is_shared() -> bool {
    let now = Instant::now();
    let later = now + Duration::new(1, 1);
    since_start(now) != Duration::ZERO
        && since_start(later) == since_start(now) + Duration::new(1, 1)
}

fn since_start(instant: Instant) -> Duration {
    let mut parts = Parts::default();
    instant.hash(&mut parts);
    Duration::new(parts.secs, parts.nanos)
}
