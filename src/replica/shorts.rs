//! An exact set of shorts, in little more than the bytes of its entries. The shorts are as good as
//! random, so blocks by their first bits are about equally full. Each is in order but for the few that
//! came last: those are put down at its end, which touches no memory that is not at hand, and are
//! brought into their order together.
//!
//! Blocks are parted one after the other as the set grows, as linear hashing does (Litwin, 1980), so
//! that nothing ever takes long.

use crate::control::Short;

/// How many entries a block has at most on average, before the next one is parted in two.
const BLOCK: usize = 512;
/// How many entries of a block are out of order at most.
const FRESH: usize = 64;
/// How far from where it should be a short is looked for first.
const NEAR: usize = 24;

/// A set of shorts: an entry takes some eight and a half bytes.
#[derive(Debug)]
pub(super) struct ShortSet {
    /// In the order of the bits that their shorts begin with.
    blocks: Vec<Block>,
    /// With how many bits the shorts of a block begin alike; those of the blocks that came of parting
    /// the first `parted` ones, with one more.
    bits: u32,
    parted: usize,
    len: usize,
}

impl Default for ShortSet {
    fn default() -> Self {
        Self { blocks: vec![Block::default()], bits: 0, parted: 0, len: 0 }
    }
}

impl ShortSet {
    pub(super) fn contains(&self, short: Short) -> bool {
        let (nth, bits) = self.place(short);
        self.blocks.get(nth).is_some_and(|block| block.contains(short, bits))
    }

    pub(super) fn insert(&mut self, short: Short) {
        let (nth, _) = self.place(short);
        let Some(block) = self.blocks.get_mut(nth) else { return };
        let before = block.len();
        block.insert(short);
        self.len = self.len + block.len() - before;
        if self.len > BLOCK * self.blocks.len() {
            self.part_next();
        }
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, short: Short) -> bool {
        let (nth, bits) = self.place(short);
        let Some(block) = self.blocks.get_mut(nth) else { return false };
        let before = block.len();
        block.remove(short, bits);
        self.len = self.len + block.len() - before;
        block.len() < before
    }

    /// How many there are. One that was put in twice counts twice until that is noticed.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How much memory it takes, in bytes.
    pub(super) fn weight(&self) -> usize {
        let shorts = self.blocks.iter().map(|block| block.shorts.capacity()).sum::<usize>();
        shorts * size_of::<Short>() + self.blocks.capacity() * size_of::<Block>()
    }

    /// The block of a short, and with how many bits all of that block's shorts begin alike.
    fn place(&self, short: Short) -> (usize, u32) {
        let nth = short.first(self.bits);
        match nth < self.parted {
            true => (short.first(self.bits + 1), self.bits + 1),
            false => (nth + self.parted, self.bits),
        }
    }

    fn part_next(&mut self) {
        let lower = 2 * self.parted;
        let Some(block) = self.blocks.get_mut(lower) else { return };
        let before = block.len();
        let upper = block.part(self.bits + 1);
        self.len = self.len + block.len() + upper.len() - before;
        self.blocks.insert(lower + 1, upper);
        self.parted += 1;
        if self.parted == 1 << self.bits {
            (self.bits, self.parted) = (self.bits + 1, 0);
        }
    }
}

/// The shorts that begin with the same bits.
///
/// INVARIANT: the first `sorted` ascend, and no two of them are equal.
#[derive(Debug, Default)]
struct Block {
    shorts: Vec<Short>,
    sorted: usize,
}

impl Block {
    fn len(&self) -> usize {
        self.shorts.len()
    }

    fn parts(&self) -> (&[Short], &[Short]) {
        self.shorts.split_at_checked(self.sorted).unwrap_or_default()
    }

    fn contains(&self, short: Short, bits: u32) -> bool {
        let (sorted, fresh) = self.parts();
        fresh.contains(&short) || find(sorted, bits, short).is_ok()
    }

    fn insert(&mut self, short: Short) {
        if self.shorts.len() == self.sorted + FRESH {
            self.settle();
        }
        if self.shorts.len() == self.shorts.capacity() {
            // Doubling, as a vector does by itself, would leave a quarter of the memory unused.
            self.shorts.reserve_exact(FRESH);
        }
        self.shorts.push(short);
    }

    fn remove(&mut self, short: Short, bits: u32) {
        let (sorted, fresh) = self.parts();
        let found = find(sorted, bits, short);
        // It may have been put in again, and again.
        if fresh.contains(&short) {
            let mut nth = 0;
            self.shorts.retain(|own| {
                nth += 1;
                nth <= self.sorted || *own != short
            });
        }
        if let Ok(at) = found {
            self.shorts.remove(at);
            self.sorted -= 1;
        }
    }

    /// Brings everything into its order.
    fn settle(&mut self) {
        let mut merged = Vec::with_capacity(self.shorts.len() + FRESH);
        let (sorted, fresh) = self.shorts.split_at_mut_checked(self.sorted).unwrap_or_default();
        let mut sorted = &*sorted;
        fresh.sort_unstable();
        for short in &*fresh {
            while let Some((first, rest)) = sorted.split_first().filter(|(own, _)| *own < short) {
                merged.push(*first);
                sorted = rest;
            }
            if sorted.first() != Some(short) && merged.last() != Some(short) {
                merged.push(*short);
            }
        }
        merged.extend_from_slice(sorted);
        self.sorted = merged.len();
        self.shorts = merged;
    }

    /// Keeps the lower half by the last of so many bits; gives the upper one.
    fn part(&mut self, bits: u32) -> Self {
        self.settle();
        let half = self.shorts.partition_point(|short| short.first(bits) % 2 == 0);
        let shorts = self.shorts.split_off(half);
        self.shorts.shrink_to_fit();
        self.sorted = half;
        Self { sorted: shorts.len(), shorts }
    }
}

/// Where a short stands among others that begin with the same bits, or where it would. It is looked
/// for near where it would stand if they were evenly spread, which they nearly are: that touches less
/// memory than halving.
fn find(sorted: &[Short], bits: u32, short: Short) -> Result<usize, usize> {
    let guess = short.place_among(sorted.len(), bits);
    let (mut low, mut high) = (guess.saturating_sub(NEAR), (guess + NEAR).min(sorted.len()));
    if sorted.get(low).is_none_or(|first| short < *first) {
        low = 0;
    }
    if high.checked_sub(1).and_then(|last| sorted.get(last)).is_none_or(|last| *last < short) {
        high = sorted.len();
    }
    let near = sorted.get(low..high).unwrap_or_default();
    near.binary_search(&short).map(|at| low + at).map_err(|at| low + at)
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

    fn shorts() -> impl Iterator<Item = Short> {
        numbers().map(Short::new)
    }

    #[test]
    fn it_has_what_was_put_in_and_nothing_else() {
        let (mut set, mut model) = (ShortSet::default(), BTreeSet::new());
        let edges = [0, 2, u64::MAX, 1 << 63, (1 << 63) - 1].map(Short::new);
        for (short, nth) in edges.into_iter().chain(shorts().take(40_000)).zip(0..) {
            set.insert(short);
            set.insert(short);
            model.insert(short);
            if nth % 3 == 0 {
                assert_eq!(set.remove(short), model.remove(&short));
                assert!(!set.remove(short));
            }
        }
        assert!(set.len() >= model.len());
        for short in edges.into_iter().chain(shorts().take(80_000)) {
            assert_eq!(set.contains(short), model.contains(&short), "{short:?}");
        }
        set.blocks.iter_mut().for_each(Block::settle);
        assert!(set.blocks.iter().flat_map(|block| &block.shorts).eq(&model), "in their order");
        assert!(set.blocks.len() > 40 && set.blocks.iter().all(|block| block.len() < 2 * BLOCK));
    }

    #[test]
    fn shorts_that_are_not_evenly_spread_are_found_too() {
        let mut set = ShortSet::default();
        let clustered = || {
            let squares = (0..3_000_u64).map(|nth| nth * nth + 1);
            squares.chain((0..3_000).map(|nth| !nth)).map(Short::new)
        };
        clustered().for_each(|short| set.insert(short));
        assert!(clustered().all(|short| set.contains(short)));
        for absent in [3, 4, 6, 9_000_000, !3_000, 1 << 63].map(Short::new) {
            assert!(!set.contains(absent) && !set.remove(absent), "{absent:?}");
        }
        assert!(clustered().all(|short| set.remove(short)));
        assert!(set.is_empty());
    }

    #[test]
    fn little_memory_is_left_unused() {
        let (mut set, mut most) = (ShortSet::default(), 0.0_f64);
        for (short, count) in shorts().take(400_000).zip(1_u32..) {
            set.insert(short);
            if count % 1_000 == 0 && count >= 10_000 {
                most = most.max(set.weight() as f64 / f64::from(count));
            }
        }
        assert!(most < 9.0, "{most} bytes an entry");
    }

    #[test]
    fn what_was_put_in_twice_counts_once_in_the_end_and_is_removed_whole() {
        let mut set = ShortSet::default();
        let few = || shorts().take(500);
        for _ in 0..3 {
            few().for_each(|short| set.insert(short));
        }
        set.blocks.iter_mut().for_each(Block::settle);
        few().take(FRESH / 2).for_each(|short| set.insert(short));
        assert!(few().take(FRESH / 2).all(|short| set.remove(short) && !set.contains(short)));
        let left = set.blocks.iter().map(Block::len).sum::<usize>();
        assert_eq!(left, 500 - FRESH / 2);
        assert!(few().skip(FRESH / 2).all(|short| set.contains(short)));
    }
}
