//! What Redis says, as what a store can fail with.

use std::sync::Arc;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::StoreError;

/// Codes that an administrator can mend by making room.
const FULL: [&str; 2] = ["OOM", "MISCONF"];
/// Codes that only another configuration mends.
const REFUSED: [&str; 4] = ["NOPERM", "NOAUTH", "WRONGPASS", "WRONGTYPE"];

pub(super) fn explain(store: Arc<str>, error: &RedisError) -> StoreError {
    let detail: Arc<str> = error.to_string().into();
    let is_one_of = |codes: &[&str]| error.code().is_some_and(|code| codes.contains(&code));
    if is_one_of(&FULL) {
        return StoreError::Full { store, detail };
    }
    let is_refused = is_one_of(&REFUSED)
        || matches!(error.kind(), ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig);
    if is_refused {
        return StoreError::Refused { store, detail };
    }
    match error.kind() {
        ErrorKind::UnexpectedReturnType => StoreError::Corrupt { store, detail },
        _ => StoreError::Unavailable { store, detail },
    }
}

/// Whether another node is the master now.
pub(super) fn is_demoted(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_connection_dropped()
        || matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ReadOnly))
}
