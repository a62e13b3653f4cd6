//! How far each proxy is. The next poll acknowledges the position that it asks from; a proxy whose
//! lease has run out decides nothing alone any more, so nobody needs to wait for it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tenantguard::control::Position;
use tokio::sync::watch;

use crate::clock::Clock;

/// The longest name of a proxy, in bytes.
const NAME_LIMIT: usize = 256;
/// How many leases after its last poll a proxy is forgotten.
const FORGET_AFTER: u32 = 720;
/// The most proxies that are remembered.
const COUNT_LIMIT: usize = 100_000;

/// What a proxy calls itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProxyId(Arc<str>);

/// Why a text is no name of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a proxy's name is 1 to {NAME_LIMIT} visible ASCII characters")]
pub struct ProxyIdError;

impl ProxyId {
    /// Checks `text`.
    ///
    /// # Errors
    /// [`ProxyIdError`] if it is empty, too long, or would need quoting in a log.
    pub fn parse(text: &str) -> Result<Self, ProxyIdError> {
        let is_good = (1..=NAME_LIMIT).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_good { Ok(Self(text.into())) } else { Err(ProxyIdError) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProxyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a proxy may still decide alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// It may.
    Live,
    /// It may not: it asks, or refuses, as its routes say.
    RunOut,
}

/// One proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyState {
    /// What it calls itself.
    pub id: ProxyId,
    /// The position that it last acknowledged; `None` before its first snapshot.
    pub position: Option<Position>,
    /// For how long nothing has been heard of it.
    pub silent_for: Duration,
    /// Whether it may still decide alone.
    pub lease: Lease,
}

#[derive(Debug)]
struct Heard {
    position: Option<Position>,
    at: Duration,
}

/// The register of proxies.
#[derive(Clone)]
pub struct Proxies {
    heard: Arc<Mutex<BTreeMap<ProxyId, Heard>>>,
    clock: Arc<dyn Clock>,
    /// Since when it is kept.
    begun: Duration,
    lease: Duration,
    changed: watch::Sender<()>,
}

impl Proxies {
    pub(crate) fn new(clock: Arc<dyn Clock>, lease: Duration) -> Self {
        let (heard, begun) = (Arc::default(), clock.now().monotonic);
        Self { heard, clock, begun, lease, changed: watch::Sender::new(()) }
    }

    /// Whether a proxy that has not been heard of yet may still decide alone, by a lease that was
    /// granted before this process began.
    pub(super) fn may_miss_one(&self) -> bool {
        self.clock.now().monotonic.saturating_sub(self.begun) <= self.lease
    }

    /// Notes that a proxy polled and from where; `None` if it has nothing yet. The proxy counts its
    /// lease from when it sent the poll; here it is counted from when the poll came in, which is
    /// later, so a lease that is over here is over there.
    pub fn acknowledge(&self, id: &ProxyId, position: Option<Position>) {
        let at = self.clock.now().monotonic;
        let mut heard = self.heard.lock();
        if heard.len() >= COUNT_LIMIT && !heard.contains_key(id) {
            heard.retain(|_, it| at.saturating_sub(it.at) <= self.lease);
        }
        if heard.len() < COUNT_LIMIT || heard.contains_key(id) {
            heard.insert(id.clone(), Heard { position, at });
        }
        drop(heard);
        self.changed.send_replace(());
    }

    /// All proxies that were heard of lately.
    #[must_use]
    pub fn list(&self) -> Vec<ProxyState> {
        let now = self.clock.now().monotonic;
        let mut heard = self.heard.lock();
        heard.retain(|_, it| now.saturating_sub(it.at) <= self.lease * FORGET_AFTER);
        heard
            .iter()
            .map(|(id, it)| {
                let silent_for = now.saturating_sub(it.at);
                let lease = if silent_for <= self.lease { Lease::Live } else { Lease::RunOut };
                ProxyState { id: id.clone(), position: it.position, silent_for, lease }
            })
            .collect()
    }

    /// How long a proxy may decide alone.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.lease
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}
