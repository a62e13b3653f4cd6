//! Why a session cannot be had.

use crate::state::ControlError;
use crate::store::StoreError;

/// Why a session cannot be had.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Its id is taken, or was and is not given out again.
    #[error("a session with this id exists, or has ended and its id is not given out again")]
    Exists,
    /// Its principal has as many as it may.
    #[error("the principal has {limit} sessions, which is as many as it may; end one first")]
    Limit {
        /// How many it may have.
        limit: u32,
    },
    /// More data than is kept.
    #[error("a session keeps at most {limit} bytes of data")]
    TooMuchData {
        /// How much is kept.
        limit: usize,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The revocation.
    #[error(transparent)]
    Control(#[from] ControlError),
}
