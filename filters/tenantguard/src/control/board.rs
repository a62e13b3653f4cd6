//! The board in shared data: what the leader has got from the service, for every VM of the proxy.
//!
//! `head` is where the proxy stands and how long it may decide by that, and the `bell` rings after it
//! has changed; the frames that led to the head are in a ring by their epochs; one snapshot is there
//! for whoever has nothing yet, or cannot follow. A position and a snapshot name what belongs to them
//! by hashes, so that whatever is overwritten in between is noticed, and never taken for something
//! else.

use std::time::Duration;

use tenantguard::control::{Epoch, Manifest};
use tenantguard::replica::Word;

use super::bell::{Bell, Rung};
use crate::host;

/// How many frames are kept for those who are behind.
const RING: u64 = 256;

/// A head as it was read, to be replaced only if nobody else has.
pub(super) struct ReadHead {
    bytes: Vec<u8>,
    version: u32,
}

impl ReadHead {
    /// `None` if nothing was ever published.
    pub(super) fn parse(&self) -> Option<Word> {
        let mut parts = std::str::from_utf8(&self.bytes).ok()?.splitn(3, ' ');
        let mut millis = || Some(Duration::from_millis(parts.next()?.parse().ok()?));
        let (sent, lease) = (millis()?, millis()?);
        Some(Word { head: parts.next()?.parse().ok()?, sent, lease })
    }
}

/// A snapshot on the board. Two sets of places take turns, so that one is whole while the other is
/// filled.
pub(super) struct Posted {
    pub(super) manifest: Manifest,
    pub(super) bytes: Vec<u8>,
    turn: u8,
}

pub(super) struct Board {
    prefix: String,
    head: String,
    bell: Bell,
}

impl Board {
    pub(super) fn new(prefix: String) -> Self {
        let head = format!("{prefix}.head");
        host::create_shared(&head, b"none");
        Self { bell: Bell::hang(&prefix), prefix, head }
    }

    /// Has everybody look at the head.
    pub(super) fn ring(&self) {
        self.bell.ring();
    }

    /// Another value than before, whenever the bell has rung.
    pub(super) fn rung(&self) -> Option<Rung> {
        self.bell.rung()
    }

    fn key(&self, name: &str, number: u64) -> String {
        format!("{}.{name}{number}", self.prefix)
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn head(&self) -> Option<ReadHead> {
        host::shared(&self.head).map(|(bytes, version)| ReadHead { bytes, version })
    }

    /// Puts down a head in the place of one that was read, unless another VM was quicker. Nobody
    /// looks at it before the bell rings.
    pub(super) fn publish(&self, word: &Word, over: &ReadHead) {
        let Word { head, sent, lease } = word;
        let value = format!("{} {} {head}", sent.as_millis(), lease.as_millis());
        host::swap_shared(&self.head, value.as_bytes(), over.version);
    }

    /// Puts down the frame that leads to an epoch, as a delta of its own.
    pub(super) fn put_frame(&self, Epoch(epoch): Epoch, delta: &[u8]) {
        host::set_shared(&self.key("frame", epoch % RING), delta);
    }

    /// What stands where the frame that leads to an epoch is, or was.
    pub(super) fn frame(&self, Epoch(epoch): Epoch) -> Option<Vec<u8>> {
        host::shared(&self.key("frame", epoch % RING)).map(|(delta, _)| delta)
    }

    /// Whether the frames that lead on from one epoch to another may all be there.
    pub(super) fn reaches(from: Epoch, to: Epoch) -> bool {
        to.0.checked_sub(from.0).is_some_and(|count| count <= RING)
    }

    pub(super) fn snapshot(&self) -> Option<Posted> {
        let (mut bytes, _) = host::shared(&self.key("snapshot", 0))?;
        let turn = bytes.pop()?;
        Some(Posted { manifest: Manifest::decode(&bytes).ok()?, bytes, turn })
    }

    pub(super) fn shard(&self, posted: &Posted, index: usize) -> Option<Vec<u8>> {
        host::shared(&self.shard_key(posted.turn, index)).map(|(shard, _)| shard)
    }

    /// The turn in which the next snapshot is filled in.
    pub(super) fn next_turn(&self) -> u8 {
        self.snapshot().map_or(0, |posted| posted.turn ^ 1)
    }

    pub(super) fn put_shard(&self, turn: u8, index: usize, shard: &[u8]) {
        host::set_shared(&self.shard_key(turn, index), shard);
    }

    /// Publishes a snapshot whose shards are there, and empties the places of the one before.
    pub(super) fn post(&self, turn: u8, manifest: &Manifest) {
        let before = self.snapshot().filter(|before| before.turn != turn);
        let mut value = manifest.encode();
        value.push(turn);
        host::set_shared(&self.key("snapshot", 0), &value);
        for before in before.iter() {
            for index in 0..before.manifest.shards.len() {
                self.put_shard(before.turn, index, b"");
            }
        }
    }

    fn shard_key(&self, turn: u8, index: usize) -> String {
        format!("{}.shard{turn}.{index}", self.prefix)
    }

    /// Asks the leader for a snapshot that is newer than the one that is there.
    pub(super) fn wish(&self) {
        host::set_shared(&self.key("wish", 0), b"1");
    }

    /// Whether somebody has asked for one.
    pub(super) fn take_wish(&self) -> bool {
        let key = self.key("wish", 0);
        let is_wished = host::shared(&key).is_some_and(|(value, _)| value == b"1");
        if is_wished {
            host::set_shared(&key, b"0");
        }
        is_wished
    }

    /// What tells this process from another of the same name: a proxy that took another's word
    /// for its own would be thought to know what only the other one does.
    pub(super) fn suffix(&self, own: &str) -> String {
        let key = self.key("name", 0);
        host::create_shared(&key, own.as_bytes());
        let name = host::shared(&key).and_then(|(name, _)| String::from_utf8(name).ok());
        name.unwrap_or_else(|| own.to_owned())
    }
}
