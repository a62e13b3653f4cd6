//! Revoked shorts, filed under when they may be forgotten. What is known to expire with its token
//! is looked for only where the token's `exp` leads; everything else by every look-up.

use super::shorts::ShortSet;
use crate::control::Short;
use crate::time::UnixTime;
use crate::trust::SKEW_LIMIT;

/// How much of time one bucket of [`Dated`] is for, in seconds.
const BUCKET: u64 = 15 * 60;
/// How much of time one bucket of [`Undated`] is for, in seconds.
const GENERATION: u64 = 12 * 3600;
/// How many generations there are at most beside the one that never ends: each costs every look-up.
const GENERATIONS: usize = 8;
/// The end of the generation that has none.
const FOREVER: u64 = u64::MAX;

/// Sets by the ends of the times that they are for. There are few, so they stand in a row.
#[derive(Debug, Default)]
struct Filed(Vec<(u64, ShortSet)>);

impl Filed {
    fn place(&self, end: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&end, |(own, _)| *own)
    }

    fn get(&self, end: u64) -> Option<&ShortSet> {
        self.0.get(self.place(end).ok()?).map(|(_, set)| set)
    }

    fn insert(&mut self, end: u64, short: Short) {
        let at = self.place(end).unwrap_or_else(|at| {
            self.0.insert(at, (end, ShortSet::default()));
            at
        });
        if let Some((_, set)) = self.0.get_mut(at) {
            set.insert(short);
        }
    }

    fn remove(&mut self, short: Short) {
        self.0.retain_mut(|(_, set)| !set.remove(short) || !set.is_empty());
    }

    /// Forgets what ends at this moment or before.
    fn forget(&mut self, now: u64) {
        self.0.retain(|(end, _)| now < *end);
    }

    fn sum(&self, of: fn(&ShortSet) -> usize) -> usize {
        self.0.iter().map(|(_, set)| of(set)).sum()
    }
}

/// The end of the stretch of time that a moment is in.
fn end(at: u64, width: u64) -> u64 {
    (at / width).saturating_add(1).saturating_mul(width)
}

/// Shorts of tokens whose `exp` is known.
#[derive(Debug, Default)]
pub(super) struct Dated(Filed);

impl Dated {
    pub(super) fn insert(&mut self, short: Short, expires: u64) {
        self.0.insert(end(expires, BUCKET), short);
    }

    pub(super) fn contains(&self, short: Short, expires: u64) -> bool {
        self.0.get(end(expires, BUCKET)).is_some_and(|set| set.contains(short))
    }

    /// Wherever it is: what is restored does not say when it would have expired.
    pub(super) fn remove(&mut self, short: Short) {
        self.0.remove(short);
    }

    /// Forgets the tokens that nobody accepts any more.
    pub(super) fn forget(&mut self, now: UnixTime) {
        self.0.forget(now.minus(SKEW_LIMIT).as_secs());
    }

    pub(super) fn len(&self) -> usize {
        self.0.sum(ShortSet::len)
    }

    pub(super) fn weight(&self) -> usize {
        self.0.sum(ShortSet::weight)
    }
}

/// Shorts of what does not say when its tokens expire.
#[derive(Debug, Default)]
pub(super) struct Undated(Filed);

impl Undated {
    /// Keeps a short at least until then; `None` for as long as it is not restored.
    pub(super) fn insert(&mut self, short: Short, until: Option<u64>) {
        let own = until.map_or(FOREVER, |until| end(until, GENERATION));
        let Filed(generations) = &self.0;
        let end = match self.0.place(own) {
            // Where there are many, one that ends later keeps it too.
            Err(at) if generations.len() >= GENERATIONS => {
                generations.get(at).map_or(FOREVER, |(end, _)| *end)
            }
            _ => own,
        };
        self.0.insert(end, short);
    }

    pub(super) fn contains(&self, short: Short) -> bool {
        self.0.0.iter().any(|(_, set)| set.contains(short))
    }

    pub(super) fn remove(&mut self, short: Short) {
        self.0.remove(short);
    }

    /// Forgets what is over.
    pub(super) fn forget(&mut self, now: UnixTime) {
        self.0.forget(now.as_secs());
    }

    pub(super) fn len(&self) -> usize {
        self.0.sum(ShortSet::len)
    }

    pub(super) fn weight(&self) -> usize {
        self.0.sum(ShortSet::weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: u64 = 1_800_000_000;

    fn at(secs: u64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    #[test]
    fn a_dated_short_is_found_where_its_expiry_leads_until_no_skew_covers_it() {
        let mut dated = Dated::default();
        for (nth, expires) in [(1, NOW), (2, NOW + BUCKET), (3, u64::MAX)] {
            let short = Short::new(nth);
            dated.insert(short, expires);
            assert!(dated.contains(short, expires));
            assert!(!dated.contains(short, expires - 2 * BUCKET));
        }
        for (after, left) in [(0, 3), (599, 3), (3 * 3_600, 1), (1 << 30, 1)] {
            dated.forget(at(NOW + after));
            assert_eq!(dated.len(), left, "{after} s later");
        }
        dated.remove(Short::new(3));
        assert_eq!((dated.len(), dated.0.0.len()), (0, 0));
    }

    #[test]
    fn an_undated_short_is_kept_at_least_as_long_as_it_asks_for() {
        let mut undated = Undated::default();
        let untils: Vec<u64> = (0..40).map(|nth| NOW + nth * GENERATION).collect();
        let shorts = || (1..).map(Short::new);
        for (short, until) in shorts().zip(&untils) {
            undated.insert(short, Some(*until));
        }
        undated.insert(Short::new(1_000), None);
        assert!(undated.0.0.len() <= GENERATIONS + 1);
        for now in untils.iter().map(|until| until - 1) {
            undated.forget(at(now));
            for (short, until) in shorts().zip(&untils) {
                assert!(*until <= now || undated.contains(short), "{short:?} at {now}");
            }
            assert!(undated.contains(Short::new(1_000)));
        }
        assert!(!undated.contains(Short::new(1)), "what is long over is forgotten");
    }
}
