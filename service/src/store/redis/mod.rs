//! Redis as a store. In Redis the stream of commits is the truth, and what is published only a
//! wake-up. One function appends a commit, what it adds up to, and the new position, atomically.

mod address;
mod call;
mod client;
mod connection;
mod durability;
mod error;
mod feed;
mod keys;
mod news;
mod records;
mod sessions;
mod settings;

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use redis::RedisResult;
use tenantguard::control::{Entry, Epoch, Position};
use tenantguard::identity::{PrincipalId, TenantId};
use tenantguard::time::UnixTime;

pub use self::address::{RedisAddress, RedisAddressError};
use self::call::{Caller, Function};
use self::connection::{Connection, Connector, Doubt, SharedConnector};
pub use self::settings::{RedisClientFiles, RedisSettings};
use super::{Commit, Created, Durability, LivePage, SessionPage, Store, StoreError};
use crate::session::{Session, SessionDigest};
use crate::state::Record;

/// A store in Redis.
pub struct RedisStore {
    name: Arc<str>,
    connector: SharedConnector,
    caller: Caller,
    listener: news::Listener,
}

impl RedisStore {
    /// A store that connects when it is first asked something.
    ///
    /// # Errors
    /// [`StoreError::Open`] if the address or the roots to trust are unusable.
    pub fn new(settings: &RedisSettings) -> Result<Self, StoreError> {
        let name: Arc<str> = settings.address.to_string().into();
        let connector = Connector::new(settings.clone()).map_err(|error| StoreError::Open {
            store: name.clone(),
            detail: error.to_string().into(),
        })?;
        Ok(Self {
            name,
            connector: Arc::new(connector),
            caller: Caller::default(),
            listener: news::Listener::default(),
        })
    }

    /// The same with scripts instead of functions, as Redis before 7.0 needs it. Where functions
    /// are missing this is found out anyway.
    #[must_use]
    pub fn with_scripts(self) -> Self {
        Self { caller: Caller::by_script(), ..self }
    }

    /// Runs something on a connection, and forgets the connection if it is of no use any more, or
    /// if the caller does not wait for the answer.
    async fn run<T, F: Future<Output = RedisResult<T>>>(
        &self,
        work: impl FnOnce(Connection) -> F,
    ) -> Result<T, StoreError> {
        let explain = |error| error::explain(self.name.clone(), &error);
        let numbered = self.connector.connect().await.map_err(explain)?;
        let doubt = Doubt::of(&self.connector, &numbered);
        let number = numbered.number();
        let done = work(numbered.connection).await;
        doubt.settle();
        done.map_err(|error| {
            if error::is_connection_useless(&error) {
                self.connector.drop_connection(number);
            }
            explain(error)
        })
    }

    async fn call(
        &self,
        function: Function,
        keys: &[String],
        args: &[&[u8]],
    ) -> Result<Vec<u8>, StoreError> {
        self.run(|mut connection| async move {
            self.caller.call(&mut connection, function, keys, args).await
        })
        .await
    }

    fn alien(&self, what: &str) -> StoreError {
        StoreError::Corrupt { store: self.name.clone(), detail: what.into() }
    }
}

#[async_trait]
impl Store for RedisStore {
    fn name(&self) -> &str {
        &self.name
    }

    async fn durability(&self) -> Durability {
        durability::read(self).await
    }

    async fn head(&self) -> Result<Option<Position>, StoreError> {
        feed::head(self).await
    }

    async fn seed(&self, head: &Position, live: &[(Entry, Record)]) -> Result<(), StoreError> {
        feed::seed(self, head, live).await
    }

    async fn append(&self, base: &Position, commits: &[Commit]) -> Result<(), StoreError> {
        feed::append(self, base, commits).await
    }

    async fn commits(&self, after: Epoch, limit: usize) -> Result<Vec<Commit>, StoreError> {
        feed::commits(self, after, limit).await
    }

    async fn live(&self, page: Option<Vec<u8>>) -> Result<LivePage, StoreError> {
        feed::live(self, page).await
    }

    async fn trim(&self, through: Epoch) -> Result<(), StoreError> {
        feed::trim(self, through).await
    }

    async fn forget(&self, entries: &[Entry]) -> Result<(), StoreError> {
        feed::forget(self, entries).await
    }

    async fn write_records(&self, entries: &[(Entry, Record)]) -> Result<(), StoreError> {
        records::write(self, entries).await
    }

    async fn news(&self) {
        self.listener.news(&self.connector).await;
    }

    async fn create_session(
        &self,
        session: &Session,
        limit: u32,
        now: UnixTime,
    ) -> Result<Created, StoreError> {
        sessions::create(self, session, limit, now).await
    }

    async fn session(
        &self,
        tenant: &TenantId,
        digest: &SessionDigest,
        now: UnixTime,
    ) -> Result<Option<Session>, StoreError> {
        sessions::get(self, tenant, digest, now).await
    }

    async fn touch_session(
        &self,
        tenant: &TenantId,
        digest: &SessionDigest,
        now: UnixTime,
    ) -> Result<Option<Session>, StoreError> {
        sessions::touch(self, tenant, digest, now).await
    }

    async fn remove_session(
        &self,
        tenant: &TenantId,
        digest: &SessionDigest,
    ) -> Result<bool, StoreError> {
        sessions::remove(self, tenant, digest).await
    }

    async fn sessions_of(
        &self,
        tenant: &TenantId,
        principal: &PrincipalId,
        now: UnixTime,
    ) -> Result<Vec<Session>, StoreError> {
        sessions::of(self, tenant, principal, now).await
    }

    async fn sessions(
        &self,
        tenant: &TenantId,
        page: Option<Vec<u8>>,
        now: UnixTime,
    ) -> Result<SessionPage, StoreError> {
        sessions::page(self, tenant, page, now).await
    }
}
