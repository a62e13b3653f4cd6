//! What the state is opened with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use tenantguard::identity::TenantId;

use crate::store::RedisSettings;

/// Where state is kept.
#[derive(Debug, Clone)]
pub enum StoreSettings {
    /// In a file, durable by itself.
    Embedded {
        /// The file; it is made if it is not there.
        path: PathBuf,
    },
    /// In Redis, with a journal in front of it.
    Redis {
        /// The journal's file; it is made if it is not there.
        journal: PathBuf,
        /// The Redis that the feed is in.
        main: Box<RedisSettings>,
        /// Tenants with a Redis of their own, for their sessions and the records of their
        /// revocations.
        tenants: BTreeMap<TenantId, RedisSettings>,
    },
}

/// How long entries without a known expiry are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// The longest lifetime of any issuer's tokens.
    pub lifetime: Duration,
    /// The largest skew of any issuer's clock.
    pub skew: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { lifetime: Duration::from_secs(24 * 3600), skew: Duration::from_secs(300) }
    }
}

/// Limits of sessions.
#[derive(Debug, Clone)]
pub struct SessionLimits {
    /// How long a session lives without being touched.
    pub idle: Duration,
    /// How long it lives at all.
    pub lifetime: Duration,
    /// How many a principal may have at once.
    pub per_principal: u32,
    /// Tenants with an idle time of their own.
    pub tenants: BTreeMap<TenantId, Duration>,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(3600),
            lifetime: Duration::from_secs(7 * 24 * 3600),
            per_principal: 100,
            tenants: BTreeMap::new(),
        }
    }
}

/// What the state is opened with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where state is kept.
    pub store: StoreSettings,
    /// How long entries are kept.
    pub retention: Retention,
    /// Limits of sessions.
    pub sessions: SessionLimits,
    /// How long a proxy may decide alone, counted from when it sent its last poll.
    pub lease: Duration,
    /// The most bytes of recent frames that are kept in memory for deltas.
    pub recent_bytes: usize,
}

impl Settings {
    /// With the usual limits.
    #[must_use]
    pub fn new(store: StoreSettings) -> Self {
        Self {
            store,
            retention: Retention::default(),
            sessions: SessionLimits::default(),
            lease: Duration::from_secs(5),
            recent_bytes: 64 << 20,
        }
    }
}
