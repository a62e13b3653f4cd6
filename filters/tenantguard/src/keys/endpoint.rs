//! One call to a keys endpoint, and its answer. Envoy makes up an answer for a call that fails, so
//! only a 200 or a 304 counts.

use std::time::Duration;

use tenantguard::keyring::{BODY_LIMIT, Fetch, FetchAnswer, max_age};

use crate::host;

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum CallError {
    NoCluster(String),
    NoAnswer,
    Status(String),
    TooLarge(usize),
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoCluster(name) => write!(f, "Envoy has no cluster {name:?}"),
            Self::NoAnswer => write!(f, "there was no answer within {} s", TIMEOUT.as_secs()),
            Self::Status(status) => write!(f, "the endpoint answered {status}"),
            Self::TooLarge(size) => {
                write!(f, "the answer has {size} bytes, and {BODY_LIMIT} is the limit")
            }
        }
    }
}

/// An answer that owns what it says.
pub(super) struct OwnedAnswer {
    body: Option<Vec<u8>>,
    etag: Option<String>,
    max_age: Option<Duration>,
}

impl OwnedAnswer {
    pub(super) fn borrow(&self) -> FetchAnswer<'_> {
        let max_age = self.max_age;
        match &self.body {
            Some(body) => FetchAnswer::Body { body, etag: self.etag.as_deref(), max_age },
            None => FetchAnswer::NotModified { max_age },
        }
    }
}

/// Begins a call; gives its id.
pub(super) fn call(fetch: &Fetch) -> Result<u32, CallError> {
    let mut headers = vec![
        (":method", "GET"),
        (":path", &*fetch.source.path),
        (":authority", &*fetch.source.host),
        ("accept", "application/jwk-set+json, application/json"),
    ];
    headers.extend(fetch.etag.as_deref().map(|etag| ("if-none-match", etag)));
    host::begin_call(&fetch.source.cluster, headers, None, TIMEOUT)
        .ok_or_else(|| CallError::NoCluster(fetch.source.cluster.to_string()))
}

/// Reads the answer to the call whose response is at hand.
pub(super) fn answer(header_count: usize, body_size: usize) -> Result<OwnedAnswer, CallError> {
    if header_count == 0 {
        return Err(CallError::NoAnswer);
    }
    let headers = host::call_response_headers();
    let text = |name: &str| {
        let value = headers.iter().find(|(own, _)| own == name).map(|(_, value)| value);
        value.and_then(|value| String::from_utf8(value.clone()).ok())
    };
    let status = text(":status").unwrap_or_default();
    let body = match status.as_str() {
        "200" if body_size > BODY_LIMIT => return Err(CallError::TooLarge(body_size)),
        "200" => Some(host::call_response_body(body_size)),
        "304" => None,
        _ => return Err(CallError::Status(status)),
    };
    let max_age = text("cache-control").as_deref().and_then(max_age);
    Ok(OwnedAnswer { body, etag: text("etag"), max_age })
}
