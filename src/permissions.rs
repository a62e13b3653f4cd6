//! Sets of permissions as bitsets: union, difference and intersection in a few words of memory.

use std::fmt;

use zerocopy::little_endian::U64;

/// A permission of one compiled policy, by its position in the policy's sorted list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionId(pub u32);

impl PermissionId {
    pub(crate) fn word_and_mask(self) -> (usize, u64) {
        (self.0 as usize / 64, 1 << (self.0 % 64))
    }
}

/// A set of permissions that stands in an artifact: one row of words, shared by all that may do the
/// same.
#[derive(Clone, Copy, Default)]
pub struct PermissionBits<'p> {
    words: &'p [U64],
}

impl<'p> PermissionBits<'p> {
    pub(crate) fn new(words: &'p [U64]) -> Self {
        Self { words }
    }

    /// Whether the permission is in the set.
    #[must_use]
    pub fn contains(&self, id: PermissionId) -> bool {
        let (word, mask) = id.word_and_mask();
        self.words.get(word).is_some_and(|slot| slot.get() & mask != 0)
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| word.get() == 0)
    }

    /// The permissions in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = PermissionId> + use<'p> {
        self.words.iter().zip(0u32..).flat_map(|(word, index)| ids_in(word.get(), index))
    }
}

impl fmt::Debug for PermissionBits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|id| id.0)).finish()
    }
}

/// The permissions in the word at a position.
fn ids_in(word: u64, index: u32) -> impl Iterator<Item = PermissionId> {
    let bits = (0..64).filter(move |bit| word & (1 << bit) != 0);
    bits.map(move |bit| PermissionId(index * 64 + bit))
}

/// A set of [`PermissionId`]s. Sets of different widths compare and combine as if the shorter one
/// were filled up with absent permissions.
#[derive(Clone, Default)]
pub struct PermissionSet {
    words: Vec<u64>,
}

impl PermissionSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { words: Vec::new() }
    }

    /// Adds one permission.
    pub fn insert(&mut self, id: PermissionId) {
        let (word, mask) = id.word_and_mask();
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if let Some(slot) = self.words.get_mut(word) {
            *slot |= mask;
        }
    }

    /// Whether the permission is in the set.
    #[must_use]
    pub fn contains(&self, id: PermissionId) -> bool {
        let (word, mask) = id.word_and_mask();
        self.words.get(word).is_some_and(|slot| slot & mask != 0)
    }

    /// Adds all permissions of `other`.
    pub fn union_with(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (slot, word) in self.words.iter_mut().zip(&other.words) {
            *slot |= word;
        }
    }

    /// Adds all permissions of a set in the artifact.
    pub fn add(&mut self, other: PermissionBits<'_>) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (slot, word) in self.words.iter_mut().zip(other.words) {
            *slot |= word.get();
        }
    }

    /// The words of the set, the first permission in the lowest bit of the first.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Takes all permissions of `other` away.
    pub fn subtract(&mut self, other: &Self) {
        for (slot, word) in self.words.iter_mut().zip(&other.words) {
            *slot &= !word;
        }
    }

    /// Keeps only what `other` has too.
    pub fn intersect_with(&mut self, other: &Self) {
        self.words.truncate(other.words.len());
        for (slot, word) in self.words.iter_mut().zip(&other.words) {
            *slot &= word;
        }
    }

    /// How much memory the set takes on the heap, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The permissions in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = PermissionId> + '_ {
        self.words.iter().zip(0u32..).flat_map(|(word, index)| ids_in(*word, index))
    }
}

impl PartialEq for PermissionSet {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for PermissionSet {}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|id| id.0)).finish()
    }
}

impl FromIterator<PermissionId> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = PermissionId>>(ids: I) -> Self {
        let mut set = Self::new();
        for id in ids {
            set.insert(id);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn set(ids: &[u32]) -> PermissionSet {
        ids.iter().copied().map(PermissionId).collect()
    }

    #[test]
    fn sets_combine_across_different_widths() {
        let mut union = set(&[1]);
        union.union_with(&set(&[0, 64, 200]));
        assert_eq!(union, set(&[0, 1, 64, 200]));

        let mut difference = set(&[1, 64, 200]);
        difference.subtract(&set(&[64]));
        assert_eq!(difference, set(&[1, 200]));

        let mut intersection = set(&[1, 64, 200]);
        intersection.intersect_with(&set(&[1, 2]));
        assert_eq!(intersection, set(&[1]));
        assert!(!intersection.contains(PermissionId(200)));
    }

    #[test]
    fn an_emptied_set_equals_the_empty_set() {
        let mut emptied = set(&[130]);
        emptied.subtract(&set(&[130]));
        assert!(emptied.is_empty());
        assert_eq!(emptied, PermissionSet::new());
    }
}
