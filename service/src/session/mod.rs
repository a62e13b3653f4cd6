//! Sessions of applications: create, get, touch, end. To end one is to revoke its `sid` on the feed
//! first, and to delete it then, so that no token of a session outlives it.

mod codec;
mod error;
mod model;

use std::sync::Arc;

use tenantguard::control::{Entry, EntryKey, Handle};
use tenantguard::identity::{PrincipalId, TenantId};
use tenantguard::time::UnixTime;

pub use self::error::SessionError;
pub use self::model::{
    NewSession, SESSION_DATA_LIMIT, SESSION_ID_LIMIT, Session, SessionDigest, SessionId,
    SessionIdError,
};
use crate::journal::TenantStores;
use crate::state::shared::Shared;
use crate::state::{Change, Changes, Note, Receipt, SessionLimits};
use crate::store::{Created, Store};

/// What was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// How many sessions there were.
    pub sessions: usize,
    /// The last of the revocations; `None` where there was nothing to end.
    pub receipt: Option<Receipt>,
}

/// The sessions of all tenants.
#[derive(Clone)]
pub struct Sessions {
    stores: TenantStores,
    limits: Arc<SessionLimits>,
    shared: Arc<Shared>,
    changes: Changes,
}

impl Sessions {
    pub(crate) fn new(
        stores: TenantStores,
        limits: SessionLimits,
        shared: Arc<Shared>,
        changes: Changes,
    ) -> Self {
        Self { stores, limits: Arc::new(limits), shared, changes }
    }

    /// Creates a session.
    ///
    /// # Errors
    /// [`SessionError`] if its id is taken or was ended, if its principal has as many as it may, or
    /// if the store fails.
    pub async fn create(&self, new: NewSession) -> Result<Session, SessionError> {
        if new.data.len() > SESSION_DATA_LIMIT {
            return Err(SessionError::TooMuchData { limit: SESSION_DATA_LIMIT });
        }
        let now = self.now();
        let most = self.limits.tenants.get(&new.tenant).copied().unwrap_or(self.limits.idle);
        let idle = new.idle.map_or(most, |idle| idle.min(most));
        let ends_at_last = now.plus(self.limits.lifetime);
        let sid = new.id.as_str();
        let session = Session {
            digest: new.id.digest(),
            handle: Handle::Session { issuer: &new.issuer, tenant: &new.tenant, sid }.hash(),
            principal: new.principal,
            created: now,
            ends: now.plus(idle).min(ends_at_last),
            ends_at_last,
            idle,
            data: new.data,
            tenant: new.tenant,
        };
        if self.is_ended(&session) {
            return Err(SessionError::Exists);
        }
        let limit = self.limits.per_principal;
        match self.store(&session.tenant).create_session(&session, limit, now).await? {
            Created::Created => Ok(session),
            Created::Exists => Err(SessionError::Exists),
            Created::LimitReached => Err(SessionError::Limit { limit }),
        }
    }

    /// A live session.
    ///
    /// # Errors
    /// [`SessionError`] if the store fails.
    pub async fn get(
        &self,
        tenant: &TenantId,
        id: &SessionId,
    ) -> Result<Option<Session>, SessionError> {
        let found = self.store(tenant).session(tenant, &id.digest(), self.now()).await?;
        Ok(found.filter(|session| !self.is_ended(session)))
    }

    /// Puts off a session's end.
    ///
    /// # Errors
    /// [`SessionError`] if the store fails.
    pub async fn touch(
        &self,
        tenant: &TenantId,
        id: &SessionId,
    ) -> Result<Option<Session>, SessionError> {
        if self.get(tenant, id).await?.is_none() {
            return Ok(None);
        }
        Ok(self.store(tenant).touch_session(tenant, &id.digest(), self.now()).await?)
    }

    /// Ends a session: revokes all its tokens and deletes it. `None` if there is none.
    ///
    /// # Errors
    /// [`SessionError`]: its tokens may be revoked already; ending it again is safe.
    pub async fn end(
        &self,
        tenant: &TenantId,
        id: &SessionId,
        note: Note,
    ) -> Result<Option<Receipt>, SessionError> {
        match self.get(tenant, id).await? {
            Some(session) => self.end_all(tenant, &[session], note).await,
            None => Ok(None),
        }
    }

    /// Ends all sessions of a principal.
    ///
    /// # Errors
    /// [`SessionError`]: some may be ended already; ending them again is safe.
    pub async fn end_principal(
        &self,
        tenant: &TenantId,
        principal: &PrincipalId,
        note: Note,
    ) -> Result<Ended, SessionError> {
        let sessions = self.store(tenant).sessions_of(tenant, principal, self.now()).await?;
        let receipt = self.end_all(tenant, &sessions, note).await?;
        Ok(Ended { sessions: sessions.len(), receipt })
    }

    /// Ends all sessions of a tenant, page by page.
    ///
    /// # Errors
    /// [`SessionError`]: some may be ended already; ending them again is safe.
    pub async fn end_tenant(&self, tenant: &TenantId, note: Note) -> Result<Ended, SessionError> {
        let mut ended = Ended { sessions: 0, receipt: None };
        let mut next = None;
        loop {
            let page = self.store(tenant).sessions(tenant, next, self.now()).await?;
            ended.sessions += page.sessions.len();
            if let Some(receipt) = self.end_all(tenant, &page.sessions, note.clone()).await? {
                ended.receipt = Some(receipt);
            }
            next = page.next;
            if next.is_none() {
                return Ok(ended);
            }
        }
    }

    /// How many live sessions a tenant has.
    ///
    /// # Errors
    /// [`SessionError`] if the store fails.
    pub async fn count(&self, tenant: &TenantId) -> Result<usize, SessionError> {
        let (mut count, mut next) = (0, None);
        loop {
            let page = self.store(tenant).sessions(tenant, next, self.now()).await?;
            count += page.sessions.iter().filter(|session| !self.is_ended(session)).count();
            next = page.next;
            if next.is_none() {
                return Ok(count);
            }
        }
    }

    /// The live sessions of a principal.
    ///
    /// # Errors
    /// [`SessionError`] if the store fails.
    pub async fn of(
        &self,
        tenant: &TenantId,
        principal: &PrincipalId,
    ) -> Result<Vec<Session>, SessionError> {
        let mut sessions = self.store(tenant).sessions_of(tenant, principal, self.now()).await?;
        sessions.retain(|session| !self.is_ended(session));
        Ok(sessions)
    }

    async fn end_all(
        &self,
        tenant: &TenantId,
        sessions: &[Session],
        note: Note,
    ) -> Result<Option<Receipt>, SessionError> {
        if sessions.is_empty() {
            return Ok(None);
        }
        let revoke = |session: &Session| Change::Revoke { target: session.target(), expiry: None };
        let receipt = self.changes.apply(sessions.iter().map(revoke).collect(), note).await?;
        for session in sessions {
            // From here on it reads as ended. One that cannot be deleted now ends by itself.
            if let Err(error) = self.store(tenant).remove_session(tenant, &session.digest).await {
                tracing::warn!(%error, "an ended session could not be deleted");
                break;
            }
        }
        Ok(Some(receipt))
    }

    /// Whether it was ended.
    fn is_ended(&self, session: &Session) -> bool {
        let live = self.shared.live.read();
        matches!(live.get(&EntryKey::Revocation(session.target())), Some(Entry::Revoked(_)))
    }

    fn store(&self, tenant: &TenantId) -> &Arc<dyn Store> {
        self.stores.of(Some(tenant))
    }

    fn now(&self) -> UnixTime {
        self.shared.timeline.now().wall
    }
}
