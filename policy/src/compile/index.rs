//! Makes names findable by one hash and one comparison: a perfect hash function for the names at
//! hand, from a fixed seed, so that the same names give the same bytes.

use tenantguard::artifact::layout::{Bucket, Index, Text};
use zerocopy::IntoBytes;
use zerocopy::little_endian::U32;

use super::CompileError;
use super::tables::Tables;
use super::texts::Texts;

/// Indexes tenants, roles and scopes.
pub(super) fn write(tables: &mut Tables) -> Result<(), CompileError> {
    let texts = &tables.texts;
    tables.tenant_index = of(texts, tables.tenants.iter().map(|row| row.id))?;
    tables.role_index = of(texts, tables.roles.iter().map(|row| row.name))?;
    tables.scope_index = of(texts, tables.scopes.iter().map(|row| row.name))?;
    Ok(())
}

fn of(texts: &Texts, names: impl Iterator<Item = Text>) -> Result<Vec<u8>, CompileError> {
    let names: Vec<&str> = names.map(|name| texts.get(name)).collect();
    let count = |n: usize| u32::try_from(n).map_err(|_| CompileError::TooLarge);
    if names.is_empty() {
        let index = Index { seed: 0.into(), buckets: 0.into(), slots: 0.into() };
        return Ok(index.as_bytes().to_vec());
    }
    let hash = phf_generator::generate_hash(&names);
    let index = Index {
        seed: hash.key.into(),
        buckets: count(hash.disps.len())?.into(),
        slots: count(hash.map.len())?.into(),
    };
    let bucket =
        |(first, second): &(u32, u32)| Bucket { first: (*first).into(), second: (*second).into() };
    let buckets: Vec<Bucket> = hash.disps.iter().map(bucket).collect();
    let slots: Vec<U32> =
        hash.map.iter().map(|at| count(*at).map(U32::from)).collect::<Result<_, _>>()?;
    Ok([index.as_bytes(), buckets.as_slice().as_bytes(), slots.as_slice().as_bytes()].concat())
}
