//! What the core may see of a request, and its shape: method, normalized path, preflight.
//!
//! The shell hands over every header with every value, as bytes: a header that stands twice is
//! seen twice (RFC 9110, section 5.3).

use std::fmt;

use crate::hex;
use crate::path::{NormalPath, PathError, PathRules};
use crate::trust::CertificateDigest;

/// Header names with values, in order; `:method`, `:path` and the other pseudo-headers among them.
pub type HeaderList = Vec<(String, Vec<u8>)>;

/// How far the gate is rolled out on a route of the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Decide, and hold the request to it.
    #[default]
    Enforce,
    /// Decide and record; touch nothing.
    Shadow,
    /// Not rolled out: the gate is not asked.
    Off,
}

impl Mode {
    /// Reads the `mode` of a route's metadata. A value that is not known enforces: doubt must not
    /// open a gate.
    #[must_use]
    pub fn parse(value: &[u8]) -> Self {
        match value {
            b"shadow" => Self::Shadow,
            b"off" => Self::Off,
            _ => Self::Enforce,
        }
    }

    /// As the route metadata and the audit record spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Shadow => "shadow",
            Self::Off => "off",
        }
    }
}

/// 128 random bits, printed as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomId([u8; 16]);

impl RandomId {
    /// The 32 digits.
    #[must_use]
    pub fn digits(&self) -> [u8; 32] {
        hex::digits(&self.0)
    }
}

impl fmt::Display for RandomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

/// The ids that a request gets when it meets the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestIds {
    /// Names this hop's decision.
    pub audit: RandomId,
    /// Names everything that comes of the request.
    pub context: RandomId,
}

impl RequestIds {
    /// Makes the ids of random bytes that serve no other request.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        let (mut audit, mut context) = ([0; 16], [0; 16]);
        let (first, second) = entropy.split_at(16);
        audit.iter_mut().zip(first).for_each(|(to, from)| *to = *from);
        context.iter_mut().zip(second).for_each(|(to, from)| *to = *from);
        Self { audit: RandomId(audit), context: RandomId(context) }
    }
}

/// A request as the proxy received it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Every header.
    pub headers: &'a [(String, Vec<u8>)],
    /// How far the proxy says that the gate is rolled out for it; otherwise the policy's route says.
    pub mode: Option<Mode>,
    /// Its ids.
    pub ids: RequestIds,
    /// The digest of the certificate that the client showed under mTLS.
    pub certificate: Option<CertificateDigest>,
}

/// Why a request has no shape to decide on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// `:method` is absent, stands twice or is no method.
    #[error("the method is missing or malformed")]
    Method,
    /// `:path` stands twice.
    #[error("the path is given twice")]
    PathTwice,
    /// The path is refused.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The header in which the route has the resource tenant named is absent or stands twice.
    #[error("the header that names the resource tenant is missing or given twice")]
    ResourceTenant,
}

impl<'a> Request<'a> {
    /// Every value of a header; `name` in lower case, as HTTP/2 and Envoy spell it.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    /// The one value of a header, if it stands there once.
    #[must_use]
    pub fn only(&self, name: &str) -> Option<&'a [u8]> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value),
            _ => None,
        }
    }

    /// The method.
    ///
    /// # Errors
    /// [`RequestError::Method`]
    pub fn method(&self) -> Result<&'a str, RequestError> {
        self.only(":method")
            .and_then(|value| std::str::from_utf8(value).ok())
            .filter(|method| (1..=32).contains(&method.len()))
            .filter(|method| method.bytes().all(|b| b.is_ascii_alphabetic() || b"-_".contains(&b)))
            .ok_or(RequestError::Method)
    }

    /// `:authority`; empty if there is not exactly one.
    #[must_use]
    pub fn host(&self) -> &'a str {
        self.only(":authority")
            .and_then(|value| std::str::from_utf8(value).ok())
            .unwrap_or_default()
    }

    /// The path in its normal form.
    ///
    /// # Errors
    /// [`RequestError`] says why there is none.
    pub fn path(&self, rules: &PathRules) -> Result<NormalPath<'a>, RequestError> {
        let mut values = self.values(":path");
        match (values.next(), values.next()) {
            (path, None) => Ok(NormalPath::parse_with(path.unwrap_or_default(), rules)?),
            _ => Err(RequestError::PathTwice),
        }
    }

    /// Whether the client speaks gRPC and needs its refusals as a gRPC status.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        self.values("content-type").any(|value| {
            value
                .strip_prefix(b"application/grpc")
                .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';' | b' ')))
        })
    }

    /// The method that a CORS preflight asks for (Fetch standard, "CORS-preflight request").
    #[must_use]
    pub fn preflight_method(&self) -> Option<&'a str> {
        let is_preflight =
            self.only(":method") == Some(b"OPTIONS") && self.only("origin").is_some();
        let asked = self.only("access-control-request-method").filter(|_| is_preflight)?;
        std::str::from_utf8(asked).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn with(headers: &[(&str, &[u8])], check: impl FnOnce(Request<'_>)) {
        let headers: HeaderList =
            headers.iter().map(|(n, v)| ((*n).to_owned(), v.to_vec())).collect();
        let ids = RequestIds::from_entropy([0; 32]);
        check(Request { headers: &headers, mode: None, ids, certificate: None });
    }

    #[test]
    fn a_preflight_names_its_method_once() {
        let base: [(&str, &[u8]); 2] = [(":method", b"OPTIONS"), ("origin", b"https://a")];
        let asks: (&str, &[u8]) = ("access-control-request-method", b"PUT");
        with(&[base[0], base[1], asks], |r| assert_eq!(r.preflight_method(), Some("PUT")));
        with(&[base[0], asks], |r| assert_eq!(r.preflight_method(), None));
        with(&[base[0], base[1], asks, asks], |r| assert_eq!(r.preflight_method(), None));
        with(&[(":method", b"GET"), base[1], asks], |r| assert_eq!(r.preflight_method(), None));
    }

    #[test]
    fn an_unknown_mode_enforces() {
        assert_eq!(Mode::parse(b"enforce"), Mode::Enforce);
        assert_eq!(Mode::parse(b"shadow"), Mode::Shadow);
        assert_eq!(Mode::parse(b"off"), Mode::Off);
        for odd in [&b"Shadow"[..], b"", b"off ", b"disabled", b"\xff"] {
            assert_eq!(Mode::parse(odd), Mode::Enforce);
        }
    }

    #[test]
    fn grpc_is_told_from_its_content_type() {
        for (value, is_grpc) in [
            (&b"application/grpc"[..], true),
            (b"application/grpc+proto", true),
            (b"application/grpc; charset=x", true),
            (b"application/grpc-web", false),
            (b"application/json", false),
        ] {
            with(&[("content-type", value)], |r| assert_eq!(r.is_grpc(), is_grpc));
        }
    }
}
