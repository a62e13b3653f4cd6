//! Keys that are fetched: what is in hand for each issuer, whether it may still be used, and when
//! to fetch again. Host-free: the shell makes the calls and says what came of them.
//!
//! Times are on the monotonic clock. An issuer's keys are used until `max_stale` after they were
//! last confirmed; a fetch is due every `refresh`, or sooner where the answer's `Cache-Control`
//! says so; after failures it is due ever later, with jitter, so that proxies do not march in
//! step.

mod answer;
mod schedule;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use self::answer::{AnswerError, BODY_LIMIT, FetchAnswer, max_age};
use self::schedule::Schedule;
use crate::artifact::Policy;
use crate::token::KeySet;
use crate::trust::{IssuerId, IssuerKeys, RemoteKeys};

/// What is in hand for an issuer.
#[derive(Debug, Clone)]
pub enum InHand {
    /// Keys that may be used.
    Keys(Arc<KeySet>),
    /// None yet.
    Nothing,
    /// Keys that nobody has confirmed for too long.
    Stale,
}

/// What an answer changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The keys are others than before.
    Replaced,
    /// The same keys, confirmed.
    Confirmed,
}

/// The keys of every issuer that has them at an endpoint.
#[derive(Debug)]
pub struct KeyRing {
    remotes: Mutex<BTreeMap<IssuerId, Remote>>,
}

#[derive(Debug)]
struct Remote {
    source: RemoteKeys,
    held: Option<Held>,
    schedule: Schedule,
}

#[derive(Debug)]
struct Held {
    keys: Arc<KeySet>,
    body: Box<[u8]>,
    etag: Option<Box<str>>,
    confirmed: Duration,
}

/// A fetch that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Whose keys.
    pub issuer: IssuerId,
    /// Where they are.
    pub source: RemoteKeys,
    /// The `ETag` of what is in hand (RFC 9110, section 13.1.2).
    pub etag: Option<Box<str>>,
}

impl KeyRing {
    /// An empty ring for a policy. `seed` is random and spreads the fetches of many proxies.
    #[must_use]
    pub fn new(policy: &Policy, seed: u64) -> Self {
        let remotes = policy.issuers().filter_map(|(id, issuer)| match &issuer.keys {
            IssuerKeys::Inline(_) => None,
            IssuerKeys::Remote(source) => {
                let schedule = Schedule::new(seed ^ u64::from(id.0));
                Some((id, Remote { source: source.clone(), held: None, schedule }))
            }
        });
        Self { remotes: Mutex::new(remotes.collect()) }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<IssuerId, Remote>> {
        self.remotes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is nothing to fetch, ever.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The issuers that have their keys at an endpoint.
    #[must_use]
    pub fn issuers(&self) -> Vec<IssuerId> {
        self.lock().keys().copied().collect()
    }

    /// What is in hand for an issuer.
    #[must_use]
    pub fn in_hand(&self, issuer: IssuerId, now: Duration) -> InHand {
        match self.lock().get(&issuer) {
            Some(Remote { held: Some(held), source, .. }) => {
                match now.saturating_sub(held.confirmed) <= source.max_stale {
                    true => InHand::Keys(Arc::clone(&held.keys)),
                    false => InHand::Stale,
                }
            }
            Some(Remote { held: None, .. }) | None => InHand::Nothing,
        }
    }

    /// A token names a key that is not in hand. Whether a fetch out of turn is worth waiting for:
    /// one that is still to come, or a new one, of which there is at most one in a while for each
    /// issuer, however many such tokens come.
    #[must_use]
    pub fn is_worth_waiting(&self, issuer: IssuerId, now: Duration) -> bool {
        self.lock().get(&issuer).is_some_and(|remote| {
            remote.schedule.is_hurrying(now) || remote.schedule.may_hurry(now)
        })
    }

    /// Makes a fetch due at once, if there has been none out of turn for a while.
    pub fn refetch(&self, issuer: IssuerId, now: Duration) {
        // The first keys are fetched anyway.
        if let Some(remote) = self.lock().get_mut(&issuer).filter(|remote| remote.held.is_some()) {
            remote.schedule.hurry(now);
        }
    }

    /// The fetches that are due, at most `limit`. Each counts as under way until
    /// [`Self::answered`] or [`Self::failed`].
    pub fn take_due(&self, now: Duration, limit: usize) -> Vec<Fetch> {
        let mut remotes = self.lock();
        let due = remotes.iter_mut().filter(|(_, remote)| remote.schedule.is_due(now));
        due.take(limit)
            .map(|(issuer, remote)| {
                remote.schedule.begin();
                let etag = remote.held.as_ref().and_then(|held| held.etag.clone());
                Fetch { issuer: *issuer, source: remote.source.clone(), etag }
            })
            .collect()
    }

    /// How many fetches are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.lock().values().filter(|remote| remote.schedule.is_under_way()).count()
    }

    /// Takes an answer that was received `age` ago. One that is of no use counts as a failure and
    /// leaves what is in hand as it is.
    ///
    /// # Errors
    /// [`AnswerError`] says why it is of no use.
    pub fn answered(
        &self,
        issuer: IssuerId,
        answer: &FetchAnswer<'_>,
        age: Duration,
        now: Duration,
    ) -> Result<Change, AnswerError> {
        let mut remotes = self.lock();
        let remote = remotes.get_mut(&issuer).ok_or(AnswerError::NotAsked)?;
        let confirmed = now.saturating_sub(age);
        match remote.take(answer, confirmed) {
            Ok(change) => {
                let refresh = remote.source.refresh;
                remote.schedule.succeeded(confirmed, answer.max_age(), refresh);
                if change == Change::Replaced {
                    remote.schedule.allow_hurry();
                }
                Ok(change)
            }
            Err(error) => {
                remote.schedule.failed(now, remote.source.refresh);
                Err(error)
            }
        }
    }

    /// A fetch brought no answer.
    pub fn failed(&self, issuer: IssuerId, now: Duration) {
        if let Some(remote) = self.lock().get_mut(&issuer) {
            remote.schedule.failed(now, remote.source.refresh);
        }
    }
}

impl Remote {
    fn take(
        &mut self,
        answer: &FetchAnswer<'_>,
        confirmed: Duration,
    ) -> Result<Change, AnswerError> {
        let (body, etag) = match (answer, &mut self.held) {
            (FetchAnswer::Body { body, etag, .. }, _) => (*body, *etag),
            (FetchAnswer::NotModified { .. }, Some(held)) => {
                held.confirmed = confirmed;
                return Ok(Change::Confirmed);
            }
            (FetchAnswer::NotModified { .. }, None) => return Err(AnswerError::NothingToConfirm),
        };
        let etag = etag.map(Into::into);
        match &mut self.held {
            Some(held) if *held.body == *body => {
                (held.confirmed, held.etag) = (confirmed, etag);
                Ok(Change::Confirmed)
            }
            held => {
                let keys = Arc::new(answer::read(body)?);
                *held = Some(Held { keys, body: body.into(), etag, confirmed });
                Ok(Change::Replaced)
            }
        }
    }
}

#[cfg(test)]
mod tests;
