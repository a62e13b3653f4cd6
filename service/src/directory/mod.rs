//! The tenant directory: create, classify, move, suspend and delete tenants while proxies run. What
//! it says reaches the proxies over the feed, so a sign-up is not a configuration push.

use tenantguard::artifact::Isolation;
use tenantguard::control::{TenantEntry, TenantStatus};
use tenantguard::identity::{CellName, TenantId};

use crate::state::{Change, Control, ControlError, Note, Receipt};

/// Why the directory refuses.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The tenant is there already, otherwise than it is to be created.
    #[error("the tenant {0} is there already")]
    Exists(TenantId),
    /// There is no such tenant, or it was deleted.
    #[error("the directory has no tenant {0}")]
    Unknown(TenantId),
    /// The name was a tenant's that was deleted: what is left of that one must not become another's.
    #[error("the tenant {0} was deleted; its name is not given out again")]
    Deleted(TenantId),
    /// The change itself.
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// A change to one tenant of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantChange {
    /// Give it another class.
    Classify(Isolation),
    /// Let another cell serve it; `None` is the default one.
    Move(Option<CellName>),
    /// It may not act for now.
    Suspend,
    /// It may act again.
    Resume,
    /// It is gone, and its name with it.
    Delete,
}

/// The tenant directory of a [`Control`].
#[derive(Clone)]
pub struct Directory {
    control: Control,
    /// One change at a time: each is made from what the one before it left.
    turn: std::sync::Arc<tokio::sync::Mutex<()>>,
}

impl Directory {
    /// The directory of this state.
    #[must_use]
    pub fn new(control: Control) -> Self {
        Self { control, turn: std::sync::Arc::default() }
    }

    /// Creates a tenant. To create one that is there, exactly so, changes nothing.
    ///
    /// # Errors
    /// [`DirectoryError`] if its name is taken.
    pub async fn create(
        &self,
        id: TenantId,
        isolation: Isolation,
        cell: Option<CellName>,
        note: Note,
    ) -> Result<Receipt, DirectoryError> {
        let _turn = self.turn.lock().await;
        let new = TenantEntry { id, isolation, cell, status: TenantStatus::Active };
        match self.control.tenant(&new.id) {
            Some(old) if old.status == TenantStatus::Deleted => {
                Err(DirectoryError::Deleted(new.id))
            }
            Some(old) if old != new => Err(DirectoryError::Exists(new.id)),
            _ => self.write(new, note).await,
        }
    }

    /// Changes a tenant.
    ///
    /// # Errors
    /// [`DirectoryError`] if there is none.
    pub async fn change(
        &self,
        id: &TenantId,
        change: TenantChange,
        note: Note,
    ) -> Result<Receipt, DirectoryError> {
        let _turn = self.turn.lock().await;
        let unknown = || DirectoryError::Unknown(id.clone());
        let mut tenant = self.control.tenant(id).ok_or_else(unknown)?;
        if tenant.status == TenantStatus::Deleted && change != TenantChange::Delete {
            return Err(DirectoryError::Deleted(tenant.id));
        }
        match change {
            TenantChange::Classify(isolation) => tenant.isolation = isolation,
            TenantChange::Move(cell) => tenant.cell = cell,
            TenantChange::Suspend => tenant.status = TenantStatus::Suspended,
            TenantChange::Resume => tenant.status = TenantStatus::Active,
            TenantChange::Delete => tenant.status = TenantStatus::Deleted,
        }
        self.write(tenant, note).await
    }

    async fn write(&self, tenant: TenantEntry, note: Note) -> Result<Receipt, DirectoryError> {
        Ok(self.control.apply(vec![Change::Tenant(tenant)], note).await?)
    }
}
