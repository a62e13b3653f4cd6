//! The feed as proxies get it: what is new since a position, a snapshot for whoever has none, and
//! a register of how far each proxy is. All of it is in memory, so it goes on while a store does
//! not answer.

mod proxies;
mod recent;
mod snapshot;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tenantguard::control::Position;

pub use self::proxies::{Lease, Proxies, ProxyId, ProxyIdError, ProxyState};
pub(crate) use self::recent::Recent;
pub use self::recent::Since;
pub use self::snapshot::Snapshot;
pub use self::wait::WaitReport;
use crate::state::shared::Shared;

/// The one ordered feed.
#[derive(Clone)]
pub struct Feed {
    shared: Arc<Shared>,
}

impl Feed {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Where it stands.
    #[must_use]
    pub fn position(&self) -> Position {
        *self.shared.head.borrow()
    }

    /// What there is for a proxy that stands at `position`, in about `max_bytes`.
    #[must_use]
    pub fn since(&self, position: &Position, max_bytes: usize) -> Since {
        self.shared.recent.read().since(position, max_bytes)
    }

    /// Waits until the feed stands elsewhere than at `position`, but no longer than `at_most`;
    /// whether it does.
    pub async fn changed(&self, position: &Position, at_most: Duration) -> bool {
        let mut head = self.shared.head.subscribe();
        let moved = head.wait_for(|head| head != position);
        tokio::time::timeout(at_most, moved).await.is_ok_and(|moved| moved.is_ok())
    }

    /// The live state as a manifest and shards, as it is or was a moment ago. It is built off the
    /// runtime's threads, once for all who ask at the same time.
    pub async fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshots.get(&self.shared).await
    }

    /// A shard of a snapshot that was handed out lately.
    #[must_use]
    pub fn shard(&self, digest: &[u8; 32]) -> Option<Bytes> {
        self.shared.snapshots.shard(digest)
    }

    /// How old what is served may be: the time since this process and the store last agreed.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.shared.age()
    }

    /// Whether a copy that stands at `seen` has what was acknowledged with `wanted`.
    #[must_use]
    pub fn covers(&self, seen: &Position, wanted: &Position) -> bool {
        let wanted = self.shared.moved.lock().get(wanted);
        let recent = self.shared.recent.read();
        seen.history == wanted.history && seen.epoch >= wanted.epoch && recent.knows(seen)
    }
}
