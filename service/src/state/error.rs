//! Why a change or a question is refused.

use crate::store::StoreError;

/// What went wrong, in words for whoever asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The store. Nothing of the request was acknowledged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// More changes at once than one request may hold.
    #[error("{found} changes in one request; at most {limit} are taken at once")]
    TooMany {
        /// How many there were.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// More requests are waiting for the store than may.
    #[error("{waiting} changes are waiting for the store; try again in a second")]
    Busy {
        /// How many are waiting.
        waiting: usize,
    },
    /// A principal or a tenant can be suspended; a token, a session or a key cannot.
    #[error("a {0} cannot be suspended, only revoked")]
    NotSuspendable(tenantguard::control::HandleKind),
    /// A cut-off ends with the tokens that it refuses.
    #[error(
        "the revocation of a {0} has no expiry of its own: it ends when every token that was \
         issued before it has expired"
    )]
    NotExpirable(tenantguard::control::HandleKind),
    /// A revocation would be over at once.
    #[error("the revocation would expire at {until}, which is past")]
    Expired {
        /// When.
        until: tenantguard::time::UnixTime,
    },
    /// The service is going down.
    #[error("the service is shutting down and takes no more changes")]
    ShuttingDown,
}
