//! Engines that take turns: every round each decides for a while, every other round in reverse
//! order, so that a busy moment of the machine hits all of them. What counts is the thread's time on
//! a processor, so that what else runs there is not counted as a decision.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::engines::Engine;
use crate::world::requests::REQUESTS;

/// How long one turn is.
const TURN: Duration = Duration::from_millis(20);

/// An engine in a run, with what was measured of it.
pub struct Contestant<'w> {
    engine: Box<dyn Engine + 'w>,
    next: usize,
    decisions: usize,
    /// Nanoseconds a decision, round by round.
    pub samples: Vec<f64>,
}

impl<'w> Contestant<'w> {
    /// An engine that was not measured yet.
    #[must_use]
    pub fn new(engine: Box<dyn Engine + 'w>) -> Self {
        Self { engine, next: 0, decisions: 1, samples: Vec::new() }
    }

    /// Finds out how many decisions make a turn; the caches are warm then.
    fn warm_up(&mut self) {
        while self.turn() < TURN {
            self.decisions *= 2;
        }
        self.samples.clear();
    }

    /// Decides on, where the last turn ended.
    fn turn(&mut self) -> Duration {
        let begun = processor_time();
        for _ in 0..self.decisions {
            black_box(self.engine.decide(black_box(self.next)));
            self.next = (self.next + 1) % REQUESTS;
        }
        let taken = processor_time().saturating_sub(begun);
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 decisions")]
        self.samples.push(taken.as_secs_f64() * 1e9 / self.decisions as f64);
        taken
    }
}

/// The time that this thread has had a processor.
fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Lets all take turns.
pub fn run<'c, 'w: 'c>(contestants: impl Iterator<Item = &'c mut Contestant<'w>>, rounds: usize) {
    let mut contestants: Vec<_> = contestants.collect();
    contestants.iter_mut().for_each(|one| one.warm_up());
    for _ in 0..rounds {
        for contestant in &mut contestants {
            contestant.turn();
        }
        contestants.reverse();
    }
}
