//! When a VM looks for a new head, and when the proxy may say that it knows one. A glance holds for
//! [`HOLD`], so that not every request pays for one; whoever leads lets that time pass between telling
//! everybody of a head and acknowledging it. So nothing that is decided after the acknowledgement is
//! decided by an older head.
//!
//! All times are of the one monotonic clock that the VMs of a proxy share.

use std::time::Duration;

use crate::control::Position;

/// For how long a glance holds.
pub const HOLD: Duration = Duration::from_millis(2);

/// A VM's last look for a new head, at which there was none.
#[derive(Debug, Clone, Copy)]
pub struct Glance {
    at: Duration,
}

impl Glance {
    /// One for which the clock was read before it was taken.
    #[must_use]
    pub const fn taken(at: Duration) -> Self {
        Self { at }
    }

    /// Whether there is no need to look again. A clock that went back proves nothing.
    #[must_use]
    pub fn holds(&self, now: Duration) -> bool {
        now.checked_sub(self.at).is_some_and(|since| since < HOLD)
    }
}

/// What the leader has told everybody.
#[derive(Debug, Clone, Copy)]
pub struct Notice {
    head: Position,
    given: Duration,
}

impl Notice {
    /// Notice of a head, for which the clock was read after it had been given.
    #[must_use]
    pub const fn given(head: Position, given: Duration) -> Self {
        Self { head, given }
    }

    /// Whether it is of this head.
    #[must_use]
    pub fn is_of(&self, head: &Position) -> bool {
        self.head == *head
    }

    /// From when on the head may be acknowledged.
    #[must_use]
    pub fn expires(&self) -> Duration {
        self.given.saturating_add(HOLD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::HistoryId;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn head() -> Position {
        Position::start(HistoryId::from_bytes([1; 16]))
    }

    #[test]
    fn whoever_decides_after_an_acknowledgement_has_looked_after_the_notice() {
        let times = || (0..24).map(|step| HOLD / 8 * step);
        let mut missed = 0;
        for (given, looked) in times().flat_map(|given| times().map(move |look| (given, look))) {
            let from = Notice::given(head(), given).expires();
            for decided in times().filter(|decided| from <= *decided && looked <= *decided) {
                assert!(looked >= given || !Glance::taken(looked).holds(decided));
                missed += usize::from(looked < given);
            }
        }
        assert!(missed > 100, "looks that were too early are among them");
    }

    #[test]
    fn a_look_holds_for_a_while_and_not_before_it_was_taken() {
        let at = Duration::from_secs(7);
        let look = Glance::taken(at);
        let step = Duration::from_nanos(1);
        let cases = [(at - step, false), (at, true), (at + HOLD - step, true), (at + HOLD, false)];
        for (now, holds) in cases {
            assert_eq!(look.holds(now), holds, "{now:?}");
        }
    }

    #[test]
    fn notice_of_one_head_is_none_of_another() {
        let notice = Notice::given(head(), Duration::ZERO);
        assert!(notice.is_of(&head()) && !notice.is_of(&head().after(b"frame")));
        assert_eq!(notice.expires(), HOLD);
    }
}
