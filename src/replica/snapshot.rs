//! A snapshot on its way in: shard after shard into a state of its own, a slice at a time, while the
//! copy in hand goes on deciding.

use super::ReplicaError;
use super::state::{Change, State};
use crate::control::{Manifest, Position, ReplicaKey, Shard, ShardMark, ShardRef};

/// A snapshot that is being loaded.
#[derive(Debug)]
pub(super) struct Loading {
    manifest: Manifest,
    /// How many of the manifest's shards are in.
    done: usize,
    current: Option<Current>,
    state: State,
}

#[derive(Debug)]
struct Current {
    bytes: Vec<u8>,
    mark: ShardMark,
}

impl Loading {
    pub(super) fn new(manifest: Manifest) -> Self {
        Self { manifest, done: 0, current: None, state: State::default() }
    }

    pub(super) fn position(&self) -> Position {
        self.manifest.position
    }

    /// The shard to take next, if none is in hand and some are left.
    pub(super) fn wanted(&self) -> Option<&ShardRef> {
        self.manifest.shards.get(self.done).filter(|_| self.current.is_none())
    }

    pub(super) fn has_work(&self) -> bool {
        self.current.is_some() || self.is_done()
    }

    pub(super) fn take(&mut self, bytes: Vec<u8>) -> Result<(), ReplicaError> {
        let named = self.wanted().ok_or(ReplicaError::NotAskedFor)?;
        let mark = Shard::open(&bytes, named)?.mark();
        self.current = Some(Current { bytes, mark });
        Ok(())
    }

    /// Puts in at most `budget` entries of the shard in hand.
    pub(super) fn proceed(&mut self, key: &ReplicaKey, budget: usize) -> Result<(), ReplicaError> {
        // Put back only if there is more of it: after an error nothing of it is any good.
        let Some(Current { bytes, mark }) = self.current.take() else { return Ok(()) };
        let mut shard = Shard::resume(&bytes, mark);
        for _ in 0..budget {
            let Some(fact) = shard.next_fact(key)? else {
                self.done += 1;
                return Ok(());
            };
            self.state.apply(key, Change::of(fact));
        }
        let mark = shard.mark();
        self.current = Some(Current { bytes, mark });
        Ok(())
    }

    pub(super) fn is_done(&self) -> bool {
        self.done == self.manifest.shards.len()
    }

    pub(super) fn into_state(self) -> State {
        self.state
    }
}
