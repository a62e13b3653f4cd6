//! Which store keeps what: the feed, sessions, and what belongs to tenants with a Redis of their
//! own.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenantguard::identity::TenantId;

use crate::clock::Clock;
use crate::state::StoreSettings;
use crate::store::{Embedded, RedisStore, Store, StoreError};

/// The store of what belongs to a tenant.
#[derive(Clone)]
pub struct TenantStores {
    main: Arc<dyn Store>,
    own: Arc<BTreeMap<TenantId, Arc<dyn Store>>>,
}

impl TenantStores {
    /// One store for all tenants but those that have their own.
    #[must_use]
    pub fn new(main: Arc<dyn Store>, own: BTreeMap<TenantId, Arc<dyn Store>>) -> Self {
        Self { main, own: Arc::new(own) }
    }

    /// The store of one tenant.
    #[must_use]
    pub fn of(&self, tenant: Option<&TenantId>) -> &Arc<dyn Store> {
        tenant.and_then(|tenant| self.own.get(tenant)).unwrap_or(&self.main)
    }
}

/// Open stores.
#[derive(Clone)]
pub struct Stores {
    /// The embedded store: the only one, or the journal.
    pub local: Embedded,
    /// The Redis behind the journal.
    pub remote: Option<Arc<dyn Store>>,
    /// Where sessions are.
    pub sessions: TenantStores,
    /// Where a tenant can read who revoked what.
    pub records: TenantStores,
}

/// Opens the stores. A Redis that does not answer is no error: it may be back later.
///
/// # Errors
/// [`StoreError`] if a file cannot be opened or a Redis address is unusable.
pub async fn open(settings: &StoreSettings, _clock: Arc<dyn Clock>) -> Result<Stores, StoreError> {
    let file = |path: std::path::PathBuf| async move {
        tokio::task::spawn_blocking(move || Embedded::open(&path)).await.unwrap_or_else(|error| {
            Err(StoreError::Open {
                store: "the embedded store".into(),
                detail: error.to_string().into(),
            })
        })
    };
    match settings {
        StoreSettings::Embedded { path } => {
            let local = file(path.clone()).await?;
            let all = TenantStores::new(Arc::new(local.clone()), BTreeMap::new());
            Ok(Stores { local, remote: None, sessions: all.clone(), records: all })
        }
        StoreSettings::Redis { journal, main, tenants } => {
            let local = file(journal.clone()).await?;
            let main: Arc<dyn Store> = Arc::new(RedisStore::new(main)?);
            let mut own: BTreeMap<TenantId, Arc<dyn Store>> = BTreeMap::new();
            for (tenant, settings) in tenants {
                own.insert(tenant.clone(), Arc::new(RedisStore::new(settings)?));
            }
            let all = TenantStores::new(Arc::clone(&main), own);
            Ok(Stores { local, remote: Some(main), sessions: all.clone(), records: all })
        }
    }
}
