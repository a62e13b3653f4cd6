//! The embedded store: one redb file. A commit is on disk before it is acknowledged, so it needs
//! nothing in front of it; it is also the journal that stands in front of Redis.

mod feed;
mod sessions;
mod tables;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use redb::{Database, StorageBackend};
use tenantguard::control::{Entry, Epoch, Position};
use tenantguard::identity::{PrincipalId, TenantId};
use tenantguard::time::UnixTime;

use self::tables::Failure;
use super::{Commit, Created, Durability, LivePage, SessionPage, Store, StoreError};
use crate::session::{Session, SessionDigest};
use crate::state::Record;

/// Opens the database, the first time and after a write that failed.
type Opener = Box<dyn Fn() -> Result<Database, redb::DatabaseError> + Send + Sync>;

/// A store in a file of this machine.
#[derive(Clone)]
pub struct Embedded {
    inner: Arc<Inner>,
}

struct Inner {
    /// `None` after an error of the disk: what the database has in memory is no longer to be
    /// trusted, so it is opened again from what is on the disk.
    database: Mutex<Option<Arc<Database>>>,
    opener: Opener,
    name: Arc<str>,
}

impl Embedded {
    /// Opens the file, or makes it. Blocks while a file that was not closed is put in order.
    ///
    /// # Errors
    /// [`StoreError::Open`] if it cannot be opened, for instance because another process has it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let name = format!("the file {}", path.display()).into();
        let path = path.to_owned();
        Self::prepare(name, Box::new(move || Database::create(&path)))
    }

    /// Opens a store over any bytes that can be read and written, as often as `backend` is asked
    /// for them.
    ///
    /// # Errors
    /// [`StoreError::Open`] if what is there is no store.
    pub fn over<B: StorageBackend>(
        backend: impl Fn() -> B + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let opener = move || Database::builder().create_with_backend(backend());
        Self::prepare("the embedded store".into(), Box::new(opener))
    }

    fn prepare(name: Arc<str>, opener: Opener) -> Result<Self, StoreError> {
        let inner = Arc::new(Inner { database: Mutex::default(), opener, name });
        inner.database()?;
        Ok(Self { inner })
    }

    /// Runs what blocks on the disk off the runtime's threads.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || {
            let database = inner.database()?;
            work(&database).map_err(|failure| inner.explain(failure))
        });
        done.await.unwrap_or_else(|error| {
            Err(StoreError::Unavailable {
                store: self.inner.name.clone(),
                detail: error.to_string().into(),
            })
        })
    }

    /// Up to which epoch the frames are known to be in Redis: what a journal remembers.
    pub(crate) async fn pushed(&self) -> Result<Option<Epoch>, StoreError> {
        self.run(feed::pushed).await
    }

    pub(crate) async fn set_pushed(&self, epoch: Epoch) -> Result<(), StoreError> {
        self.run(move |database| feed::set_pushed(database, epoch)).await
    }

    /// Drops the commits after `base` and puts `commits` there: what was here alone now follows
    /// what others wrote meanwhile.
    pub(crate) async fn rebase(
        &self,
        base: Position,
        commits: Vec<Commit>,
    ) -> Result<(), StoreError> {
        self.run(move |database| feed::rebase(database, &base, &commits)).await
    }

    /// Takes another store's head and state for its own, with `commits` behind it; all commits that
    /// were kept are dropped.
    pub(crate) async fn adopt(
        &self,
        head: Position,
        live: Vec<(Entry, Record)>,
        commits: Vec<Commit>,
    ) -> Result<(), StoreError> {
        self.run(move |database| feed::adopt(database, &head, &live, &commits)).await
    }

    /// Who made the entry with this key.
    pub(crate) async fn record(&self, key: Vec<u8>) -> Result<Option<(Entry, Record)>, StoreError> {
        self.run(move |database| feed::record(database, &key)).await
    }
}

impl Inner {
    fn database(&self) -> Result<Arc<Database>, StoreError> {
        let mut database = self.database.lock();
        if let Some(database) = database.as_ref() {
            return Ok(Arc::clone(database));
        }
        let opened = (self.opener)().map_err(|error| self.explain(error.into())).map_err(
            |error| match error {
                StoreError::Full { .. } => error,
                other => {
                    StoreError::Open { store: self.name.clone(), detail: other.to_string().into() }
                }
            },
        )?;
        tables::create(&opened).map_err(|error| self.explain(error))?;
        Ok(Arc::clone(database.insert(Arc::new(opened))))
    }

    fn explain(&self, failure: Failure) -> StoreError {
        let store = self.name.clone();
        match failure {
            Failure::Moved(position) => StoreError::Moved(position),
            Failure::Position(error, text) => error.explain(store, &text),
            Failure::Alien(detail) => StoreError::Corrupt { store, detail: detail.into() },
            Failure::Database(error) => {
                if let Some(mut database) = self.database.try_lock() {
                    *database = None;
                }
                tables::explain(store, &error)
            }
        }
    }
}

#[async_trait]
impl Store for Embedded {
    fn name(&self) -> &str {
        &self.inner.name
    }

    async fn durability(&self) -> Durability {
        Durability::Fsync
    }

    async fn head(&self) -> Result<Option<Position>, StoreError> {
        self.run(feed::head).await
    }

    async fn seed(&self, head: &Position, live: &[(Entry, Record)]) -> Result<(), StoreError> {
        let (head, live) = (*head, live.to_vec());
        self.run(move |database| feed::seed(database, &head, &live)).await
    }

    async fn append(&self, base: &Position, commits: &[Commit]) -> Result<(), StoreError> {
        let (base, commits) = (*base, commits.to_vec());
        self.run(move |database| feed::append(database, &base, &commits)).await
    }

    async fn commits(&self, after: Epoch, limit: usize) -> Result<Vec<Commit>, StoreError> {
        self.run(move |database| feed::commits(database, after, limit)).await
    }

    async fn live(&self, page: Option<Vec<u8>>) -> Result<LivePage, StoreError> {
        self.run(move |database| feed::live(database, page.as_deref())).await
    }

    async fn trim(&self, through: Epoch) -> Result<(), StoreError> {
        self.run(move |database| feed::trim(database, through)).await
    }

    async fn forget(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let keys: Vec<Vec<u8>> = entries.iter().map(|entry| entry.key().encode()).collect();
        self.run(move |database| feed::forget(database, &keys)).await
    }

    async fn create_session(
        &self,
        session: &Session,
        limit: u32,
        now: UnixTime,
    ) -> Result<Created, StoreError> {
        let session = session.clone();
        self.run(move |database| sessions::create(database, &session, limit, now)).await
    }

    async fn session(
        &self,
        tenant: &TenantId,
        digest: &SessionDigest,
        now: UnixTime,
    ) -> Result<Option<Session>, StoreError> {
        let (tenant, digest) = (tenant.clone(), *digest);
        self.run(move |database| sessions::get(database, &tenant, &digest, now)).await
    }

    async fn touch_session(
        &self,
        tenant: &TenantId,
        digest: &SessionDigest,
        now: UnixTime,
    ) -> Result<Option<Session>, StoreError> {
        let (tenant, digest) = (tenant.clone(), *digest);
        self.run(move |database| sessions::touch(database, &tenant, &digest, now)).await
    }

    async fn remove_session(
        &self,
        tenant: &TenantId,
        digest: &SessionDigest,
    ) -> Result<bool, StoreError> {
        let (tenant, digest) = (tenant.clone(), *digest);
        self.run(move |database| sessions::remove(database, &tenant, &digest)).await
    }

    async fn sessions_of(
        &self,
        tenant: &TenantId,
        principal: &PrincipalId,
        now: UnixTime,
    ) -> Result<Vec<Session>, StoreError> {
        let (tenant, principal) = (tenant.clone(), principal.clone());
        self.run(move |database| sessions::of(database, &tenant, &principal, now)).await
    }

    async fn sessions(
        &self,
        tenant: &TenantId,
        page: Option<Vec<u8>>,
        now: UnixTime,
    ) -> Result<SessionPage, StoreError> {
        let tenant = tenant.clone();
        self.run(move |database| sessions::page(database, &tenant, page.as_deref(), now)).await
    }
}
