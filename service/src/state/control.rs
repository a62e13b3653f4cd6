//! The door to the state: what the HTTP API, the command line and tests call.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tenantguard::control::{Delegation, Entry, EntryKey, Target, TenantEntry};
use tenantguard::identity::TenantId;
use tenantguard::time::UnixTime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::change::{Change, Receipt, Refusal, Subject};
use super::error::ControlError;
use super::live::Live;
use super::note::{Note, Record};
use super::plan::Plan;
use super::settings::Settings;
use super::shared::Shared;
use super::status::Status;
use super::timeline::Timeline;
use super::writer::{Job, Writer};
use crate::clock::Clock;
use crate::feed::{Feed, Proxies, Recent};
use crate::journal::{self, Journal};
use crate::session::Sessions;
use crate::store::Embedded;

/// The most changes of one call.
pub const CHANGE_LIMIT: usize = 100_000;
/// How many calls may wait to be written.
const QUEUE: usize = 4096;

/// What changes would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preview {
    /// How many would change something.
    pub changed: usize,
    /// How many are so already.
    pub unchanged: usize,
}

/// The state of the control service. Clones are the same state.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
    jobs: Arc<Mutex<Option<mpsc::Sender<Job>>>>,
    writer: Arc<tokio::sync::Mutex<Option<JoinHandle<()>>>>,
    journal: Embedded,
    feed: Feed,
    proxies: Proxies,
    sessions: Sessions,
}

impl Control {
    /// Opens the store, loads what it holds, and begins to take changes. Without Redis it begins
    /// with what its journal holds.
    ///
    /// # Errors
    /// [`ControlError`] if the embedded store or the journal cannot be opened or read.
    pub async fn open(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, ControlError> {
        let stores = journal::open(&settings.store, Arc::clone(&clock)).await?;
        Self::with(stores, settings, clock).await
    }

    /// Opens the state over stores that are open already.
    ///
    /// # Errors
    /// [`ControlError`] if they cannot be read.
    pub async fn with(
        stores: journal::Stores,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ControlError> {
        let Settings { retention, sessions, lease, recent_bytes, .. } = settings;
        let timeline = Timeline::new(Arc::clone(&clock));
        let (journal, loaded) = Journal::open(&stores, Arc::clone(&clock)).await?;
        let mut live = Live::default();
        loaded.live.iter().for_each(|(entry, _)| live.apply(entry));
        let mut recent = Recent::new(loaded.base, recent_bytes);
        loaded.commits.iter().for_each(|commit| recent.push(commit));
        let shared = Arc::new(Shared::new(live, recent, journal.health(), timeline, retention));
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let writer = Writer { journal, shared: Arc::clone(&shared) };
        let writer = tokio::spawn(writer.run(waiting));
        let jobs = Arc::new(Mutex::new(Some(jobs)));
        let changes = Changes { jobs: Arc::clone(&jobs) };
        Ok(Self {
            sessions: Sessions::new(stores.sessions, sessions, Arc::clone(&shared), changes),
            feed: Feed::new(Arc::clone(&shared)),
            proxies: Proxies::new(clock, lease),
            writer: Arc::new(tokio::sync::Mutex::new(Some(writer))),
            journal: stores.local,
            shared,
            jobs,
        })
    }

    /// Makes changes. They are in the feed and durable when this returns; the caller may give up
    /// waiting, and they are made all the same.
    ///
    /// # Errors
    /// [`ControlError`]: none of them is acknowledged.
    pub async fn apply(&self, changes: Vec<Change>, note: Note) -> Result<Receipt, ControlError> {
        Changes { jobs: Arc::clone(&self.jobs) }.apply(changes, note).await
    }

    /// What changes would do, were they made now.
    ///
    /// # Errors
    /// [`ControlError`] if they would be refused.
    pub fn preview(&self, changes: &[Change]) -> Result<Preview, ControlError> {
        let live = self.shared.live.read();
        let mut plan =
            Plan::new(&live, *self.shared.retention.lock(), self.shared.timeline.latest());
        let mut changed = 0;
        for change in changes {
            changed += usize::from(plan.add(change)?.is_some());
        }
        Ok(Preview { changed, unchanged: changes.len() - changed })
    }

    /// Keeps revocations for tokens that live this long, from now on. What is kept longer stays so.
    pub fn keep_for(&self, lifetime: Duration, skew: Duration) {
        let mut retention = self.shared.retention.lock();
        retention.lifetime = retention.lifetime.max(lifetime);
        retention.skew = retention.skew.max(skew);
    }

    /// Why a token is refused, if it is.
    #[must_use]
    pub fn refusal(&self, subject: &Subject) -> Option<Refusal> {
        self.shared.live.read().refusal(subject)
    }

    /// What holds of a target: its revocation, its cut-off, its suspension, each with who made it.
    ///
    /// # Errors
    /// [`ControlError`] if the store cannot be read.
    pub async fn records(&self, target: &Target) -> Result<Vec<(Entry, Record)>, ControlError> {
        let keys = [EntryKey::Revocation, EntryKey::CutOff, EntryKey::Suspension];
        let mut found = Vec::new();
        for key in keys.map(|key| key(target.clone())) {
            found.extend(self.journal.record(key.encode()).await?);
        }
        Ok(found)
    }

    /// Who wrote a tenant into the directory, and why.
    ///
    /// # Errors
    /// [`ControlError`] if the store cannot be read.
    pub async fn tenant_record(&self, id: &TenantId) -> Result<Option<Record>, ControlError> {
        let key = EntryKey::Tenant(id.clone()).encode();
        Ok(self.journal.record(key).await?.map(|(_, record)| record))
    }

    /// A tenant of the directory.
    #[must_use]
    pub fn tenant(&self, id: &TenantId) -> Option<TenantEntry> {
        match self.shared.live.read().get(&EntryKey::Tenant(id.clone())) {
            Some(Entry::Tenant(tenant)) => Some(tenant.clone()),
            _ => None,
        }
    }

    /// A delegation, whatever its stage.
    #[must_use]
    pub fn delegation(&self, id: &TenantId) -> Option<Delegation> {
        match self.shared.live.read().get(&EntryKey::Delegation(id.clone())) {
            Some(Entry::Delegation(delegation)) => Some((**delegation).clone()),
            _ => None,
        }
    }

    /// Who changed a delegation last, and why.
    ///
    /// # Errors
    /// [`ControlError`] if the store cannot be read.
    pub async fn delegation_record(&self, id: &TenantId) -> Result<Option<Record>, ControlError> {
        let key = EntryKey::Delegation(id.clone()).encode();
        Ok(self.journal.record(key).await?.map(|(_, record)| record))
    }

    /// What time it is, never earlier than it is.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.shared.timeline.latest()
    }

    /// At most `limit` entries that hold and that `wanted` wants, in the order of their keys, after
    /// `after`.
    #[must_use]
    pub fn entries(
        &self,
        wanted: impl Fn(&Entry) -> bool,
        after: Option<&EntryKey>,
        limit: usize,
    ) -> Vec<Entry> {
        let parts = self.shared.live.read().parts();
        let mut found: Vec<Entry> = Vec::new();
        for part in parts {
            use std::ops::Bound::{Excluded, Unbounded};
            let start = after.map_or(Unbounded, Excluded);
            let range = part.range((start, Unbounded)).map(|(_, entry)| entry);
            found.extend(range.filter(|entry| wanted(entry)).take(limit).cloned());
        }
        found.sort_by_cached_key(Entry::key);
        found.truncate(limit);
        found
    }

    /// At most `limit` tenants of the directory after `after`, in the order of their names.
    #[must_use]
    pub fn tenants(&self, after: Option<&TenantId>, limit: usize) -> Vec<TenantEntry> {
        let after = after.map(|id| EntryKey::Tenant(id.clone()));
        let found = self.entries(|entry| matches!(entry, Entry::Tenant(_)), after.as_ref(), limit);
        found
            .into_iter()
            .filter_map(|entry| match entry {
                Entry::Tenant(tenant) => Some(tenant),
                _ => None,
            })
            .collect()
    }

    /// The state at a glance.
    #[must_use]
    pub fn status(&self) -> Status {
        let store = self.shared.health.lock().clone();
        Status {
            position: self.feed.position(),
            entries: self.shared.live.read().len(),
            durability: store.durability.sentences(),
            age: self.feed.age(),
            store,
        }
    }

    /// The feed.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The register of proxies.
    #[must_use]
    pub fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// Sessions.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Whether changes can no longer be made although nobody has closed the state: the writer has
    /// ended by a defect.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.jobs.lock().as_ref().is_some_and(mpsc::Sender::is_closed)
    }

    /// Takes no more changes, and returns when all that were taken are done.
    pub async fn close(&self) {
        drop(self.jobs.lock().take());
        if let Some(writer) = self.writer.lock().await.take() {
            let _ = writer.await;
        }
    }
}

/// The way to the writer.
#[derive(Clone)]
pub(crate) struct Changes {
    jobs: Arc<Mutex<Option<mpsc::Sender<Job>>>>,
}

impl Changes {
    pub(crate) async fn apply(
        &self,
        changes: Vec<Change>,
        note: Note,
    ) -> Result<Receipt, ControlError> {
        if changes.len() > CHANGE_LIMIT {
            return Err(ControlError::TooMany { found: changes.len(), limit: CHANGE_LIMIT });
        }
        let (done, answer) = oneshot::channel();
        let jobs = self.jobs.lock().clone().ok_or(ControlError::ShuttingDown)?;
        jobs.try_send(Job { changes, note, done }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => ControlError::Busy { waiting: QUEUE },
            mpsc::error::TrySendError::Closed(_) => ControlError::ShuttingDown,
        })?;
        drop(jobs);
        answer.await.unwrap_or(Err(ControlError::ShuttingDown))
    }
}
