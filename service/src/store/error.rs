//! What a store can fail with.

use std::sync::Arc;

use tenantguard::control::Position;

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It does not answer, or not in time. Trying again may help.
    #[error("{store} does not answer ({detail}); it is tried again, nothing acknowledged is lost")]
    Unavailable {
        /// Which store.
        store: Arc<str>,
        /// What was seen.
        detail: Arc<str>,
    },
    /// There is no room to write.
    #[error(
        "{store} has no room left to write ({detail}); free some, nothing acknowledged is lost"
    )]
    Full {
        /// Which store.
        store: Arc<str>,
        /// What was seen.
        detail: Arc<str>,
    },
    /// Somebody else wrote first.
    #[error("the feed has moved on to {0}")]
    Moved(Box<Position>),
    /// What is in it is not what was written.
    #[error("{store} holds something that this program did not write: {detail}")]
    Corrupt {
        /// Which store.
        store: Arc<str>,
        /// What was found.
        detail: Arc<str>,
    },
    /// Another version of this program wrote it, in another format.
    #[error(
        "{store} was written by another version of TenantGuard, in format {found}; this one reads \
         format {read}: start the version that wrote it, or give this one an empty store"
    )]
    Format {
        /// Which store.
        store: Arc<str>,
        /// The format that was found.
        found: Arc<str>,
        /// The format that this program reads and writes.
        read: &'static str,
    },
    /// It and this service do not trust each other's certificates.
    #[error(
        "{store} and this service do not trust each other's certificates ({detail}); see ca, \
         certificate and key under [store]"
    )]
    Untrusted {
        /// Which store.
        store: Arc<str>,
        /// What was seen.
        detail: Arc<str>,
    },
    /// It may not do this.
    #[error("{store} refuses: {detail}")]
    Refused {
        /// Which store.
        store: Arc<str>,
        /// What it said.
        detail: Arc<str>,
    },
    /// It cannot be opened.
    #[error("{store} cannot be opened: {detail}")]
    Open {
        /// Which store.
        store: Arc<str>,
        /// Why.
        detail: Arc<str>,
    },
}
