//! How much of a request the gate looks at: what is longer is refused before anything is made of it.

use serde::{Deserialize, Serialize};

use crate::request::Request;

/// The bounds of a request. A route may set a smaller or larger one for its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest `:path` with its query, in bytes; at most [`crate::path::PATH_LIMIT`].
    pub path: u32,
    /// The most headers, pseudo-headers not counted.
    pub headers: u32,
    /// The most bytes of all names and values of headers together.
    pub header_bytes: u32,
    /// The longest body, in bytes, if there is a bound.
    pub body: Option<u64>,
}

impl Default for Limits {
    /// What Envoy itself accepts unless told otherwise; bodies are not bounded.
    fn default() -> Self {
        Self { path: 8 * 1024, headers: 100, header_bytes: 60 * 1024, body: None }
    }
}

/// What of a request is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// The path with its query.
    #[error("the path has more than {limit} bytes")]
    Path {
        /// The limit.
        limit: u32,
    },
    /// The number of headers.
    #[error("there are more than {limit} headers")]
    Headers {
        /// The limit.
        limit: u32,
    },
    /// The headers together.
    #[error("the headers have more than {limit} bytes")]
    HeaderBytes {
        /// The limit.
        limit: u32,
    },
    /// The body, by what `content-length` announces or by what has come of it.
    #[error("the body has more than {limit} bytes")]
    Body {
        /// The limit.
        limit: u64,
    },
    /// `content-length` stands twice or is no number (RFC 9112, section 6.3).
    #[error("the content-length is given twice or is no number")]
    ContentLength,
}

impl Limits {
    /// Holds what comes before the body to its bounds.
    ///
    /// # Errors
    /// [`LimitError`] names the first bound that is passed.
    pub fn check_head(&self, request: &Request<'_>) -> Result<(), LimitError> {
        let Self { path, headers, header_bytes, body: _ } = *self;
        let (mut count, mut bytes) = (0_usize, 0_usize);
        for (name, value) in request.headers {
            bytes = bytes.saturating_add(name.len()).saturating_add(value.len());
            match name.strip_prefix(':') {
                Some("path") if value.len() > path as usize => {
                    return Err(LimitError::Path { limit: path });
                }
                Some(_) => {}
                None => count += 1,
            }
        }
        if count > headers as usize {
            return Err(LimitError::Headers { limit: headers });
        }
        if bytes > header_bytes as usize {
            return Err(LimitError::HeaderBytes { limit: header_bytes });
        }
        Ok(())
    }
}

/// Holds a body that announces its length to its bound. One that does not is counted as it comes.
///
/// # Errors
/// [`LimitError::Body`], or [`LimitError::ContentLength`] if nobody can say.
pub fn check_announced_body(request: &Request<'_>, limit: u64) -> Result<(), LimitError> {
    let mut values = request.values("content-length");
    let announced = match (values.next(), values.next()) {
        (None, _) => return Ok(()),
        (Some(value), None) => std::str::from_utf8(value).ok(),
        (Some(_), Some(_)) => None,
    };
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let announced = announced.filter(is_number).ok_or(LimitError::ContentLength)?;
    // More digits than a number holds are more bytes than any limit.
    match announced.parse::<u64>() {
        Ok(length) if length <= limit => Ok(()),
        _ => Err(LimitError::Body { limit }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{HeaderList, RequestIds};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const LIMITS: Limits = Limits { path: 8, headers: 2, header_bytes: 40, body: Some(10) };

    fn with<T>(headers: &[(&str, &str)], check: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: HeaderList =
            headers.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect();
        let ids = RequestIds::from_entropy([0; 32]);
        check(&Request { headers: &headers, mode: None, ids, certificate: None })
    }

    #[test]
    fn what_is_longer_than_its_bound_is_refused() {
        use LimitError as E;
        for (headers, expected) in [
            (&[(":path", "/1234567"), ("a", "1"), ("b", "2")][..], Ok(())),
            (&[(":path", "/12345678")], Err(E::Path { limit: 8 })),
            (&[("a", "1"), ("b", "2"), ("c", "3")], Err(E::Headers { limit: 2 })),
            (
                &[("a", "1234567890123456789012345678901234567890")],
                Err(E::HeaderBytes { limit: 40 }),
            ),
        ] {
            let found = with(headers, |request| LIMITS.check_head(request));
            assert_eq!(found, expected, "{headers:?}");
        }
    }

    #[test]
    fn an_announced_body_is_held_to_its_bound() {
        use LimitError as E;
        for (headers, expected) in [
            (&[][..], Ok(())),
            (&[("content-length", "10")], Ok(())),
            (&[("content-length", "0010")], Ok(())),
            (&[("content-length", "11")], Err(E::Body { limit: 10 })),
            (&[("content-length", "99999999999999999999")], Err(E::Body { limit: 10 })),
            (&[("content-length", "")], Err(E::ContentLength)),
            (&[("content-length", "-1")], Err(E::ContentLength)),
            (&[("content-length", "+1")], Err(E::ContentLength)),
            (&[("content-length", "1"), ("content-length", "1")], Err(E::ContentLength)),
        ] {
            let found = with(headers, |request| check_announced_body(request, 10));
            assert_eq!(found, expected, "{headers:?}");
        }
    }
}
