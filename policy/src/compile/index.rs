//! Makes names findable by one hash and one comparison: a perfect hash function for the names at
//! hand, by hash and displace (Belazzougui, Botelho, Dietzfelbinger, 2009). Seeds are tried in
//! order, so that the same names give the same bytes.

use tenantguard::artifact::hash::NameHash;
use tenantguard::artifact::layout::{Index, Key, NONE, Slot, Text};
use zerocopy::IntoBytes;
use zerocopy::little_endian::U32;

use super::CompileError;
use super::tables::Tables;

/// How many names share a displacement, on average.
const NAMES_PER_BUCKET: usize = 3;
/// How many displacements are tried for a bucket, and how many seeds for an index.
const DISPLACEMENTS: u32 = 1 << 16;
const SEEDS: u64 = 64;

/// Indexes tenants, roles, scopes and the trie's edges.
pub(super) fn write(tables: &mut Tables) -> Result<(), CompileError> {
    let texts = &tables.texts;
    let plain = |name: Text| (0, texts.get(name));
    let first = |run: Text| texts.get(run).split('/').next().unwrap_or_default();
    tables.tenant_index = of(tables.tenants.iter().map(|row| plain(row.id)))?;
    tables.role_index = of(tables.roles.iter().map(|row| plain(row.name)))?;
    tables.scope_index = of(tables.scopes.iter().map(|row| plain(row.name)))?;
    tables.edge_index = of(tables.edges.iter().map(|row| (row.node.get(), first(row.run))))?;
    Ok(())
}

/// An index over names, each with the salt of its place.
fn of<'t>(names: impl Iterator<Item = (u32, &'t str)>) -> Result<Vec<u8>, CompileError> {
    let names: Vec<(u32, &str)> = names.collect();
    let buckets = count(names.len().div_ceil(NAMES_PER_BUCKET))?;
    // A slot in nine stays empty: so the last buckets find room soon.
    let slots = count(names.len() + names.len() / 8 + usize::from(!names.is_empty()))?;
    for seed in 0..SEEDS {
        let hashes: Vec<NameHash> =
            names.iter().map(|(salt, name)| NameHash::of(seed, *salt, name.as_bytes())).collect();
        if let Some((displacements, rows)) = place(&hashes, buckets, slots) {
            let index = Index { seed: seed.into(), buckets: buckets.into(), slots: slots.into() };
            let displacements: Vec<U32> = displacements.into_iter().map(U32::from).collect();
            let slots: Vec<Slot> = rows.into_iter().map(|row| slot(&names, row)).collect();
            return Ok([index.as_bytes(), displacements.as_bytes(), slots.as_bytes()].concat());
        }
    }
    Err(CompileError::Index)
}

/// Finds each bucket, the fullest first, a displacement that brings its names to free slots.
fn place(hashes: &[NameHash], buckets: u32, slots: u32) -> Option<(Vec<u32>, Vec<u32>)> {
    let mut members: Vec<(u32, Vec<(NameHash, u32)>)> =
        (0..buckets).map(|bucket| (bucket, Vec::new())).collect();
    for (hash, row) in hashes.iter().zip(0..) {
        members.get_mut(hash.bucket(buckets) as usize)?.1.push((*hash, row));
    }
    members.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    let mut displacements = vec![0; buckets as usize];
    let mut rows = vec![NONE; slots as usize];
    for (bucket, names) in members {
        let fits = (0..DISPLACEMENTS).find(|d| try_place(&names, *d, slots, &mut rows));
        *displacements.get_mut(bucket as usize)? = fits?;
    }
    Some((displacements, rows))
}

/// Puts all names into their slots, or none.
fn try_place(names: &[(NameHash, u32)], displacement: u32, slots: u32, rows: &mut [u32]) -> bool {
    for (done, (hash, row)) in names.iter().enumerate() {
        match rows.get_mut(hash.slot(displacement, slots) as usize) {
            Some(slot) if *slot == NONE => *slot = *row,
            _ => {
                for (hash, _) in names.iter().take(done) {
                    if let Some(slot) = rows.get_mut(hash.slot(displacement, slots) as usize) {
                        *slot = NONE;
                    }
                }
                return false;
            }
        }
    }
    true
}

/// The slot of a row, with its name as far as it holds it.
fn slot(names: &[(u32, &str)], row: u32) -> Slot {
    let name = names.get(row as usize).map_or("", |(_, name)| name);
    Slot { row: row.into(), key: Key::of(name.as_bytes()) }
}

fn count(n: usize) -> Result<u32, CompileError> {
    u32::try_from(n).map_err(|_| CompileError::TooLarge)
}
