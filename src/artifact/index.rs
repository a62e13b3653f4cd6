//! Names to rows by perfect hashing: one hash and one comparison, whatever is looked up, so nobody
//! can choose names that collide.

use zerocopy::FromBytes;

use super::hash::NameHash;
use super::layout::{Index, NONE, Section};
use super::tables::Tables;

/// The width of a displacement and of a slot, in bytes.
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
        let whole = (slots as usize).checked_mul(WIDTH)?.checked_add(displacements)?;
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
        let slots = tables.section(self.section).get(self.first_slot..).unwrap_or_default();
        slots.as_chunks().0.iter().filter(|slot| u32::from_le_bytes(**slot) != NONE).count()
    }

    /// The only row that could have the name in the place that `salt` says: the caller compares.
    #[inline]
    pub(super) fn candidate(self, tables: &Tables, salt: u32, name: &[u8]) -> Option<u32> {
        let bytes = tables.section(self.section);
        let hash = NameHash::of(self.seed, salt, name);
        let bucket = hash.bucket(self.buckets) as usize;
        let displacement = number(bytes, size_of::<Index>() + bucket * WIDTH)?;
        let slot = hash.slot(displacement, self.slots) as usize;
        number(bytes, self.first_slot + slot * WIDTH).filter(|row| *row != NONE)
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
