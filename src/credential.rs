//! The one token of a request (RFC 6750, section 2.1), from where the policy says it comes, and
//! from nowhere else. A second credential beside it is refused: what two mean is anybody's guess.

use crate::headers::{HeaderChanges, HeaderValue};
use crate::request::Request;

/// Where a token comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum TokenSource {
    /// `Authorization: Bearer`.
    #[default]
    Authorization,
    /// A header of this name, in lower case; `Bearer` before the token is optional.
    Header(Box<str>),
    /// A cookie of this name (RFC 6265, section 4.2).
    Cookie(Box<str>),
}

/// Why there is no one credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// No token where the policy looks for it.
    #[error("there is no bearer token")]
    Missing,
    /// Two headers, two cookies, several credentials in one header, or a bearer token elsewhere.
    #[error("there are several credentials")]
    Several,
    /// `Bearer` without a token, or with one that has characters that no token has.
    #[error("the bearer credential is malformed")]
    Malformed,
}

impl TokenSource {
    /// The one token.
    ///
    /// # Errors
    /// [`CredentialError`] says why there is none.
    pub fn find<'a>(&self, request: &Request<'a>) -> Result<&'a str, CredentialError> {
        match self {
            Self::Authorization => authorization(request),
            Self::Header(name) => {
                let token = bare_or_bearer(only(request.values(name))?)?;
                alone(request, token)
            }
            Self::Cookie(name) => {
                let token = plain(text(only(cookies(request, name))?)?)?;
                alone(request, token)
            }
        }
    }

    /// What stands alone where most tokens do, after `Bearer ` in `Authorization`, without a look at
    /// it: enough to tell whether it is a token that [`Self::find`] has found before. Long tokens
    /// would otherwise be read several times for every request.
    pub(crate) fn presented<'a>(&self, request: &Request<'a>) -> Option<&'a [u8]> {
        match self {
            Self::Authorization => request.only("authorization")?.strip_prefix(b"Bearer "),
            Self::Header(_) | Self::Cookie(_) => None,
        }
    }

    /// Keeps the token from the upstream.
    pub(crate) fn withhold(&self, request: &Request<'_>, changes: &mut HeaderChanges) {
        match self {
            Self::Authorization => changes.remove.push("authorization".to_owned()),
            Self::Header(name) => changes.remove.push(name.to_string()),
            Self::Cookie(name) => {
                changes.remove.push("cookie".to_owned());
                let others = pairs(request).filter(|pair| cookie_value(pair, name).is_none());
                let others = others.collect::<Vec<_>>().join(&b"; "[..]);
                if !others.is_empty() {
                    changes.set.push(("cookie".into(), HeaderValue::Owned(others)));
                }
            }
        }
    }
}

/// A comma means that a proxy before us joined two headers.
fn authorization<'a>(request: &Request<'a>) -> Result<&'a str, CredentialError> {
    let value = only(request.values("authorization"))?;
    if value.contains(&b',') {
        return Err(CredentialError::Several);
    }
    bearer(text(value)?).unwrap_or(Err(CredentialError::Missing))
}

/// No bearer token stands in `Authorization` as well.
fn alone<'a>(request: &Request<'a>, token: &'a str) -> Result<&'a str, CredentialError> {
    let is_bearer = |value: &[u8]| {
        value
            .split(|b| *b == b',')
            .any(|part| part.trim_ascii().to_ascii_lowercase().starts_with(b"bearer"))
    };
    match request.values("authorization").any(is_bearer) {
        true => Err(CredentialError::Several),
        false => Ok(token),
    }
}

fn bare_or_bearer(value: &[u8]) -> Result<&str, CredentialError> {
    if value.contains(&b',') {
        return Err(CredentialError::Several);
    }
    let text = text(value)?.trim_matches(' ');
    bearer(text).unwrap_or_else(|| plain(text))
}

/// The token after `Bearer`; `None` for another scheme, or no scheme at all.
fn bearer(value: &str) -> Option<Result<&str, CredentialError>> {
    let value = value.trim_matches(' ');
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| plain(token.trim_start_matches(' ')))
}

/// The bytes of a token (`b64token` in RFC 6750, section 2.1), by their values: tokens are long.
const TOKEN_BYTES: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut b = 0u8;
    while b < 128 {
        #[expect(clippy::indexing_slicing, reason = "a u8 is within 256")]
        {
            bytes[b as usize] = b.is_ascii_alphanumeric()
                || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
        }
        b += 1;
    }
    bytes
};

fn plain(token: &str) -> Result<&str, CredentialError> {
    let is_token = |b: u8| TOKEN_BYTES.get(usize::from(b)).copied().unwrap_or(false);
    match !token.is_empty() && token.bytes().all(is_token) {
        true => Ok(token),
        false => Err(CredentialError::Malformed),
    }
}

fn text(value: &[u8]) -> Result<&str, CredentialError> {
    std::str::from_utf8(value).map_err(|_| CredentialError::Malformed)
}

fn only<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Result<&'a [u8], CredentialError> {
    match (values.next(), values.next()) {
        (None, _) => Err(CredentialError::Missing),
        (Some(value), None) => Ok(value),
        (Some(_), Some(_)) => Err(CredentialError::Several),
    }
}

/// The values of the cookies of that name, over all `Cookie` headers (RFC 9113, section 8.2.3).
fn cookies<'a>(request: &Request<'a>, name: &str) -> impl Iterator<Item = &'a [u8]> {
    pairs(request).filter_map(move |pair| cookie_value(pair, name))
}

fn pairs<'a>(request: &Request<'a>) -> impl Iterator<Item = &'a [u8]> {
    request.values("cookie").flat_map(|value| value.split(|b| *b == b';')).map(<[u8]>::trim_ascii)
}

fn cookie_value<'a>(pair: &'a [u8], name: &str) -> Option<&'a [u8]> {
    pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{HeaderList, RequestIds};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn with<T>(headers: &[(&str, &[u8])], check: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: HeaderList =
            headers.iter().map(|(n, v)| ((*n).to_owned(), v.to_vec())).collect();
        let ids = RequestIds::from_entropy([0; 32]);
        check(&Request { headers: &headers, mode: None, ids, certificate: None })
    }

    fn check(
        source: &TokenSource,
        headers: &[(&str, &[u8])],
        expected: Result<&str, CredentialError>,
    ) {
        with(headers, |request| assert_eq!(source.find(request), expected, "{headers:?}"));
    }

    #[test]
    fn one_bearer_token_is_taken_and_anything_beside_it_refused() {
        use CredentialError::{Malformed, Missing, Several};
        for (values, taken) in [
            (&[][..], Err(Missing)),
            (&[&b"Bearer abc.d-e_f"[..]], Ok("abc.d-e_f")),
            (&[b"bearer   abc"], Ok("abc")),
            (&[b"Basic dXNlcjpwdw=="], Err(Missing)),
            (&[b""], Err(Missing)),
            (&[b"Bearer"], Err(Malformed)),
            (&[b"Bearer "], Err(Malformed)),
            (&[b"Bearer a b"], Err(Malformed)),
            (&[b"Bearer a\tb"], Err(Malformed)),
            (&[b"Bearer \xff"], Err(Malformed)),
            (&[b"Bearer a\0"], Err(Malformed)),
            (&[b"Bearer a", b"Bearer b"], Err(Several)),
            (&[b"Bearer a", b"Basic b"], Err(Several)),
            (&[b"Bearer a,Bearer b"], Err(Several)),
            (&[b"Basic x, Bearer a"], Err(Several)),
        ] {
            let headers: Vec<_> = values.iter().map(|v| ("authorization", *v)).collect();
            check(&TokenSource::Authorization, &headers, taken);
        }
    }

    #[test]
    fn a_token_in_the_usual_spelling_is_presented_and_found_alike() {
        for (values, presented) in [
            (&[&b"Bearer abc.d-e_f"[..]][..], Some(&b"abc.d-e_f"[..])),
            (&[b"bearer abc"], None),
            (&[b"Basic abc"], None),
            (&[b"Bearer a", b"Bearer a"], None),
            (&[], None),
        ] {
            let headers: Vec<_> = values.iter().map(|v| ("authorization", *v)).collect();
            with(&headers, |request| {
                assert_eq!(TokenSource::Authorization.presented(request), presented);
                if let Some(presented) = presented {
                    let found = TokenSource::Authorization.find(request).map(str::as_bytes);
                    assert_eq!(found, Ok(presented));
                }
            });
        }
    }

    #[test]
    fn a_token_in_another_header_is_taken_from_there_alone() {
        use CredentialError::{Malformed, Missing, Several};
        let source = TokenSource::Header("x-jwt".into());
        check(&source, &[("x-jwt", b"abc")], Ok("abc"));
        check(&source, &[("X-JWT", b"Bearer abc")], Ok("abc"));
        check(&source, &[("authorization", b"Bearer abc")], Err(Missing));
        check(&source, &[("x-jwt", b"abc"), ("authorization", b"Basic x")], Ok("abc"));
        check(&source, &[("x-jwt", b"abc"), ("authorization", b"Bearer x")], Err(Several));
        check(&source, &[("x-jwt", b"abc"), ("x-jwt", b"abc")], Err(Several));
        check(&source, &[("x-jwt", b"abc, def")], Err(Several));
        check(&source, &[("x-jwt", b"a b")], Err(Malformed));
    }

    #[test]
    fn a_token_in_a_cookie_is_taken_from_there_alone() {
        use CredentialError::{Malformed, Missing, Several};
        let source = TokenSource::Cookie("session".into());
        check(&source, &[("cookie", b"a=1; session=abc; b=2")], Ok("abc"));
        check(&source, &[("cookie", b"a=1"), ("cookie", b"session=abc")], Ok("abc"));
        check(&source, &[("cookie", b"session=abc; session=def")], Err(Several));
        check(&source, &[("cookie", b"session=abc"), ("cookie", b"session=abc")], Err(Several));
        check(&source, &[("cookie", b"xsession=abc; sessions=d")], Err(Missing));
        check(&source, &[("cookie", b"session=")], Err(Malformed));
        check(&source, &[("cookie", b"session=a"), ("authorization", b"bearer x")], Err(Several));
    }

    #[test]
    fn a_withheld_token_is_gone_and_other_cookies_stay() {
        let headers: [(&str, &[u8]); 2] = [("cookie", b"a=1; session=abc"), ("cookie", b"b=2")];
        let mut changes = HeaderChanges::default();
        with(&headers, |r| TokenSource::Cookie("session".into()).withhold(r, &mut changes));
        assert_eq!(changes.remove, ["cookie"]);
        assert_eq!(changes.set, [("cookie".into(), HeaderValue::Static("a=1; b=2"))]);
    }
}
