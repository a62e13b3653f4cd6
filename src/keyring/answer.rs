//! What an endpoint answers, and the keys in it (RFC 7517, section 5).

use std::time::Duration;

use serde::Deserialize;

use crate::token::{Key, KeySet};

/// The largest key set that is read, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// An answer of a keys endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchAnswer<'a> {
    /// 200.
    Body {
        /// The body.
        body: &'a [u8],
        /// `ETag`.
        etag: Option<&'a str>,
        /// `max-age` of `Cache-Control`; zero for `no-cache` and `no-store`.
        max_age: Option<Duration>,
    },
    /// 304: what is in hand holds.
    NotModified {
        /// As above.
        max_age: Option<Duration>,
    },
}

/// Why an answer is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The policy has no endpoint for this issuer.
    #[error("nobody asked for it")]
    NotAsked,
    /// 304 without anything in hand.
    #[error("it confirms what is not in hand")]
    NothingToConfirm,
    /// Larger than [`BODY_LIMIT`].
    #[error("it is larger than {BODY_LIMIT} bytes")]
    TooLarge,
    /// Not a key set.
    #[error("it is no JSON Web Key Set: {0}")]
    Syntax(String),
    /// No key in it can be used.
    #[error("it has no key that could be used")]
    NoKey,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<serde_json::Value>,
}

/// Reads a key set. Keys that are not for us are passed over, as RFC 7517 asks.
pub(super) fn read(body: &[u8]) -> Result<KeySet, AnswerError> {
    if body.len() > BODY_LIMIT {
        return Err(AnswerError::TooLarge);
    }
    let jwks: Jwks =
        serde_json::from_slice(body).map_err(|error| AnswerError::Syntax(error.to_string()))?;
    let keys: Vec<Key> = jwks.keys.iter().filter_map(|jwk| Key::from_jwk(jwk).ok()).collect();
    if keys.is_empty() {
        return Err(AnswerError::NoKey);
    }
    Ok(KeySet::new(keys))
}

impl FetchAnswer<'_> {
    pub(super) fn max_age(&self) -> Option<Duration> {
        match self {
            Self::Body { max_age, .. } | Self::NotModified { max_age } => *max_age,
        }
    }
}

/// `max-age` of a `Cache-Control` value (RFC 9111, section 5.2.2).
#[must_use]
pub fn max_age(cache_control: &str) -> Option<Duration> {
    let mut directives = cache_control.split(',').map(|text| text.trim().to_ascii_lowercase());
    if directives.clone().any(|directive| directive == "no-cache" || directive == "no-store") {
        return Some(Duration::ZERO);
    }
    let seconds = directives.find_map(|directive| {
        directive.strip_prefix("max-age=").and_then(|value| value.trim_matches('"').parse().ok())
    })?;
    Some(Duration::from_secs(seconds))
}
