//! Names to rows by perfect hashing: one hash and one comparison, whatever is looked up, so nobody
//! can choose names that collide. A short name stands in the index itself.

use zerocopy::FromBytes;

use super::hash::NameHash;
use super::layout::{Index, Key, NONE, Section, Slot, Text};
use super::tables::{Rows, Tables};
use crate::bytes::same;

/// The width of a displacement, in bytes.
const WIDTH: usize = size_of::<u32>();

/// An index over the names of one section: what stands at its beginning, read once.
#[derive(Debug, Clone, Copy)]
pub(super) struct NameIndex {
    section: Section,
    seed: u64,
    buckets: u32,
    slots: u32,
    /// Where the slots begin in the section.
    first_slot: usize,
}

impl NameIndex {
    /// Reads an index; `None` if the section holds none.
    pub(super) fn read(tables: &Tables, section: Section) -> Option<Self> {
        let bytes = tables.section(section);
        let (index, rest) = Index::ref_from_prefix(bytes).ok()?;
        let (buckets, slots) = (index.buckets.get(), index.slots.get());
        let displacements = (buckets as usize).checked_mul(WIDTH)?;
        let whole = (slots as usize).checked_mul(size_of::<Slot>())?.checked_add(displacements)?;
        let first_slot = bytes.len().checked_sub(rest.len())?.checked_add(displacements)?;
        let seed = index.seed.get();
        (rest.len() == whole).then_some(Self { section, seed, buckets, slots, first_slot })
    }

    /// The section that it stands in.
    pub(super) fn section(self) -> Section {
        self.section
    }

    /// How many names it has.
    pub(super) fn len(self, tables: &Tables) -> usize {
        self.slots(tables).all().iter().filter(|slot| slot.row.get() != NONE).count()
    }

    /// The row that has the name in the place that `salt` says; `text` is where a row has its name.
    #[inline]
    pub(super) fn find(
        self,
        tables: &Tables,
        (salt, name): (u32, &[u8]),
        text: impl FnOnce(u32) -> Option<Text>,
    ) -> Option<u32> {
        let row = self.candidate(tables, salt, name)?;
        let is_it = Key::is_whole(name)
            || text(row).is_some_and(|text| same(tables.text_bytes(text), name));
        is_it.then_some(row)
    }

    /// The only row that could have the name in the place that `salt` says, of which the caller has
    /// to find out the place, and the name unless it is short.
    #[inline]
    pub(super) fn candidate(self, tables: &Tables, salt: u32, name: &[u8]) -> Option<u32> {
        let hash = NameHash::of(self.seed, salt, name);
        let bucket = hash.bucket(self.buckets) as usize;
        let displacement =
            number(tables.section(self.section), size_of::<Index>() + bucket * WIDTH)?;
        let slot = self.slots(tables).get(hash.slot(displacement, self.slots))?;
        slot.key.fits(name).then(|| slot.row.get()).filter(|row| *row != NONE)
    }

    fn slots(self, tables: &Tables) -> Rows<'_, Slot> {
        Rows::of(tables.section(self.section).get(self.first_slot..).unwrap_or_default())
    }
}

#[inline]
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

/// The indices of a policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indices {
    pub(super) tenants: NameIndex,
    pub(super) roles: NameIndex,
    pub(super) scopes: NameIndex,
    pub(super) edges: NameIndex,
}

impl Indices {
    /// Reads all; the section that holds none, if one does.
    pub(super) fn read(tables: &Tables) -> Result<Self, Section> {
        let read = |section| NameIndex::read(tables, section).ok_or(section);
        Ok(Self {
            tenants: read(Section::TenantIndex)?,
            roles: read(Section::RoleIndex)?,
            scopes: read(Section::ScopeIndex)?,
            edges: read(Section::EdgeIndex)?,
        })
    }
}
