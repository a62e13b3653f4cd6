//! What the control state has said of a token, remembered until it changes. Uses the replica; asks
//! nobody.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::control::Look;
use crate::replica::{Revoked, Watched};
use crate::time::Now;

/// What the control state has said of a token, so that it is asked again only when it has changed.
#[derive(Debug)]
pub(super) struct Standing {
    /// The version of the copy that had nothing against it; 0 for none.
    good_at: AtomicU64,
    /// Apart, as it is read only when the copy has changed.
    doubt: Box<Doubt>,
}

/// What is looked at when there is no telling whether a token is still good.
#[derive(Debug)]
struct Doubt {
    token: Watched,
    /// The version at which the control service itself refused it, and why.
    refusal: Mutex<Option<(u64, Revoked)>>,
}

impl Standing {
    /// About how much memory it takes beside itself, in bytes.
    pub(super) const WEIGHT: usize = size_of::<Doubt>();

    pub(super) fn new(token: Watched) -> Self {
        let doubt = Box::new(Doubt { token, refusal: Mutex::default() });
        Self { good_at: AtomicU64::new(0), doubt }
    }

    /// The token, as a replica knows it.
    pub(super) fn token(&self) -> &Watched {
        &self.doubt.token
    }

    /// Whether the copy of this version has nothing against it.
    pub(super) fn is_good_at(&self, version: u64) -> bool {
        self.good_at.load(Ordering::Relaxed) == version
    }

    /// Asks the copy. Out of the way of the many decisions that need no look.
    #[cold]
    pub(super) fn look_again(&self, look: &Look<'_>, now: Now) -> Result<(), Revoked> {
        let version = look.check(&self.doubt.token, now)?;
        // Refused by the service itself, of whose change the copy has not heard yet.
        match *self.refusal() {
            Some((at, revoked)) if at == version => Err(revoked),
            _ => {
                self.good_at.store(version, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// Remembers that the control service has refused the token, in which the copy of this version
    /// sees nothing wrong.
    pub(super) fn refused(&self, version: u64, revoked: Revoked) {
        *self.refusal() = Some((version, revoked));
        self.good_at.store(0, Ordering::Relaxed);
    }

    fn refusal(&self) -> MutexGuard<'_, Option<(u64, Revoked)>> {
        self.doubt.refusal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
