//! A snapshot: a manifest that names shards by what is in them, and the shards. Whoever has a shard
//! already need not fetch it again; whoever fetches one knows that it is the right one.

use sha2::{Digest as _, Sha256};

use super::encoding::Fact;
use super::entry::Entry;
use super::position::Position;
use super::short::ReplicaKey;
use super::tenants::{TenantNumbers, TenantsRead};
use super::wire::{DecodeError, Fault, Reader};

/// The most bytes of one shard. It is hashed in one go before any of it is applied, by a proxy that
/// has requests to decide.
pub const SHARD_LIMIT: usize = 1 << 20;
/// The most shards of one snapshot.
pub const SHARD_COUNT_LIMIT: usize = 4096;

const MANIFEST_MAGIC: &[u8; 4] = b"TGmf";
const SHARD_MAGIC: &[u8; 4] = b"TGsh";
const VERSION: u8 = 2;

/// A shard as the manifest names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShardRef {
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    /// How many bytes they are.
    pub bytes: u32,
    /// How many entries it holds.
    pub entries: u32,
}

/// What a snapshot consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Where a copy stands that has applied all of it.
    pub position: Position,
    /// Its shards, in any order.
    pub shards: Vec<ShardRef>,
}

impl Manifest {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MANIFEST_MAGIC.to_vec();
        out.push(VERSION);
        self.position.encode(&mut out);
        out.extend_from_slice(&u32::try_from(self.shards.len()).unwrap_or(u32::MAX).to_le_bytes());
        for shard in &self.shards {
            out.extend_from_slice(&shard.digest);
            out.extend_from_slice(&shard.bytes.to_le_bytes());
            out.extend_from_slice(&shard.entries.to_le_bytes());
        }
        out
    }

    /// Reads a manifest that is all of `bytes`.
    ///
    /// # Errors
    /// [`DecodeError`] says where the bytes cease to be a manifest.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        open(&mut reader, MANIFEST_MAGIC)?;
        let position = Position::read(&mut reader)?;
        let at = reader.clone();
        let count = reader.u32()?;
        let count = usize::try_from(count)
            .ok()
            .filter(|count| *count <= SHARD_COUNT_LIMIT)
            .ok_or_else(|| at.fail(Fault::Count("shards", u64::from(count))))?;
        let mut shards = Vec::with_capacity(count);
        for _ in 0..count {
            let shard =
                ShardRef { digest: reader.array()?, bytes: reader.u32()?, entries: reader.u32()? };
            if usize::try_from(shard.bytes).map_or(true, |bytes| bytes > SHARD_LIMIT) {
                return Err(reader.fail(Fault::Count("bytes in a shard", shard.bytes.into())));
            }
            shards.push(shard);
        }
        reader.end()?;
        Ok(Self { position, shards })
    }
}

fn open(reader: &mut Reader<'_>, magic: &[u8; 4]) -> Result<(), DecodeError> {
    let at = reader.clone();
    if reader.array()? != *magic {
        return Err(at.fail(Fault::Magic));
    }
    match reader.u8()? {
        VERSION => Ok(()),
        other => Err(reader.fail(Fault::Version(other))),
    }
}

/// Why bytes are not the shard that a manifest names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShardError {
    /// Their digest or their length.
    #[error("these bytes are not the shard that the manifest names")]
    NotTheOne,
    /// What is in them.
    #[error("the shard {0}")]
    Bytes(#[from] DecodeError),
    /// How many entries are in them.
    #[error("the shard holds {found} entries, the manifest says {expected}")]
    Entries {
        /// As the manifest has it.
        expected: u32,
        /// As they are.
        found: u32,
    },
}

/// Writes one shard until it is full.
#[derive(Debug, Clone)]
pub struct ShardWriter {
    bytes: Vec<u8>,
    tenants: TenantNumbers,
    entries: u32,
    is_full: bool,
}

impl Default for ShardWriter {
    fn default() -> Self {
        let mut bytes = SHARD_MAGIC.to_vec();
        bytes.push(VERSION);
        Self { bytes, tenants: TenantNumbers::default(), entries: 0, is_full: false }
    }
}

impl ShardWriter {
    /// Adds an entry; `false` if the shard is full and the entry is not in it, and no other will be.
    pub fn push(&mut self, entry: &Entry) -> bool {
        if self.is_full || self.tenants.are_out() {
            return false;
        }
        let before = self.bytes.len();
        entry.put(&mut self.tenants, &mut self.bytes);
        self.is_full = self.bytes.len() > SHARD_LIMIT;
        if self.is_full {
            self.bytes.truncate(before);
            return false;
        }
        self.entries += 1;
        true
    }

    /// Whether nothing has been added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// The shard's bytes, and what the manifest says of them.
    #[must_use]
    pub fn finish(self) -> (Vec<u8>, ShardRef) {
        let bytes = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let digest = Sha256::digest(&self.bytes).into();
        (self.bytes, ShardRef { digest, bytes, entries: self.entries })
    }
}

/// How far a shard was read, by whoever keeps its bytes.
#[derive(Debug)]
pub(crate) struct ShardMark {
    at: usize,
    tenants: TenantsRead,
    expected: u32,
    found: u32,
}

/// A shard that is the one that a manifest names.
pub struct Shard<'a> {
    reader: Reader<'a>,
    tenants: TenantsRead,
    expected: u32,
    found: u32,
}

impl<'a> Shard<'a> {
    /// Checks that `bytes` are the shard that `named` names.
    ///
    /// # Errors
    /// [`ShardError`] if they are not.
    pub fn open(bytes: &'a [u8], named: &ShardRef) -> Result<Self, ShardError> {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        if digest != named.digest || u32::try_from(bytes.len()) != Ok(named.bytes) {
            return Err(ShardError::NotTheOne);
        }
        let mut reader = Reader::new(bytes);
        open(&mut reader, SHARD_MAGIC)?;
        Ok(Self { reader, tenants: TenantsRead::default(), expected: named.entries, found: 0 })
    }

    /// Where it was read to.
    pub(crate) fn mark(self) -> ShardMark {
        let Self { reader, tenants, expected, found } = self;
        ShardMark { at: reader.offset(), tenants, expected, found }
    }

    /// Goes on in the same bytes from a mark.
    pub(crate) fn resume(bytes: &'a [u8], mark: ShardMark) -> Self {
        let ShardMark { at, tenants, expected, found } = mark;
        Self { reader: Reader::at(bytes, at), tenants, expected, found }
    }

    /// The next entry, so that a shard can be applied in slices.
    ///
    /// # Errors
    /// [`ShardError`] if there is something else, or if the count is wrong at the end.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, ShardError> {
        self.next(Entry::read)
    }

    /// The same for a replica.
    pub(crate) fn next_fact(&mut self, key: &ReplicaKey) -> Result<Option<Fact>, ShardError> {
        self.next(|reader, tenants| Fact::read(reader, tenants, key))
    }

    fn next<T>(
        &mut self,
        read: impl Fn(&mut Reader<'a>, &mut TenantsRead) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, ShardError> {
        if self.reader.is_at_end() {
            return if self.found == self.expected {
                Ok(None)
            } else {
                Err(ShardError::Entries { expected: self.expected, found: self.found })
            };
        }
        let entry = read(&mut self.reader, &mut self.tenants)?;
        self.found = self.found.saturating_add(1);
        Ok(Some(entry))
    }
}
