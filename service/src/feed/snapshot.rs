//! A snapshot: the live state as shards, built on a thread of its own from parts that nobody
//! changes, and shared by whoever asks while it is fresh.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tenantguard::control::{Entry, Manifest, Position, SHARD_LIMIT, ShardRef, ShardWriter};
use tenantguard::time::UnixTime;

use crate::state::live::{Part, is_over};

/// What a shard is meant to hold, so that a few more entries do not make it spill over.
const SHARD_TARGET: usize = SHARD_LIMIT / 4 * 3;
/// About what an entry takes.
const ENTRY_BYTES: usize = 40;

/// The live state at one position.
#[derive(Debug)]
pub struct Snapshot {
    /// What it consists of.
    pub manifest: Manifest,
    /// The manifest's bytes.
    pub manifest_bytes: Bytes,
    shards: HashMap<[u8; 32], Bytes>,
}

impl Snapshot {
    /// The shard with this digest.
    #[must_use]
    pub fn shard(&self, digest: &[u8; 32]) -> Option<Bytes> {
        self.shards.get(digest).cloned()
    }

    /// Writes the parts into shards. A part always goes to the same shard as long as their number
    /// stays the same, so that a shard changes only when something in it does.
    pub(crate) fn build(position: Position, parts: &[Arc<Part>], now: UnixTime) -> Self {
        let entries: usize = parts.iter().map(|part| part.len()).sum();
        let count = (entries * ENTRY_BYTES).div_ceil(SHARD_TARGET).max(1).next_power_of_two();
        let group = parts.len().div_ceil(count).max(1);
        let groups: Vec<&[Arc<Part>]> = parts.chunks(group).collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        let shards: Vec<(Bytes, ShardRef)> = std::thread::scope(|scope| {
            let workers: Vec<_> = groups
                .chunks(groups.len().div_ceil(threads).max(1))
                .map(|groups| {
                    scope.spawn(move || {
                        groups.iter().flat_map(|group| write(group, now)).collect::<Vec<_>>()
                    })
                })
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
        });
        let manifest =
            Manifest { position, shards: shards.iter().map(|(_, named)| *named).collect() };
        let manifest_bytes = manifest.encode().into();
        let shards = shards.into_iter().map(|(bytes, named)| (named.digest, bytes)).collect();
        Self { manifest, manifest_bytes, shards }
    }
}

fn write(parts: &[Arc<Part>], now: UnixTime) -> Vec<(Bytes, ShardRef)> {
    let mut full = Vec::new();
    let mut writer = ShardWriter::default();
    let entries = parts.iter().flat_map(|part| part.values());
    // Who begins with nothing needs no word on what is no longer refused.
    for entry in entries.filter(|it| !matches!(it, Entry::Restored(_)) && !is_over(it, now)) {
        if !writer.push(entry) {
            full.push(std::mem::take(&mut writer));
            writer.push(entry);
        }
    }
    if !writer.is_empty() {
        full.push(writer);
    }
    full.into_iter()
        .map(|writer| {
            let (bytes, named) = writer.finish();
            (bytes.into(), named)
        })
        .collect()
}
