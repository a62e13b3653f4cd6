//! The gate's view of the control state: the replica with its lease, what it says of a bearer, and
//! when somebody must be asked instead.
//!
//! Whoever feeds it (the shell) hands over bytes and times and is told what to fetch next; it
//! decides nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::control::{Delegation, Epoch, Position, ReplicaKey, ShardRef, TenantEntry};
use crate::identity::TenantId;
use crate::replica::{
    Freshness, Glance, Lease, Progress, Replica, ReplicaError, Revoked, Vouched, Watched, Word,
};
use crate::time::{Now, UnixTime};

/// The control state of one gate.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Control {
    /// Worked out whenever the rest changes. Every decision reads it, and mostly nothing else: by
    /// the time a worker comes back to it, what it reads has to come from far, line by line.
    pulse: Mutex<Pulse>,
    key: ReplicaKey,
    inner: Mutex<Inner>,
}

/// What most decisions need to know of the copy.
#[derive(Debug, Clone, Copy)]
struct Pulse {
    version: u64,
    epoch: Option<Epoch>,
    vouched: Vouched,
    /// The last look for something new, if nothing was found.
    glance: Option<Glance>,
}

#[derive(Debug)]
struct Inner {
    replica: Replica,
    lease: Lease,
}

impl Inner {
    fn pulse(&self, glance: Option<Glance>) -> Pulse {
        let position = self.replica.position();
        Pulse {
            version: self.replica.version(),
            epoch: position.map(|position| position.epoch),
            vouched: self.lease.vouch(position.as_ref()),
            glance,
        }
    }
}

/// The state of a gate's copy, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlStatus {
    /// Where it stands.
    pub position: Option<Position>,
    /// What its word is worth.
    pub freshness: Freshness,
    /// How long ago the last word from the control service was asked for.
    pub age: Option<Duration>,
    /// How many entries it has.
    pub entries: usize,
    /// About how many bytes of memory the revoked handles take.
    pub bytes: usize,
}

/// By what of the control state a decision was made, for its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// How.
    pub source: Source,
    /// Where the copy stood.
    pub epoch: Option<Epoch>,
    /// How long ago the last word from the control service was asked for.
    pub age: Option<Duration>,
}

/// Who has said that nothing is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Nobody: there is no control service.
    None,
    /// The copy, within its lease.
    Fresh,
    /// The copy, past its lease or behind the feed; or there is no copy.
    Stale,
    /// The control service itself.
    Asked,
}

impl Source {
    /// As the audit record spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Asked => "asked",
        }
    }
}

/// The control state at the moment of a decision: what the copy's word is worth is found out once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) control: &'a Control,
    pub(super) freshness: Freshness,
    /// A number that changes whenever the copy's content does. Never 0.
    pub(super) version: u64,
    epoch: Option<Epoch>,
    age: Option<Duration>,
}

impl Basis {
    /// Without a control service.
    const NONE: Self = Self { source: Source::None, epoch: None, age: None };

    /// By the copy, if there is one, or by the answer of the control service itself.
    pub(super) fn of(look: Option<Look<'_>>, was_asked: bool) -> Self {
        let Some(Look { freshness, epoch, age, .. }) = look else { return Self::NONE };
        let source = match freshness {
            _ if was_asked => Source::Asked,
            Freshness::Fresh => Source::Fresh,
            Freshness::Never | Freshness::Stale { .. } => Source::Stale,
        };
        Self { source, epoch, age }
    }
}

impl Look<'_> {
    /// Whether anything speaks against a token. Returns the version that it was found good at.
    pub(super) fn check(&self, token: &Watched, now: Now) -> Result<u64, Revoked> {
        let replica = &self.control.lock().replica;
        replica.check(token, now.wall).map(|()| replica.version())
    }
}

impl Control {
    pub(super) fn new(key: ReplicaKey) -> Self {
        let inner = Inner { replica: Replica::new(key), lease: Lease::default() };
        Self { pulse: Mutex::new(inner.pulse(None)), key, inner: Mutex::new(inner) }
    }

    /// Where the copy stands; `None` before the first snapshot.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.lock().replica.position()
    }

    /// Begins to take the snapshot of a manifest.
    ///
    /// # Errors
    /// [`ReplicaError`]
    pub fn take_manifest(&self, bytes: &[u8]) -> Result<(), ReplicaError> {
        self.change(|it| it.replica.take_manifest(bytes))
    }

    /// The shard to take next, if a snapshot is being taken.
    #[must_use]
    pub fn wanted(&self) -> Option<ShardRef> {
        self.lock().replica.wanted()
    }

    /// Takes the bytes of the shard that is [`wanted`](Self::wanted).
    ///
    /// # Errors
    /// [`ReplicaError`]
    pub fn take_shard(&self, bytes: Vec<u8>) -> Result<(), ReplicaError> {
        self.change(|it| it.replica.take_shard(bytes))
    }

    /// Takes a delta that follows on from [`position`](Self::position).
    ///
    /// # Errors
    /// [`ReplicaError`]
    pub fn take_delta(&self, bytes: Vec<u8>) -> Result<(), ReplicaError> {
        self.change(|it| it.replica.take_delta(bytes))
    }

    /// Applies about `budget` entries of what was taken.
    ///
    /// # Errors
    /// [`ReplicaError`]: it was not what it claimed to be, and is thrown away.
    pub fn proceed(&self, budget: usize) -> Result<Progress, ReplicaError> {
        self.change(|it| it.replica.proceed(budget))
    }

    /// Gives up what was taken and is not applied yet.
    pub fn give_up(&self) {
        self.change(|it| it.replica.give_up());
    }

    /// Forgets what is over. Once in a minute is enough.
    pub fn forget(&self, now: UnixTime) {
        self.change(|it| it.replica.forget(now));
    }

    /// Takes word of where the feed stands.
    pub fn renew(&self, word: &Word, now: Duration) {
        self.change(|it| it.lease.renew(word, it.replica.position().as_ref(), now));
    }

    /// Puts down that there was nothing new when somebody looked; `None` for that there may be.
    pub fn glanced(&self, glance: Option<Glance>) {
        self.pulse().glance = glance;
    }

    /// Whether there is no need to look for something new.
    #[must_use]
    pub fn is_level(&self, now: Duration) -> bool {
        self.pulse().glance.is_some_and(|glance| glance.holds(now))
    }

    /// What the copy's word is worth.
    #[must_use]
    pub fn freshness(&self, now: Duration) -> Freshness {
        self.look(now).freshness
    }

    /// The copy at a glance. Counts all of it.
    #[must_use]
    pub fn status(&self, now: Duration) -> ControlStatus {
        let inner = self.lock();
        let (replica, Pulse { vouched, .. }) = (&inner.replica, inner.pulse(None));
        ControlStatus {
            position: replica.position(),
            freshness: vouched.freshness(now),
            age: vouched.age(now),
            entries: replica.len(),
            bytes: replica.weight(),
        }
    }

    /// The key under which handles are shortened.
    pub(super) fn key(&self) -> &ReplicaKey {
        &self.key
    }

    /// Looks at it for one decision.
    pub(super) fn look(&self, now: Duration) -> Look<'_> {
        let Pulse { version, epoch, vouched, .. } = *self.pulse();
        let (freshness, age) = (vouched.freshness(now), vouched.age(now));
        Look { control: self, freshness, version, epoch, age }
    }

    /// Whether a tenant's status speaks against it.
    pub(super) fn check_tenant(&self, id: &TenantId) -> Result<(), Revoked> {
        self.lock().replica.check_tenant(id)
    }

    /// A tenant that the policy does not list.
    pub(super) fn tenant(&self, id: &str) -> Option<TenantEntry> {
        self.lock().replica.tenant(id).cloned()
    }

    /// The grants from one tenant to another.
    pub(super) fn delegations(&self, from: &TenantId, to: &TenantId) -> Vec<Arc<Delegation>> {
        self.lock().replica.delegations(from.as_str(), to.as_str())
    }

    fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.lock();
        let changed = change(&mut inner);
        let mut pulse = self.pulse();
        *pulse = inner.pulse(pulse.glance);
        changed
    }

    fn pulse(&self) -> MutexGuard<'_, Pulse> {
        self.pulse.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
