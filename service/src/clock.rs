//! The clocks, behind a trait so that a test can move them. Leases and deadlines are counted on the
//! monotonic one only; the wall clock says when something was done and when it is over.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use tenantguard::time::{Now, UnixTime};

/// Says what time it is.
pub trait Clock: Send + Sync + 'static {
    /// Both clocks at this instant.
    fn now(&self) -> Now;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now { wall: UnixTime::from_duration(wall), monotonic: self.start.elapsed() }
    }
}

/// A clock that stands still until it is moved, each hand by itself.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: Arc<Mutex<Now>>,
}

impl ManualClock {
    /// A clock that shows this wall time.
    #[must_use]
    pub fn at(wall: UnixTime) -> Self {
        Self { now: Arc::new(Mutex::new(Now { wall, monotonic: Duration::ZERO })) }
    }

    /// Lets time pass on both hands.
    pub fn pass(&self, time: Duration) {
        let mut now = self.now.lock();
        now.wall = now.wall.plus(time);
        now.monotonic += time;
    }

    /// Sets the wall clock, forwards or backwards, as an administrator or NTP may.
    pub fn set_wall(&self, wall: UnixTime) {
        self.now.lock().wall = wall;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.now.lock()
    }
}
