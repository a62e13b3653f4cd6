//! When keys come and go, as a function of their times alone.
//!
//! A key is in the key set for a while before it signs, so that every proxy has it by then, and
//! stays until the last token that it signed is over.

use std::time::Duration;

/// How long each part of a key's life takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rotation {
    /// How long a key signs.
    pub(super) signs: Duration,
    /// How long before that it is in the key set.
    pub(super) announced: Duration,
    /// How long after that it stays there.
    pub(super) kept: Duration,
}

/// What is to be done with keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// How many of the first are over.
    pub(super) over: usize,
    /// From when on another one signs that is to be made now.
    pub(super) next: Option<u64>,
}

impl Rotation {
    /// What is to be done with keys that sign from these times on, in their order.
    pub(super) fn due(&self, signs_from: &[u64], now: u64) -> Due {
        let Self { signs, announced, kept } = *self;
        let followers = signs_from.iter().skip(1);
        let over = followers.take_while(|next| next.saturating_add(kept.as_secs()) <= now).count();
        let next = match signs_from.last() {
            None => Some(now),
            Some(newest) => {
                let ends = newest.saturating_add(signs.as_secs());
                let known = now.saturating_add(announced.as_secs());
                (ends <= known).then_some(ends.max(known))
            }
        };
        Due { over, next }
    }
}

/// The one that signs now: the last that has begun. Should the clock have gone back before all of
/// them, the first.
pub(super) fn current(signs_from: &[u64], now: u64) -> usize {
    signs_from.iter().filter(|from| **from <= now).count().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_announced_signs_and_is_kept_until_its_tokens_are_over() {
        let rotation = Rotation {
            signs: Duration::from_secs(1000),
            announced: Duration::from_secs(100),
            kept: Duration::from_secs(50),
        };
        /// Keys, now; how many are over, when the next signs, which one signs.
        type Row<'a> = (&'a [u64], u64, usize, Option<u64>, usize);
        let rows: [Row<'_>; 10] = [
            (&[], 5, 0, Some(5), 0),
            (&[0], 899, 0, None, 0),
            (&[0], 900, 0, Some(1000), 0),
            (&[0, 1000], 999, 0, None, 0),
            (&[0, 1000], 1000, 0, None, 1),
            (&[0, 1000], 1049, 0, None, 1),
            (&[0, 1000], 1050, 1, None, 1),
            // The service was down when the next one was due: the old one signs on meanwhile.
            (&[0], 5000, 0, Some(5100), 0),
            (&[0, 1000, 2000], 5000, 2, Some(5100), 2),
            // The clock went back.
            (&[500], 10, 0, None, 0),
        ];
        for (keys, now, over, next, signs) in rows {
            assert_eq!(rotation.due(keys, now), Due { over, next }, "{keys:?} at {now}");
            assert_eq!(current(keys, now), signs, "{keys:?} at {now}");
        }
    }

    #[test]
    fn over_a_year_some_key_always_signs_that_was_announced_in_time() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let rotation = Rotation { signs: hours(24), announced: hours(1), kept: hours(1) };
        let (mut keys, mut made): (Vec<u64>, Vec<u64>) = (vec![], vec![]);
        for now in (0..365 * 24 * 3600).step_by(600) {
            let Due { over, next } = rotation.due(&keys, now);
            keys.drain(..over);
            if let Some(from) = next {
                assert!(made.is_empty() || from >= now + 3600, "{from} at {now}");
                keys.push(from);
                made.push(from);
            }
            assert!(keys[current(&keys, now)] <= now && keys.len() <= 3);
        }
        assert_eq!(made.len(), 366);
    }
}
