//! Whether it is worth asking the control service at all. A pure state machine: it is told what
//! became of calls and when, and has no clock of its own.

use std::time::Duration;

/// How many of the last calls count.
const WINDOW: u32 = 16;
/// How many of them must have failed, or have been slow, for the breaker to open.
const FAILURES: u32 = 8;
/// How long it stays open at first.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// How long it stays open at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// What a breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Everything.
    Closed,
    /// Nothing, until then on the monotonic clock.
    Open {
        /// When one probe may go.
        until: Duration,
    },
    /// One probe is under way, and nothing else goes.
    HalfOpen {
        /// When the probe counts as lost.
        until: Duration,
    },
}

impl BreakerState {
    /// The word that names it in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen { .. } => "half_open",
        }
    }
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered well and in time.
    Answered,
    /// It was not answered, not well, or too late.
    Failed,
    /// Whoever asked has left: it says nothing about the service.
    Abandoned,
}

/// A breaker in front of the control service.
#[derive(Debug, Clone)]
pub struct Breaker {
    state: BreakerState,
    /// What became of the last calls, the latest in the lowest bit; 1 is a failure.
    last: u32,
    pause: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: BreakerState::Closed, last: 0, pause: FIRST_PAUSE }
    }
}

impl Breaker {
    /// Whether a call may go out now. A probe is lost if nothing is heard of it within `patience`.
    pub fn admits(&mut self, now: Duration, patience: Duration) -> bool {
        match self.state {
            BreakerState::Closed => true,
            BreakerState::Open { until } | BreakerState::HalfOpen { until } if until <= now => {
                self.state = BreakerState::HalfOpen { until: now.saturating_add(patience) };
                true
            }
            BreakerState::Open { .. } | BreakerState::HalfOpen { .. } => false,
        }
    }

    /// Takes what became of a call that was admitted.
    pub fn settle(&mut self, outcome: Outcome, now: Duration) {
        match (self.state, outcome) {
            // What was on its way when it opened proves nothing about now.
            (BreakerState::Open { .. }, _) => {}
            (BreakerState::Closed, Outcome::Abandoned) => {}
            (BreakerState::Closed, Outcome::Answered) => self.count(0),
            (BreakerState::Closed, Outcome::Failed) => {
                self.count(1);
                if self.last.count_ones() >= FAILURES {
                    self.open(now);
                }
            }
            (BreakerState::HalfOpen { .. }, Outcome::Answered) => *self = Self::default(),
            // The next one is the probe.
            (BreakerState::HalfOpen { .. }, Outcome::Abandoned) => {
                self.state = BreakerState::Open { until: now };
            }
            (BreakerState::HalfOpen { .. }, Outcome::Failed) => {
                self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
                self.open(now);
            }
        }
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.state
    }

    fn count(&mut self, failure: u32) {
        self.last = (self.last << 1 | failure) & ((1 << WINDOW) - 1);
    }

    fn open(&mut self, now: Duration) {
        self.last = 0;
        self.state = BreakerState::Open { until: now.saturating_add(self.pause) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const PATIENCE: Duration = Duration::from_millis(50);

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES {
            assert!(breaker.admits(millis(0), PATIENCE));
            breaker.settle(Outcome::Failed, millis(0));
        }
        breaker
    }

    #[test]
    fn it_opens_when_half_of_the_last_calls_failed() {
        let mut breaker = Breaker::default();
        for nth in 0..100 {
            let outcome = if nth % 3 == 0 { Outcome::Failed } else { Outcome::Answered };
            breaker.settle(outcome, millis(nth));
            breaker.settle(Outcome::Abandoned, millis(nth));
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert_eq!(opened().state(), BreakerState::Open { until: FIRST_PAUSE });
    }

    #[test]
    fn one_probe_at_a_time_finds_out_whether_the_service_is_back() {
        let mut breaker = opened();
        assert!(!breaker.admits(millis(499), PATIENCE));
        breaker.settle(Outcome::Answered, millis(499));
        assert!(
            !breaker.admits(millis(499), PATIENCE),
            "an answer to an older call closes nothing"
        );
        assert!(breaker.admits(millis(500), PATIENCE));
        assert!(!breaker.admits(millis(500), PATIENCE));
        breaker.settle(Outcome::Failed, millis(550));
        assert!(!breaker.admits(millis(1_549), PATIENCE), "the pause has doubled");
        assert!(breaker.admits(millis(1_550), PATIENCE));
        breaker.settle(Outcome::Answered, millis(1_560));
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert!(breaker.admits(millis(1_560), PATIENCE));
    }

    #[test]
    fn a_probe_that_nobody_hears_of_again_does_not_block_the_way() {
        let mut breaker = opened();
        assert!(breaker.admits(millis(500), PATIENCE));
        assert!(!breaker.admits(millis(549), PATIENCE));
        assert!(breaker.admits(millis(550), PATIENCE));
        breaker.settle(Outcome::Abandoned, millis(551));
        assert!(breaker.admits(millis(551), PATIENCE), "who left says nothing about the service");
    }

    #[test]
    fn the_pause_grows_to_a_bound() {
        let (mut breaker, mut now) = (opened(), Duration::ZERO);
        for _ in 0..20 {
            let BreakerState::Open { until } = breaker.state() else { panic!("{breaker:?}") };
            assert!(until - now <= LONGEST_PAUSE);
            now = until;
            assert!(breaker.admits(now, PATIENCE));
            breaker.settle(Outcome::Failed, now);
        }
        assert_eq!(breaker.state(), BreakerState::Open { until: now + LONGEST_PAUSE });
    }
}
