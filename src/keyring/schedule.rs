//! When an issuer's keys are fetched: regularly, sooner when a token names an unknown key, later
//! and later after failures.

use std::time::Duration;

/// However short-lived an answer says it is, it is kept this long.
const MIN_REFRESH: Duration = Duration::from_secs(10);
/// At most one fetch out of turn in this time.
const HURRY_INTERVAL: Duration = Duration::from_secs(10);
/// How long such a fetch is waited for.
const HURRY_PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait after the first failure; twice as long after each further one.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// The longest wait after failures.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Schedule {
    state: State,
    failures: u32,
    hurried: Option<Duration>,
    /// Whether the answer to the last hurry is still to come.
    is_awaited: bool,
    /// A hurry came while a fetch was under way, which may bring what was true before.
    again: bool,
    /// Changes with every use, so that the jitter does.
    seed: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    DueAt(Duration),
    UnderWay,
}

impl Schedule {
    /// Due at once.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            state: State::DueAt(Duration::ZERO),
            failures: 0,
            hurried: None,
            is_awaited: false,
            again: false,
            seed,
        }
    }

    pub(super) fn is_due(&self, now: Duration) -> bool {
        matches!(self.state, State::DueAt(due) if due <= now)
    }

    pub(super) fn is_under_way(&self) -> bool {
        matches!(self.state, State::UnderWay)
    }

    pub(super) fn begin(&mut self) {
        self.state = State::UnderWay;
    }

    pub(super) fn may_hurry(&self, now: Duration) -> bool {
        self.hurried.is_none_or(|hurried| now.saturating_sub(hurried) >= HURRY_INTERVAL)
    }

    /// The issuer has really changed its keys: that is nothing that a sender of unknown key names
    /// could bring about, so the next change need not wait.
    pub(super) fn allow_hurry(&mut self) {
        if !self.is_awaited {
            self.hurried = None;
        }
    }

    /// Whether an answer is still to come that was hurried for.
    pub(super) fn is_hurrying(&self, now: Duration) -> bool {
        self.is_awaited
            && self.hurried.is_some_and(|hurried| now.saturating_sub(hurried) < HURRY_PATIENCE)
    }

    pub(super) fn hurry(&mut self, now: Duration) {
        if self.may_hurry(now) {
            (self.hurried, self.is_awaited) = (Some(now), true);
            match &mut self.state {
                State::DueAt(due) => *due = now.min(*due),
                State::UnderWay => self.again = true,
            }
        }
    }

    pub(super) fn succeeded(
        &mut self,
        confirmed: Duration,
        max_age: Option<Duration>,
        refresh: Duration,
    ) {
        self.failures = 0;
        if std::mem::take(&mut self.again) {
            self.state = State::DueAt(confirmed);
            return;
        }
        self.is_awaited &= self.hurried.is_some_and(|hurried| confirmed < hurried);
        let interval = max_age.map_or(refresh, |age| age.max(MIN_REFRESH).min(refresh));
        self.state = State::DueAt(confirmed + self.jittered(interval));
    }

    pub(super) fn failed(&mut self, now: Duration, refresh: Duration) {
        let doubled = FIRST_BACKOFF.saturating_mul(1 << self.failures.min(6));
        self.failures = self.failures.saturating_add(1);
        (self.is_awaited, self.again) = (false, false);
        let backoff = doubled.min(LONGEST_BACKOFF).min(refresh.max(FIRST_BACKOFF));
        self.state = State::DueAt(now + self.jittered(backoff));
    }

    /// Between 80 and 100 per cent of the interval.
    fn jittered(&mut self, interval: Duration) -> Duration {
        // SplitMix64.
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let share = u32::try_from((z ^ (z >> 31)) % 201).unwrap_or(0);
        interval.saturating_mul(1_000 - share) / 1_000
    }
}
