//! The link to Redis: a task that asks it how it is, notices when somebody else wrote, and writes
//! down beside the feed, for each tenant, who revoked what.

use std::mem::discriminant;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tenantguard::control::{Entry, Position};
use tokio::sync::{Notify, mpsc};

use super::{PATIENCE, TenantStores};
use crate::clock::Clock;
use crate::state::Record;
use crate::store::{Commit, Durability, Store, StoreError};

/// How often Redis is asked where it stands: a wake-up may be lost.
const GLANCE: Duration = Duration::from_millis(250);
/// How many batches of records may wait; more are left out, because they can be read here.
const RECORDS: usize = 1024;

type Records = Vec<(Entry, Record)>;

/// What is known of Redis.
pub(super) struct Link {
    pub(super) news: Arc<Notify>,
    is_up: AtomicBool,
    known: Mutex<Position>,
    agreed: Mutex<Duration>,
    durability: Mutex<Durability>,
    trouble: Mutex<Option<StoreError>>,
    records: Mutex<Option<mpsc::Sender<Records>>>,
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    clock: Arc<dyn Clock>,
}

impl Link {
    /// Begins to watch a Redis that is taken not to answer until it does.
    pub(super) fn watch(
        store: Arc<dyn Store>,
        tenants: TenantStores,
        known: Position,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let (records, waiting) = mpsc::channel(RECORDS);
        let link = Arc::new(Self {
            news: Arc::default(),
            is_up: AtomicBool::new(false),
            known: Mutex::new(known),
            agreed: Mutex::new(clock.now().monotonic),
            durability: Mutex::new(Durability::Unknown),
            trouble: Mutex::default(),
            records: Mutex::new(Some(records)),
            tasks: Mutex::default(),
            clock,
        });
        let watcher = tokio::spawn(watch(Arc::downgrade(&link), store));
        let writer = tokio::spawn(write_records(waiting, tenants));
        link.tasks.lock().extend([writer, watcher]);
        link
    }

    pub(super) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    pub(super) fn came_up(&self, at: Position) {
        if !self.is_up.swap(true, Ordering::Relaxed) {
            tracing::info!("Redis answers");
        }
        *self.trouble.lock() = None;
        self.stands_at(at);
    }

    pub(super) fn went_down(&self, error: &StoreError) {
        let was_up = self.is_up.swap(false, Ordering::Relaxed);
        let before = self.trouble.lock().replace(error.clone());
        let is_same = before.is_some_and(|before| discriminant(&before) == discriminant(error));
        if was_up || !is_same {
            tracing::warn!(%error, "Redis is of no help; the journal alone keeps changes");
            // Whoever asks for the status is told without a change being made first.
            self.news.notify_one();
        }
    }

    /// Notes where Redis stands, as far as this process knows.
    pub(super) fn stands_at(&self, at: Position) {
        *self.known.lock() = at;
        if self.is_up() {
            *self.agreed.lock() = self.clock.now().monotonic;
        }
    }

    pub(super) fn agreed(&self) -> Duration {
        *self.agreed.lock()
    }

    pub(super) fn durability(&self) -> Durability {
        self.durability.lock().clone()
    }

    pub(super) fn trouble(&self) -> Option<Arc<str>> {
        self.trouble.lock().as_ref().map(|error| error.to_string().into())
    }

    /// These commits are in Redis now.
    pub(super) fn has_records(&self, commits: &[Commit]) {
        for commit in commits {
            self.has_all(&commit.entries().unwrap_or_default());
        }
    }

    /// These entries are in Redis now.
    pub(super) fn has_all(&self, entries: &[(Entry, Record)]) {
        let sender = self.records.lock().clone();
        if let Some(sender) = sender
            && sender.try_send(entries.to_vec()).is_err()
        {
            tracing::warn!("records of revocations are left out: a tenant's Redis is too slow");
        }
    }

    /// Writes what waits, and stops.
    pub(super) async fn close(&self) {
        drop(self.records.lock().take());
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        if let Some(watcher) = tasks.pop() {
            watcher.abort();
        }
        for task in tasks {
            let _ = tokio::time::timeout(PATIENCE, task).await;
        }
    }

    fn hears(&self, head: Option<Position>) {
        let is_known = head == Some(*self.known.lock());
        if is_known && self.is_up() {
            *self.agreed.lock() = self.clock.now().monotonic;
        } else {
            self.news.notify_one();
        }
    }
}

async fn watch(link: std::sync::Weak<Link>, store: Arc<dyn Store>) {
    let mut asked = false;
    loop {
        let head = tokio::time::timeout(PATIENCE, store.head()).await;
        let Some(link) = link.upgrade() else { return };
        match head {
            Ok(Ok(head)) => {
                if !asked || !link.is_up() {
                    let durability = store.durability().await;
                    if *link.durability.lock() != durability {
                        durability.sentences().iter().for_each(|it| tracing::info!("{it}"));
                    }
                    *link.durability.lock() = durability;
                    asked = true;
                }
                link.hears(head);
            }
            Ok(Err(error)) => link.went_down(&error),
            Err(_) => link.went_down(&StoreError::Unavailable {
                store: store.name().into(),
                detail: format!("no answer within {} ms", PATIENCE.as_millis()).into(),
            }),
        }
        drop(link);
        let _ = tokio::time::timeout(GLANCE, store.news()).await;
    }
}

async fn write_records(mut waiting: mpsc::Receiver<Records>, tenants: TenantStores) {
    while let Some(records) = waiting.recv().await {
        for (store, records) in by_store(&tenants, records) {
            if let Err(error) = store.write_records(&records).await {
                tracing::warn!(%error, "records of revocations could not be written");
            }
        }
    }
}

fn by_store(tenants: &TenantStores, records: Records) -> Vec<(Arc<dyn Store>, Records)> {
    let mut sorted: Vec<(Arc<dyn Store>, Records)> = Vec::new();
    for record in records {
        let tenant = match &record.0 {
            Entry::Revoked(it) | Entry::Restored(it) => it.target.tenant(),
            Entry::CutOff(it) => it.target.tenant(),
            Entry::Suspension(it) => it.target.tenant(),
            Entry::Delegation(_) | Entry::Tenant(_) => None,
        };
        let Some(tenant) = tenant else { continue };
        let store = tenants.of(Some(tenant));
        match sorted.iter_mut().find(|(known, _)| Arc::ptr_eq(known, store)) {
            Some((_, records)) => records.push(record),
            None => sorted.push((Arc::clone(store), vec![record])),
        }
    }
    sorted
}
