//! How the store is doing, for whoever asks.

use std::sync::Arc;
use std::time::Duration;

use crate::store::Durability;

/// How the store is doing.
#[derive(Debug, Clone)]
pub struct Health {
    /// What it is.
    pub store: Arc<str>,
    /// What it promises.
    pub durability: Durability,
    /// What was last wrong with it, while that lasts.
    pub trouble: Option<Arc<str>>,
    /// How many commits are in the journal and not yet in Redis.
    pub behind: usize,
    /// How often Redis was found to have lost what it had acknowledged.
    pub regressions: u64,
    /// When this process and the store last agreed, on the monotonic clock; `None` where the store
    /// is this process's own.
    pub(crate) agreed: Option<Duration>,
}

impl Health {
    pub(crate) fn age(&self, now: Duration) -> Duration {
        self.agreed.map_or(Duration::ZERO, |at| now.saturating_sub(at))
    }
}
