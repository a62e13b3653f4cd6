//! For how long a copy may decide alone. A lease is counted on the monotonic clock from when the
//! poll that renewed it was sent, so that a slow answer never makes it longer.

use std::time::Duration;

use crate::control::Position;

/// How much a copy's word is worth at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// There is no copy yet, or nobody has ever vouched for it.
    Never,
    /// Within its lease, and where the feed was said to stand.
    Fresh,
    /// Past its lease, or behind the feed.
    Stale {
        /// From when on, on the monotonic clock.
        since: Duration,
    },
}

/// What a lease says of a copy, until either changes. Small, because every decision reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vouched {
    /// When the last word was asked for, if there ever was one.
    sent: Option<Duration>,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// There is no copy, or no word.
    Nowhere,
    Level {
        until: Duration,
    },
    Behind {
        since: Duration,
    },
}

impl Vouched {
    /// Of no copy, and nobody has ever said anything.
    pub(crate) const NEVER: Self = Self { sent: None, standing: Standing::Nowhere };

    /// What the copy's word is worth now.
    pub(crate) fn freshness(&self, now: Duration) -> Freshness {
        match self.standing {
            Standing::Nowhere => Freshness::Never,
            Standing::Level { until } if now < until => Freshness::Fresh,
            Standing::Level { until: since } | Standing::Behind { since } => {
                Freshness::Stale { since }
            }
        }
    }

    /// How long ago the last word was asked for.
    pub(crate) fn age(&self, now: Duration) -> Option<Duration> {
        self.sent.map(|sent| now.saturating_sub(sent))
    }
}

/// The last word on where the feed stands, and how long it holds.
#[derive(Debug, Clone, Copy)]
struct Renewal {
    head: Position,
    sent: Duration,
    until: Duration,
}

/// The lease of one copy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lease {
    last: Option<Renewal>,
    /// Since when the copy is known to be behind.
    behind: Option<Duration>,
}

/// Word from the control service, or from the VM that asks it for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// Where the feed stood.
    pub head: Position,
    /// When the poll was sent that was answered so, on the monotonic clock.
    pub sent: Duration,
    /// How long a copy at `head` may decide alone from then on.
    pub lease: Duration,
}

impl Lease {
    /// Takes word of where the feed stands, for a copy that stands at `held`. An older word than the
    /// last one changes nothing.
    pub(crate) fn renew(&mut self, word: &Word, held: Option<&Position>, now: Duration) {
        if self.last.is_some_and(|last| word.sent < last.sent) {
            return;
        }
        let was_level = self.last.is_none_or(|last| Some(&last.head) == held);
        self.behind = match held {
            Some(held) if *held == word.head => None,
            _ if was_level => Some(now),
            _ => self.behind.or(Some(now)),
        };
        let Word { head, sent, lease } = *word;
        self.last = Some(Renewal { head, sent, until: sent.saturating_add(lease) });
    }

    /// What it says of a copy that stands at `held`.
    pub(crate) fn vouch(&self, held: Option<&Position>) -> Vouched {
        let Some(last) = self.last else { return Vouched::NEVER };
        let standing = match held {
            None => Standing::Nowhere,
            Some(held) if last.head == *held => Standing::Level { until: last.until },
            Some(_) => Standing::Behind { since: self.behind.unwrap_or(last.sent).min(last.until) },
        };
        Vouched { sent: Some(last.sent), standing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::HistoryId;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn word(head: Position, sent: u64, lease: u64) -> Word {
        Word { head, sent: secs(sent), lease: secs(lease) }
    }

    #[test]
    fn a_copy_is_fresh_within_its_lease_and_at_the_head_only() {
        let here = Position::start(HistoryId::from_bytes([1; 16]));
        let there = here.after(b"x");
        let stale = |since| Freshness::Stale { since: secs(since) };
        let mut lease = Lease::default();
        assert_eq!(lease.vouch(Some(&here)).freshness(secs(0)), Freshness::Never);
        lease.renew(&word(here, 10, 5), Some(&here), secs(11));
        for (held, now, expected) in [
            (None, 11, Freshness::Never),
            (Some(&here), 11, Freshness::Fresh),
            (Some(&here), 14, Freshness::Fresh),
            (Some(&here), 15, stale(15)),
            (Some(&here), 60, stale(15)),
            (Some(&there), 12, stale(10)),
        ] {
            assert_eq!(lease.vouch(held).freshness(secs(now)), expected, "{held:?} at {now}");
        }
        assert_eq!(lease.vouch(None).age(secs(12)), Some(secs(2)));
    }

    #[test]
    fn a_copy_is_stale_since_it_fell_behind_until_it_has_caught_up() {
        let here = Position::start(HistoryId::from_bytes([1; 16]));
        let there = here.after(b"x");
        let last = there.after(b"y");
        let stale = |since| Freshness::Stale { since: secs(since) };
        let mut lease = Lease::default();
        lease.renew(&word(here, 0, 5), Some(&here), secs(0));
        for (sent, head) in [(2, there), (4, last)] {
            lease.renew(&word(head, sent, 5), Some(&here), secs(sent));
            assert_eq!(lease.vouch(Some(&here)).freshness(secs(sent)), stale(2));
        }
        assert_eq!(lease.vouch(Some(&last)).freshness(secs(6)), Freshness::Fresh);
        // Word that comes late takes nothing back.
        lease.renew(&word(here, 3, 100), Some(&last), secs(7));
        assert_eq!(lease.vouch(Some(&last)).freshness(secs(8)), Freshness::Fresh);
        assert_eq!(lease.vouch(Some(&last)).freshness(secs(9)), stale(9));
        lease.renew(&word(last.after(b"z"), 10, 5), Some(&last), secs(11));
        assert_eq!(lease.vouch(Some(&last)).freshness(secs(12)), stale(11));
    }
}
