//! Names to rows by perfect hashing: one hash and one comparison, whatever is looked up, so nobody
//! can choose names that collide. The tables are made at compile time (`phf`'s scheme).

use zerocopy::FromBytes;
use zerocopy::little_endian::U32;

use super::layout::{Bucket, Index};

/// An index over the names of one section.
#[derive(Clone, Copy)]
pub(super) struct NameIndex<'t> {
    seed: u64,
    buckets: &'t [Bucket],
    slots: &'t [U32],
}

impl<'t> NameIndex<'t> {
    /// Reads an index; `None` if the bytes are none.
    pub(super) fn read(bytes: &'t [u8]) -> Option<Self> {
        let (index, rest) = Index::ref_from_prefix(bytes).ok()?;
        let (buckets, rest) =
            <[Bucket]>::ref_from_prefix_with_elems(rest, index.buckets.get() as usize).ok()?;
        let slots = <[U32]>::ref_from_bytes(rest).ok()?;
        let is_whole = slots.len() == index.slots.get() as usize;
        is_whole.then_some(Self { seed: index.seed.get(), buckets, slots })
    }

    /// How many names it has.
    pub(super) fn len(self) -> usize {
        self.slots.len()
    }

    /// The only row that could have the name: the caller compares.
    pub(super) fn candidate(self, name: &str) -> Option<u32> {
        let hashes = phf_shared::hash(name, &self.seed);
        let buckets = u32::try_from(self.buckets.len()).ok()?;
        let slots = u32::try_from(self.slots.len()).ok()?;
        let bucket = self.buckets.get(hashes.g.checked_rem(buckets)? as usize)?;
        let (first, second) = (bucket.first.get(), bucket.second.get());
        let at = phf_shared::displace(hashes.f1, hashes.f2, first, second).checked_rem(slots)?;
        self.slots.get(at as usize).map(|row| row.get())
    }
}
