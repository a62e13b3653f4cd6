//! Names to rows by perfect hashing: one hash and one comparison, whatever is looked up, so nobody
//! can choose names that collide.

use zerocopy::FromBytes;
use zerocopy::little_endian::U32;

use super::hash::NameHash;
use super::layout::{Index, NONE};

/// An index over the names of one section.
#[derive(Clone, Copy)]
pub(super) struct NameIndex<'t> {
    seed: u64,
    displacements: &'t [U32],
    slots: &'t [U32],
}

impl<'t> NameIndex<'t> {
    /// Reads an index; `None` if the bytes are none.
    #[inline]
    pub(super) fn read(bytes: &'t [u8]) -> Option<Self> {
        let (index, rest) = Index::ref_from_prefix(bytes).ok()?;
        let (displacements, rest) =
            <[U32]>::ref_from_prefix_with_elems(rest, index.buckets.get() as usize).ok()?;
        let slots = <[U32]>::ref_from_bytes(rest).ok()?;
        let is_whole = slots.len() == index.slots.get() as usize;
        is_whole.then_some(Self { seed: index.seed.get(), displacements, slots })
    }

    /// How many names it has.
    pub(super) fn len(self) -> usize {
        self.slots.iter().filter(|row| row.get() != NONE).count()
    }

    /// The only row that could have the name in the place that `salt` says: the caller compares.
    #[inline]
    pub(super) fn candidate(self, salt: u32, name: &str) -> Option<u32> {
        let hash = NameHash::of(self.seed, salt, name);
        let bucket = hash.bucket(u32::try_from(self.displacements.len()).ok()?);
        let displacement = self.displacements.get(bucket as usize)?.get();
        let slot = hash.slot(displacement, u32::try_from(self.slots.len()).ok()?);
        self.slots.get(slot as usize).map(|row| row.get()).filter(|row| *row != NONE)
    }
}
