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
    if is_untrusted(&detail) {
        return StoreError::Untrusted { store, detail };
    }
    if is_one_of(&REFUSED) || error.kind() == ErrorKind::InvalidClientConfig || is_login(error) {
        return StoreError::Refused { store, detail };
    }
    match error.kind() {
        ErrorKind::UnexpectedReturnType => StoreError::Corrupt { store, detail },
        _ => StoreError::Unavailable { store, detail },
    }
}

/// Either side does not trust the other's certificate. The library has no kind for it.
fn is_untrusted(detail: &str) -> bool {
    ["invalid peer certificate", "received fatal alert"].iter().any(|it| detail.contains(it))
}

fn is_login(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"))
}

/// Whether another connection may do better: the node is gone or is no master any more, or the
/// login is not good any more.
pub(super) fn is_connection_useless(error: &RedisError) -> bool {
    is_login(error)
        || error.is_io_error()
        || error.is_connection_dropped()
        || error.kind() == ErrorKind::ClusterConnectionNotFound
        || matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ReadOnly))
}
