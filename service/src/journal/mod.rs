//! The log of this process: an embedded store, alone or in front of Redis.
//!
//! A Redis that fails over may lose what it has acknowledged. So every commit is on this machine's
//! disk first, goes to Redis next, and is offered again whenever Redis turns out not to have it.
//! While Redis does not answer, the journal alone makes commits durable, and says so.

mod event;
mod health;
mod link;
mod reconcile;
mod stores;
mod union;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tenantguard::control::{Entry, Epoch, HistoryId, Position};
use tokio::sync::Notify;

pub(crate) use self::event::Event;
pub use self::health::Health;
use self::link::Link;
pub use self::stores::{Stores, TenantStores, open};
use crate::clock::Clock;
use crate::state::{Record, Safety};
use crate::store::{Commit, Durability, Embedded, Store, StoreError};

/// How long Redis may take for one batch before the journal goes on without it.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many commits go to Redis at once.
const PUSH: usize = 64;
/// How often a push begins anew because others keep writing.
const TRIES: usize = 32;
/// How many commits are kept for copies, and for a Redis that lost some.
const KEPT: u64 = 1024;

/// What the log held when it was opened.
pub(crate) struct Loaded {
    pub(crate) live: Vec<(Entry, Record)>,
    pub(crate) base: Position,
    pub(crate) commits: Vec<Commit>,
}

/// The log. One task owns it.
pub(crate) struct Journal {
    local: Embedded,
    remote: Option<Remote>,
    head: Position,
    /// A write failed: what is on the disk must be looked at before the next one.
    is_unsure: bool,
    trouble: Option<Arc<str>>,
    trimmed: Epoch,
}

/// Redis behind the journal.
struct Remote {
    store: Arc<dyn Store>,
    link: Arc<Link>,
    pushed: Position,
    unpushed: VecDeque<Commit>,
    regressions: u64,
}

impl Journal {
    pub(crate) async fn open(
        stores: &Stores,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Loaded), StoreError> {
        let local = stores.local.clone();
        if local.head().await?.is_none() {
            begin(&local, stores.remote.as_ref()).await?;
        }
        let head = local.head().await?.unwrap_or_else(|| Position::start(new_history()));
        let loaded = load(&local, head).await?;
        let remote = match &stores.remote {
            None => None,
            Some(store) => {
                let pushed = local.pushed().await?.unwrap_or(head.epoch);
                let (pushed, unpushed) = split(&loaded, head, pushed);
                let link = Link::watch(Arc::clone(store), stores.records.clone(), pushed, clock);
                Some(Remote { store: Arc::clone(store), link, pushed, unpushed, regressions: 0 })
            }
        };
        let (is_unsure, trouble, trimmed) = (false, None, Epoch(0));
        Ok((Self { local, remote, head, is_unsure, trouble, trimmed }, loaded))
    }

    /// Told when Redis has something to say: it is back, or somebody else wrote.
    pub(crate) fn news(&self) -> Arc<Notify> {
        self.remote.as_ref().map_or_else(Arc::default, |remote| Arc::clone(&remote.link.news))
    }

    /// Makes entries durable. What became of the log is said even where that failed.
    pub(crate) async fn append(
        &mut self,
        entries: &[(Entry, Record)],
    ) -> (Vec<Event>, Result<Safety, StoreError>) {
        let mut events = Vec::new();
        if let Err(error) = self.look_again(&mut events).await {
            return (events, Err(self.failed(error)));
        }
        let commits = Commit::chain(&self.head, entries);
        if let Err(error) = self.local.append(&self.head, &commits).await {
            self.is_unsure = true;
            return (events, Err(self.failed(error)));
        }
        self.trouble = None;
        self.note(&commits, &mut events);
        events.extend(self.push().await);
        (events, Ok(self.safety()))
    }

    fn note(&mut self, commits: &[Commit], events: &mut Vec<Event>) {
        let Some(last) = commits.last() else { return };
        self.head = last.position;
        if let Some(remote) = &mut self.remote {
            remote.unpushed.extend(commits.iter().cloned());
        }
        events.push(Event::Appended(commits.to_vec()));
    }

    /// After a write that failed: the disk may have taken it all the same.
    async fn look_again(&mut self, events: &mut Vec<Event>) -> Result<(), StoreError> {
        if self.is_unsure {
            let commits = self.local.commits(self.head.epoch, usize::MAX).await?;
            self.is_unsure = false;
            self.note(&commits, events);
        }
        Ok(())
    }

    fn failed(&mut self, error: StoreError) -> StoreError {
        tracing::error!(%error, "a batch of changes was refused");
        self.trouble = Some(error.to_string().into());
        error
    }

    /// Where what was written last is safe.
    pub(crate) fn safety(&self) -> Safety {
        match &self.remote {
            Some(remote) if !remote.unpushed.is_empty() => Safety::Journal,
            _ => Safety::Store,
        }
    }

    /// Forgets what is over, and commits that nobody needs any more.
    pub(crate) async fn forget(&mut self, over: &[Entry]) {
        let pushed = self.remote.as_ref().map_or(self.head.epoch, |remote| remote.pushed.epoch);
        let through = Epoch(self.head.epoch.0.saturating_sub(KEPT).min(pushed.0));
        if over.is_empty() && through <= self.trimmed {
            return;
        }
        let done = async {
            if !over.is_empty() {
                self.local.forget(over).await?;
            }
            self.local.trim(through).await
        };
        match done.await {
            Ok(()) => self.trimmed = through,
            Err(error) => tracing::warn!(%error, "what is over stays on the disk for now"),
        }
        if let Some(remote) = &self.remote
            && remote.link.is_up()
        {
            let _ = tokio::time::timeout(PATIENCE, async {
                remote.store.trim(through).await?;
                remote.store.forget(over).await
            })
            .await;
        }
    }

    /// How it is doing.
    pub(crate) fn health(&self) -> Health {
        match &self.remote {
            None => Health {
                store: self.local.name().into(),
                durability: Durability::Fsync,
                trouble: self.trouble.clone(),
                behind: 0,
                regressions: 0,
                agreed: None,
            },
            Some(remote) => Health {
                store: remote.store.name().into(),
                durability: remote.link.durability(),
                trouble: self.trouble.clone().or_else(|| remote.link.trouble()),
                behind: remote.unpushed.len(),
                regressions: remote.regressions,
                agreed: Some(remote.link.agreed()),
            },
        }
    }

    /// Hands Redis what it does not have yet, as far as it takes it.
    pub(crate) async fn close(mut self) {
        let _ = self.push().await;
        if let Some(remote) = &self.remote {
            remote.link.close().await;
        }
    }
}

/// Begins with what Redis holds; where that holds nothing, or does not answer, with a new history.
async fn begin(local: &Embedded, remote: Option<&Arc<dyn Store>>) -> Result<(), StoreError> {
    if let Some(remote) = remote {
        match tokio::time::timeout(PATIENCE * 30, union::everything(remote.as_ref())).await {
            Ok(Ok((head, live))) => return local.seed(&head, &live).await,
            // What is in it holds, and will not be readable later either.
            Ok(Err(error @ (StoreError::Corrupt { .. } | StoreError::Format { .. }))) => {
                return Err(error);
            }
            Ok(Err(_)) | Err(_) => {}
        }
    }
    local.seed(&Position::start(new_history()), &[]).await
}

fn new_history() -> HistoryId {
    let mut random = [0; 16];
    if let Err(error) = getrandom::fill(&mut random) {
        // Two histories with one id are told apart by their hashes; this machine has bigger worries.
        tracing::error!(%error, "the system gives no random numbers");
    }
    HistoryId::from_bytes(random)
}

async fn load(local: &Embedded, head: Position) -> Result<Loaded, StoreError> {
    let live = union::live(local).await?;
    let after = Epoch(head.epoch.0.saturating_sub(KEPT));
    let mut commits = local.commits(after, usize::MAX).await?;
    // Positions are chained: the first one kept is where the others begin.
    let base = if commits.is_empty() { head } else { commits.remove(0).position };
    Ok(Loaded { live, base, commits })
}

/// The position up to which Redis has everything, as far as the journal knows, and what follows.
fn split(loaded: &Loaded, head: Position, pushed: Epoch) -> (Position, VecDeque<Commit>) {
    let known = std::iter::once(loaded.base)
        .chain(loaded.commits.iter().map(|commit| commit.position))
        .find(|position| position.epoch == pushed);
    let Some(position) = known else { return (head, VecDeque::new()) };
    let unpushed = loaded.commits.iter().filter(|commit| commit.position.epoch > pushed);
    (position, unpushed.cloned().collect())
}
