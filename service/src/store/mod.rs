//! Where state is kept: one trait, an embedded store and Redis, and one suite of tests for both.
//!
//! A store keeps the feed's frames, what they add up to, and the sessions. It says that something
//! is written only when it is as durable as it says it makes things.

mod codec;
mod commit;
mod durability;
mod embedded;
mod error;
mod redis;

use async_trait::async_trait;
use tenantguard::control::{Entry, Epoch, Position};
use tenantguard::identity::{PrincipalId, TenantId};
use tenantguard::time::UnixTime;

pub use self::commit::{Commit, NoteRun};
pub use self::durability::{Durability, RedisDurability};
pub use self::embedded::Embedded;
pub use self::error::StoreError;
pub use self::redis::{
    RedisAddress, RedisAddressError, RedisClientFiles, RedisSettings, RedisStore,
};
use crate::session::{Session, SessionDigest};
use crate::state::Record;

/// Some of what the frames add up to, and where to go on.
#[derive(Debug, Clone, Default)]
pub struct LivePage {
    /// Entries with their records, in no particular order. One may come twice.
    pub entries: Vec<(Entry, Record)>,
    /// What to ask for next; `None` at the end.
    pub next: Option<Vec<u8>>,
}

/// What became of a new session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is there.
    Created,
    /// One with this id is there already.
    Exists,
    /// Its principal has as many as it may.
    LimitReached,
}

/// Some of a tenant's sessions, and where to go on.
#[derive(Debug, Clone, Default)]
pub struct SessionPage {
    /// The sessions. One may come twice.
    pub sessions: Vec<Session>,
    /// What to ask for next; `None` at the end.
    pub next: Option<Vec<u8>>,
}

/// Keeps the feed and the sessions.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// What it is called in messages: never with a password.
    fn name(&self) -> &str;

    /// What it promises.
    async fn durability(&self) -> Durability;

    /// Where the feed stands; `None` in a store that nothing was written to yet.
    async fn head(&self) -> Result<Option<Position>, StoreError>;

    /// Takes these entries for all there is, at this position. Refused with [`StoreError::Moved`]
    /// where there is something already.
    async fn seed(&self, head: &Position, live: &[(Entry, Record)]) -> Result<(), StoreError>;

    /// Appends commits that follow each other from `base` on: each wholly or not at all, and none
    /// after one that failed. [`StoreError::Moved`] if the head is elsewhere.
    async fn append(&self, base: &Position, commits: &[Commit]) -> Result<(), StoreError>;

    /// At most `limit` of the commits after `after` that are still kept, in order.
    async fn commits(&self, after: Epoch, limit: usize) -> Result<Vec<Commit>, StoreError>;

    /// What all frames add up to, page by page, from `None` on.
    async fn live(&self, page: Option<Vec<u8>>) -> Result<LivePage, StoreError>;

    /// Forgets the commits up to and including `through`; what they add up to stays.
    async fn trim(&self, through: Epoch) -> Result<(), StoreError>;

    /// Forgets entries that are over. They need no frame: each copy knows when they end.
    async fn forget(&self, entries: &[Entry]) -> Result<(), StoreError>;

    /// Writes who revoked what to where the tenants concerned can read it. The embedded store has
    /// no such place.
    async fn write_records(&self, _records: &[(Entry, Record)]) -> Result<(), StoreError> {
        Ok(())
    }

    /// Returns when somebody wrote to the feed, as far as that is noticed; maybe never.
    async fn news(&self) {
        std::future::pending().await
    }

    /// Adds a session unless its id is taken or its principal has `limit` of them.
    async fn create_session(
        &self,
        session: &Session,
        limit: u32,
        now: UnixTime,
    ) -> Result<Created, StoreError>;

    /// A session that has not ended.
    async fn session(
        &self,
        tenant: &TenantId,
        digest: &SessionDigest,
        now: UnixTime,
    ) -> Result<Option<Session>, StoreError>;

    /// Puts off a session's end by its idle time, as far as its lifetime goes.
    async fn touch_session(
        &self,
        tenant: &TenantId,
        digest: &SessionDigest,
        now: UnixTime,
    ) -> Result<Option<Session>, StoreError>;

    /// Removes a session; whether it was there.
    async fn remove_session(
        &self,
        tenant: &TenantId,
        digest: &SessionDigest,
    ) -> Result<bool, StoreError>;

    /// All live sessions of a principal.
    async fn sessions_of(
        &self,
        tenant: &TenantId,
        principal: &PrincipalId,
        now: UnixTime,
    ) -> Result<Vec<Session>, StoreError>;

    /// A tenant's sessions, page by page, from `None` on.
    async fn sessions(
        &self,
        tenant: &TenantId,
        page: Option<Vec<u8>>,
        now: UnixTime,
    ) -> Result<SessionPage, StoreError>;
}
