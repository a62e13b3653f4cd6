//! An exact map from 64-bit shorts, in little more than the bytes of its entries: sorted runs, one
//! for each value of the first bits. The shorts are as good as random, so the runs stay about
//! equally long; a run is short enough that putting one in moves a few kilobytes, and never
//! everything.

/// About how long runs get before each is split in two.
const RUN: usize = 256;
/// How many bits name a run at most. Beyond `RUN << MAX_BITS` entries, runs get longer instead: to
/// split all of them at once would be felt.
const MAX_BITS: u32 = 13;
/// How much more room a full run gets: one part in this many.
const GROWTH: usize = 16;
/// How far from where it should be a short is looked for first.
const NEAR: usize = 16;

/// A set of shorts: an entry takes eight bytes.
pub(super) type ShortSet = ShortMap<()>;

/// A map from shorts.
#[derive(Debug)]
pub(super) struct ShortMap<V> {
    runs: Vec<Vec<(u64, V)>>,
    bits: u32,
    len: usize,
}

impl<V> Default for ShortMap<V> {
    fn default() -> Self {
        Self { runs: vec![Vec::new()], bits: 0, len: 0 }
    }
}

impl<V> ShortMap<V> {
    pub(super) fn get(&self, short: u64) -> Option<&V> {
        let run = self.runs.get(self.run_of(short))?;
        run.get(find(run, self.bits, short).ok()?).map(|(_, value)| value)
    }

    pub(super) fn contains(&self, short: u64) -> bool {
        self.get(short).is_some()
    }

    /// The value of a short, to be changed; if it has none, this one.
    pub(super) fn entry(&mut self, short: u64, value: V) -> Option<&mut V> {
        let (bits, mut nth) = (self.bits, self.run_of(short));
        let run = self.runs.get_mut(nth)?;
        let mut found = find(run, bits, short);
        if let Err(at) = found {
            if run.len() == run.capacity() {
                // Doubling, as a vector does by itself, would leave a quarter of the memory unused.
                run.reserve_exact(run.len() / GROWTH + 4);
            }
            run.insert(at, (short, value));
            self.len += 1;
            found = Ok(at);
            if self.len > RUN << bits && bits < MAX_BITS {
                self.split();
                nth = self.run_of(short);
                found = find(self.runs.get(nth)?, self.bits, short);
            }
        }
        self.runs.get_mut(nth)?.get_mut(found.ok()?).map(|(_, value)| value)
    }

    pub(super) fn remove(&mut self, short: u64) -> Option<V> {
        let (bits, nth) = (self.bits, self.run_of(short));
        let run = self.runs.get_mut(nth)?;
        let at = find(run, bits, short).ok()?;
        self.len -= 1;
        Some(run.remove(at).1)
    }

    /// Keeps what is to be kept.
    pub(super) fn retain(&mut self, mut keeps: impl FnMut(&V) -> bool) {
        for run in &mut self.runs {
            run.retain(|(_, value)| keeps(value));
        }
        self.len = self.runs.iter().map(Vec::len).sum();
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.runs.iter().flatten().map(|(_, value)| value)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How much memory it takes, in bytes, beside what its values point to.
    pub(super) fn weight(&self) -> usize {
        let runs = self.runs.iter().map(Vec::capacity).sum::<usize>() * size_of::<(u64, V)>();
        runs + self.runs.capacity() * size_of::<Vec<(u64, V)>>()
    }

    fn run_of(&self, short: u64) -> usize {
        // Without bits the shift would be by 64.
        let first = short.checked_shr(u64::BITS - self.bits).unwrap_or(0);
        usize::try_from(first).unwrap_or(0)
    }

    fn split(&mut self) {
        let mask = 1_u64 << (u64::BITS - 1 - self.bits);
        let mut halves = Vec::with_capacity(self.runs.len() * 2);
        for mut lower in self.runs.drain(..) {
            let upper = lower.split_off(lower.partition_point(|(short, _)| short & mask == 0));
            lower.shrink_to_fit();
            halves.extend([lower, upper]);
        }
        self.runs = halves;
        self.bits += 1;
    }
}

impl ShortSet {
    pub(super) fn insert(&mut self, short: u64) {
        self.entry(short, ());
    }
}

/// Where a short stands in a run, or where it would. It is looked for near where it would stand if
/// the run were evenly spread, which it nearly is: that touches less memory than halving.
fn find<V>(run: &[(u64, V)], bits: u32, short: u64) -> Result<usize, usize> {
    let within = u128::from(short << bits) * run.len() as u128;
    let guess = usize::try_from(within >> u64::BITS).unwrap_or(0);
    let (mut low, mut high) = (guess.saturating_sub(NEAR), (guess + NEAR).min(run.len()));
    if run.get(low).is_none_or(|(first, _)| short < *first) {
        low = 0;
    }
    if high.checked_sub(1).and_then(|last| run.get(last)).is_none_or(|(last, _)| *last < short) {
        high = run.len();
    }
    let near = run.get(low..high).unwrap_or_default();
    near.binary_search_by_key(&short, |(own, _)| *own).map(|at| low + at).map_err(|at| low + at)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Numbers that look random and are the same on every run (SplitMix64).
    fn numbers() -> impl Iterator<Item = u64> {
        (1_u64..).map(|nth| {
            let mut word = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^ (word >> 31)
        })
    }

    #[test]
    fn it_has_what_was_put_in_and_nothing_else() {
        let (mut set, mut model) = (ShortSet::default(), BTreeSet::new());
        let edges = [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1];
        for (short, nth) in edges.into_iter().chain(numbers().take(20_000)).zip(0..) {
            set.insert(short);
            set.insert(short);
            model.insert(short);
            if nth % 3 == 0 {
                assert_eq!(set.remove(short).is_some(), model.remove(&short));
                assert!(set.remove(short).is_none());
            }
        }
        assert_eq!(set.len(), model.len());
        for short in edges.into_iter().chain(numbers().take(40_000)) {
            assert_eq!(set.contains(short), model.contains(&short), "{short:#x}");
        }
        assert!(set.runs.iter().all(|run| run.len() < RUN * 2 && run.is_sorted()));
    }

    #[test]
    fn shorts_that_are_not_evenly_spread_are_found_too() {
        let mut set = ShortSet::default();
        let clustered = || (0..3_000_u64).map(|nth| nth * nth).chain((0..3_000).map(|n| !n));
        clustered().for_each(|short| set.insert(short));
        assert!(clustered().all(|short| set.contains(short)));
        for absent in [2, 3, 5, 8_999_999, !3_000, 1 << 63] {
            assert!(!set.contains(absent) && set.remove(absent).is_none(), "{absent}");
        }
        assert!(clustered().all(|short| set.remove(short).is_some() || short == 0));
        assert!(set.is_empty());
    }

    #[test]
    fn a_value_is_put_in_once_and_changed_where_it_stands() {
        let mut map = ShortMap::default();
        for (short, nth) in numbers().take(5_000).zip(0_u32..) {
            *map.entry(short, nth).unwrap() += 1;
            *map.entry(short, 7_000).unwrap() += 1;
        }
        assert!(
            numbers().take(5_000).zip(2..).all(|(short, value)| map.get(short) == Some(&value))
        );
        map.retain(|value| value % 2 == 0);
        assert_eq!((map.len(), map.values().count()), (2_500, 2_500));
        assert!(
            numbers()
                .take(5_000)
                .zip(2..)
                .all(|(short, value)| { map.get(short).is_some() == (value % 2 == 0) })
        );
    }

    #[test]
    fn little_memory_is_left_unused() {
        for count in [10_000, 50_000, 200_000] {
            let mut set = ShortSet::default();
            numbers().take(count).for_each(|short| set.insert(short));
            let each = set.weight() as f64 / count as f64;
            assert!(each < 9.0, "{each} bytes an entry at {count}");
        }
    }
}
