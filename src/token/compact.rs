//! The compact serialization of a JWS (RFC 7515, section 7.1), read strictly (RFC 8725).
//!
//! Nothing here is trusted yet: a [`CompactToken`] has a shape, and what its header asks for is
//! something that we do. Keys named or carried by the header (`jku`, `x5u`, `jwk`, `x5c`) are never
//! fetched or used; a token that has them is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::algorithm::Algorithm;
use super::json::{Json, JsonError, Object};

/// The longest token that is looked at, in bytes.
pub const TOKEN_LIMIT: usize = 16 * 1024;
/// The longest `kid`, in bytes.
const KID_LIMIT: usize = 256;

/// A part of a compact JWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The first.
    Header,
    /// The second.
    Claims,
    /// The third.
    Signature,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Header => "the token's header",
            Self::Claims => "the token's claims",
            Self::Signature => "the token's signature",
        })
    }
}

/// Why a text is not a token that can be verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than [`TOKEN_LIMIT`].
    #[error("the token is longer than {TOKEN_LIMIT} bytes")]
    TooLong,
    /// Not three parts.
    #[error("the token has {found} parts, not three")]
    Parts {
        /// How many there are.
        found: usize,
    },
    /// Five parts: a JWE (RFC 7516).
    #[error("the token is encrypted (JWE)")]
    Encrypted,
    /// Not base64url, padded, or with spare bits set.
    #[error("{0} is not canonical base64url without padding")]
    Encoding(Part),
    /// Not the JSON that it must be.
    #[error("{part} {error}")]
    Json {
        /// Which part.
        part: Part,
        /// What is wrong with it.
        error: JsonError,
    },
    /// A header field of another type than its RFC gives it.
    #[error("the header's {0:?} has the wrong type")]
    FieldType(&'static str),
    /// No `alg`, or one that is not supported: `none`, an HMAC, an unknown one.
    #[error("the algorithm {0:?} is not accepted")]
    Algorithm(String),
    /// `crit` (RFC 7515, section 4.1.11): it names extensions that we do not know.
    #[error("the header has critical extensions")]
    Critical,
    /// `b64` (RFC 7797).
    #[error("the header has b64, an unencoded payload")]
    UnencodedPayload,
    /// `zip`.
    #[error("the header has zip, a compressed payload")]
    Compressed,
    /// A key, or where to get one, in the token itself.
    #[error("the header has {0}, a key that comes with the token")]
    EmbeddedKey(&'static str),
}

/// What the header of an unverified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The key that it was signed with.
    pub kid: Option<String>,
    /// The media type.
    pub typ: Option<String>,
}

/// A token whose shape is right. Its claims are the sender's word only.
#[derive(Debug)]
pub struct CompactToken<'a> {
    header: Header,
    claims: Object,
    signing_input: &'a [u8],
    signature: Vec<u8>,
}

impl<'a> CompactToken<'a> {
    /// Reads a compact JWS.
    ///
    /// # Errors
    /// [`TokenError`] says which rule it breaks.
    pub fn parse(text: &'a str) -> Result<Self, TokenError> {
        if text.len() > TOKEN_LIMIT {
            return Err(TokenError::TooLong);
        }
        let mut parts = text.split('.');
        let (header, claims, signature) =
            match (parts.next(), parts.next(), parts.next(), parts.count()) {
                (Some(header), Some(claims), Some(signature), 0) => (header, claims, signature),
                (Some(_), Some(_), Some(_), 2) => return Err(TokenError::Encrypted),
                _ => return Err(TokenError::Parts { found: text.split('.').count() }),
            };
        let header = Header::read(&object(Part::Header, header)?)?;
        let claims = object(Part::Claims, claims)?;
        let (signing_input, _) = text.rsplit_once('.').unwrap_or_default();
        let signature = decode(Part::Signature, signature)?;
        Ok(Self { header, claims, signing_input: signing_input.as_bytes(), signature })
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// `iss` as the sender claims it: good for finding the issuer, and for nothing else.
    #[must_use]
    pub fn claimed_issuer(&self) -> Option<&str> {
        match self.claims.get("iss") {
            Some(Json::String(issuer)) => Some(issuer),
            _ => None,
        }
    }

    pub(super) fn signing_input(&self) -> &[u8] {
        self.signing_input
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }

    pub(super) fn into_claims(self) -> Object {
        self.claims
    }
}

impl Header {
    fn read(fields: &Object) -> Result<Self, TokenError> {
        // `b64` must be listed in `crit`, so it is looked for first to name it.
        if fields.get("b64").is_some() {
            return Err(TokenError::UnencodedPayload);
        }
        if fields.get("crit").is_some() {
            return Err(TokenError::Critical);
        }
        if fields.get("zip").is_some() {
            return Err(TokenError::Compressed);
        }
        for name in ["jku", "x5u", "jwk", "x5c"] {
            if fields.get(name).is_some() {
                return Err(TokenError::EmbeddedKey(name));
            }
        }
        let kid = string(fields, "kid")?;
        if kid.as_ref().is_some_and(|kid| kid.len() > KID_LIMIT) {
            return Err(TokenError::FieldType("kid"));
        }
        let name = string(fields, "alg")?.unwrap_or_default();
        let algorithm = Algorithm::parse(&name).ok_or(TokenError::Algorithm(name))?;
        Ok(Self { algorithm, kid, typ: string(fields, "typ")? })
    }
}

fn string(fields: &Object, name: &'static str) -> Result<Option<String>, TokenError> {
    match fields.get(name) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(TokenError::FieldType(name)),
    }
}

fn decode(part: Part, text: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Encoding(part))
}

fn object(part: Part, text: &str) -> Result<Object, TokenError> {
    Object::parse(&decode(part, text)?).map_err(|error| TokenError::Json { part, error })
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn token(header: &str, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part(header), part(claims), part("sig"))
    }

    fn refusal(text: &str) -> TokenError {
        CompactToken::parse(text).map(|_| ()).expect_err(text)
    }

    #[test]
    fn a_well_formed_token_is_read() {
        let text = token(r#"{"alg":"ES256","kid":"k1","typ":"JWT"}"#, r#"{"iss":"https://x"}"#);
        let parsed = CompactToken::parse(&text).unwrap();
        assert_eq!(parsed.header().algorithm, Algorithm::Es256);
        assert_eq!(parsed.header().kid.as_deref(), Some("k1"));
        assert_eq!(parsed.claimed_issuer(), Some("https://x"));
        assert_eq!(parsed.signature(), b"sig");
        assert!(text.starts_with(std::str::from_utf8(parsed.signing_input()).unwrap()));
    }

    #[test]
    fn a_header_that_asks_for_what_we_do_not_do_is_refused() {
        for (header, error) in [
            (r#"{"alg":"none"}"#, TokenError::Algorithm("none".into())),
            (r#"{"alg":"HS256"}"#, TokenError::Algorithm("HS256".into())),
            (r#"{"alg":"es256"}"#, TokenError::Algorithm("es256".into())),
            (r#"{}"#, TokenError::Algorithm(String::new())),
            (r#"{"alg":1}"#, TokenError::FieldType("alg")),
            (r#"{"alg":"ES256","kid":1}"#, TokenError::FieldType("kid")),
            (r#"{"alg":"ES256","typ":[]}"#, TokenError::FieldType("typ")),
            (r#"{"alg":"ES256","crit":["x"]}"#, TokenError::Critical),
            (r#"{"alg":"ES256","crit":[]}"#, TokenError::Critical),
            (r#"{"alg":"ES256","crit":["b64"],"b64":false}"#, TokenError::UnencodedPayload),
            (r#"{"alg":"ES256","zip":"DEF"}"#, TokenError::Compressed),
            (r#"{"alg":"ES256","jku":"https://evil"}"#, TokenError::EmbeddedKey("jku")),
            (r#"{"alg":"ES256","jwk":{}}"#, TokenError::EmbeddedKey("jwk")),
        ] {
            assert_eq!(refusal(&token(header, "{}")), error, "{header}");
        }
    }

    #[test]
    fn a_token_of_another_shape_is_refused() {
        assert_eq!(refusal(""), TokenError::Parts { found: 1 });
        assert_eq!(refusal("a.b"), TokenError::Parts { found: 2 });
        assert_eq!(refusal("a.b.c.d"), TokenError::Parts { found: 4 });
        assert_eq!(refusal("a.b.c.d.e"), TokenError::Encrypted);
        assert_eq!(refusal(&".".repeat(5_000)), TokenError::Parts { found: 5_001 });
        assert_eq!(refusal(&"a".repeat(TOKEN_LIMIT + 1)), TokenError::TooLong);
        let good = token(r#"{"alg":"ES256"}"#, "{}");
        for (spoiled, part) in [
            (format!("{good}="), Part::Signature),
            (format!("{good}\n"), Part::Signature),
            (format!(" {good}"), Part::Header),
            (good.replace(".e30.", ".e30=."), Part::Claims),
            // "e31" decodes to the same bytes as "e30" where spare bits are not looked at.
            (good.replace(".e30.", ".e31."), Part::Claims),
        ] {
            assert_eq!(refusal(&spoiled), TokenError::Encoding(part), "{spoiled}");
        }
    }
}
