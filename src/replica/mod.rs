//! A proxy's copy of the control state: what is revoked, cut off or suspended, which tenants and
//! which delegations there are, without a call for each request.
//!
//! A [`Replica`] takes snapshots and deltas in slices, and checks position, running hash and digest
//! at each step. Whatever is wrong leaves the last good state in place, and is answered by taking a
//! snapshot. No host, no clock, no I/O; whoever holds it tells it the time.
//!
//! `shorts` and `filed` are how revoked handles are kept, `state` what it all says of a token,
//! `snapshot` how one comes in; `lease` for how long the copy may decide alone, `question` what is
//! asked when it may not, `breaker` whether that is worth trying; `notice` for how a proxy of many VMs
//! knows that all of them know.

mod breaker;
mod delegations;
mod filed;
mod lease;
mod notice;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod properties;
mod question;
mod shorts;
mod snapshot;
mod state;
mod watched;

use std::sync::Arc;

pub use self::breaker::{Breaker, BreakerState, Outcome};
pub use self::lease::{Freshness, Word};
pub(crate) use self::lease::{Lease, Vouched};
pub use self::notice::{Glance, HOLD, Notice};
pub use self::question::{ANSWER_LIMIT, Answer, AnswerVerdict, QUESTION_PATH, Question};
use self::snapshot::Loading;
pub use self::state::Revoked;
use self::state::{Change, State};
pub use self::watched::Watched;
use crate::control::{
    DecodeError, Delegation, Delta, DeltaError, DeltaMark, Manifest, Position, ReplicaKey,
    ShardError, ShardRef, TenantEntry,
};
use crate::identity::TenantId;
use crate::time::UnixTime;

/// No clock that works shows this or a later time (the year 10000).
const NO_CLOCK: UnixTime = UnixTime::from_secs(253_402_300_800);

/// Why what came from the control service is of no use. Each time the answer is a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicaError {
    /// A delta before any snapshot.
    #[error("there is no copy yet that a delta could follow: take a snapshot")]
    NoCopy,
    /// A delta.
    #[error(transparent)]
    Delta(#[from] DeltaError),
    /// A frame of a delta.
    #[error("a frame of the delta {0}")]
    Frame(DecodeError),
    /// A manifest.
    #[error("the manifest {0}")]
    Manifest(DecodeError),
    /// A snapshot of the past.
    #[error("the snapshot is of {offered}, and the copy is at {held} already")]
    Behind {
        /// Where the copy stands.
        held: Position,
        /// What the snapshot is of.
        offered: Position,
    },
    /// A shard.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// A shard that no manifest asks for, or not now.
    #[error("no shard is asked for now")]
    NotAskedFor,
}

/// Whether there is more to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There is: proceed when there is time.
    More,
    /// There is not, as far as it has come in.
    Done,
}

/// A copy of the control state, and what is on its way into it.
#[derive(Debug)]
pub struct Replica {
    key: ReplicaKey,
    position: Option<Position>,
    state: State,
    /// Counts the changes, so that what was found good is asked about again only after one.
    version: u64,
    delta: Option<(Vec<u8>, DeltaMark)>,
    loading: Option<Loading>,
}

impl Replica {
    /// An empty copy. The key is random and nobody else's.
    #[must_use]
    pub fn new(key: ReplicaKey) -> Self {
        let state = State::default();
        Self { key, position: None, state, version: 1, delta: None, loading: None }
    }

    /// The key under which it shortens handles.
    #[must_use]
    pub fn key(&self) -> &ReplicaKey {
        &self.key
    }

    /// Where it stands; `None` before the first snapshot.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// A number that changes whenever its content does. Never 0.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Begins to take a snapshot. One that is being taken already goes on if it is the same.
    ///
    /// # Errors
    /// [`ReplicaError`] if it is none, or of the past.
    pub fn take_manifest(&mut self, bytes: &[u8]) -> Result<(), ReplicaError> {
        let manifest = Manifest::decode(bytes).map_err(ReplicaError::Manifest)?;
        let offered = manifest.position;
        if let Some(held) = self.position.filter(|held| is_behind(&offered, held)) {
            return Err(ReplicaError::Behind { held, offered });
        }
        if self.loading.as_ref().is_none_or(|loading| loading.position() != offered) {
            self.loading = Some(Loading::new(manifest));
        }
        Ok(())
    }

    /// The shard to take next.
    #[must_use]
    pub fn wanted(&self) -> Option<ShardRef> {
        self.loading.as_ref().and_then(Loading::wanted).copied()
    }

    /// Takes the bytes of the shard that is [`wanted`](Self::wanted).
    ///
    /// # Errors
    /// [`ReplicaError`] if they are another's: the snapshot is given up.
    pub fn take_shard(&mut self, bytes: Vec<u8>) -> Result<(), ReplicaError> {
        let loading = self.loading.as_mut().ok_or(ReplicaError::NotAskedFor)?;
        let taken = loading.take(bytes);
        if taken.is_err() {
            self.loading = None;
        }
        taken
    }

    /// Takes a delta that follows on from where the copy stands.
    ///
    /// # Errors
    /// [`ReplicaError`] if it is none, or begins elsewhere.
    pub fn take_delta(&mut self, bytes: Vec<u8>) -> Result<(), ReplicaError> {
        let position = self.position.ok_or(ReplicaError::NoCopy)?;
        let mark = Delta::read(&bytes, &position)?.mark();
        self.delta = Some((bytes, mark));
        Ok(())
    }

    /// Applies what has come in, about `budget` entries of it: a frame of a delta is applied as a
    /// whole or not at all.
    ///
    /// # Errors
    /// [`ReplicaError`] if it is not what it claims to be. It is thrown away, and what was good
    /// before it stays.
    pub fn proceed(&mut self, budget: usize) -> Result<Progress, ReplicaError> {
        let left = self.proceed_with_delta(budget)?;
        self.proceed_with_snapshot(left)?;
        let has_work = self.delta.is_some() || self.loading.as_ref().is_some_and(Loading::has_work);
        Ok(if has_work { Progress::More } else { Progress::Done })
    }

    /// Gives up what is on its way in.
    pub fn give_up(&mut self) {
        (self.delta, self.loading) = (None, None);
    }

    /// Whether anything speaks against a token.
    ///
    /// # Errors
    /// [`Revoked`] says what.
    pub fn check(&self, token: &Watched, now: UnixTime) -> Result<(), Revoked> {
        self.state.check(token, now)
    }

    /// Whether a tenant's status speaks against it.
    ///
    /// # Errors
    /// [`Revoked`] says what.
    pub fn check_tenant(&self, id: &TenantId) -> Result<(), Revoked> {
        self.state.check_tenant(self.key.short_of_tenant(id.as_str()), id)
    }

    /// A tenant of the directory.
    #[must_use]
    pub fn tenant(&self, id: &str) -> Option<&TenantEntry> {
        self.state.tenant(self.key.short_of_tenant(id), id)
    }

    /// The grants from one tenant to another, whatever their times.
    #[must_use]
    pub fn delegations(&self, from: &str, to: &str) -> Vec<Arc<Delegation>> {
        self.state.delegations(&self.key, from, to)
    }

    /// Forgets what is over.
    pub fn forget(&mut self, now: UnixTime) {
        if now < NO_CLOCK {
            self.state.forget(&self.key, now);
        }
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how much memory what is revoked takes, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.state.weight()
    }

    /// Returns what is left of the budget.
    fn proceed_with_delta(&mut self, budget: usize) -> Result<usize, ReplicaError> {
        let mut left = budget;
        // Put back only if there is more of it: after an error nothing of it is any good.
        let Some((bytes, mark)) = self.delta.take() else { return Ok(left) };
        let mut delta = Delta::resume(&bytes, &mark);
        while left > 0 {
            let Some(frame) = delta.next_frame()? else { return Ok(left) };
            let changes: Vec<Change> = frame
                .facts(&self.key)
                .map(|fact| fact.map(Change::of).map_err(ReplicaError::Frame))
                .collect::<Result<_, ReplicaError>>()?;
            left = left.saturating_sub(changes.len().max(1));
            for change in changes {
                self.state.apply(&self.key, change);
            }
            self.position = Some(delta.position());
            self.version += 1;
        }
        let mark = delta.mark();
        self.delta = Some((bytes, mark));
        Ok(0)
    }

    fn proceed_with_snapshot(&mut self, budget: usize) -> Result<(), ReplicaError> {
        let Some(loading) = &mut self.loading else { return Ok(()) };
        if let Err(error) = loading.proceed(&self.key, budget) {
            self.loading = None;
            return Err(error);
        }
        let Some(loading) = self.loading.take_if(|loading| loading.is_done()) else {
            return Ok(());
        };
        let offered = loading.position();
        // Deltas may have led past it in the meantime.
        if self.position.is_none_or(|held| !is_behind(&offered, &held)) {
            self.state = loading.into_state();
            self.position = Some(offered);
            self.version += 1;
            self.delta = None;
        }
        Ok(())
    }
}

/// Whether a position is of the same history as another, and before it.
fn is_behind(one: &Position, other: &Position) -> bool {
    one.history == other.history && one.epoch < other.epoch
}
