//! JSON Web Keys in and out (RFC 7517; members by RFC 7518 §6 and RFC 8037 §2).
//!
//! A private JWK is checked member by member before it is handed to `jwt-compact`, so
//! that an error names the member and never quotes a secret.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jwt_compact::{
    alg::{RsaPrivateKey, StrongKey},
    jwk::{JsonWebKey, JwkError as CompactError},
};
use rsa::traits::PrivateKeyParts as _;
use serde_json::{Map, Value, json};

use crate::{Algorithm, DevKey, es384};

/// Why a private JWK is refused.
#[derive(Debug, thiserror::Error)]
pub enum JwkError {
    /// The document is not a JSON object.
    #[error("a JWK is a JSON object with a `kty` member; this is something else")]
    NotAnObject,
    /// A member that this key type needs is not there.
    #[error("the JWK has no `{0}`; a private {1} key needs it")]
    Missing(&'static str, &'static str),
    /// A member is there but is not a string.
    #[error("the JWK's `{0}` is not a string")]
    NotAString(&'static str),
    /// A member is not base64url without padding.
    #[error("the JWK's `{0}` is not base64url (without padding)")]
    NotBase64Url(&'static str),
    /// The key type and curve are none of those that development keys have.
    #[error(
        "the JWK's `{member}` is `{found}`: \
         use an RSA key, an EC key on P-256 or P-384, or an OKP key on Ed25519"
    )]
    Unsupported {
        /// `kty` or `crv`.
        member: &'static str,
        /// What the JWK says there.
        found: String,
    },
    /// `alg` contradicts the key type.
    #[error("the JWK's `alg` is `{found}`, but a key of its type signs with {}", names(expected))]
    WrongAlgorithm {
        /// What the JWK says.
        found: String,
        /// What its key type can sign with.
        expected: &'static [Algorithm],
    },
    /// The RSA modulus has a length that is too weak or too odd to use.
    #[error("the JWK's RSA modulus is not 2048, 3072 or 4096 bits long")]
    WeakRsa,
    /// The members are well formed but make no key together.
    #[error("the JWK's numbers make no key: {0}")]
    Invalid(#[from] CompactError),
}

/// The public key set of `keys` (RFC 7517 §5).
#[must_use]
pub fn jwks(keys: &[&DevKey]) -> Value {
    let keys: Vec<Value> = keys.iter().map(|key| key.public_jwk()).collect();
    json!({ "keys": keys })
}

pub(crate) struct PrivateJwk {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) key: JsonWebKey<'static>,
}

pub(crate) fn parse_private(jwk: &Value) -> Result<PrivateJwk, JwkError> {
    let members = jwk.as_object().ok_or(JwkError::NotAnObject)?;
    let Kind { algorithms, name, numbers } = Kind::read(members)?;
    for member in numbers {
        let text = text(members, member)?.ok_or(JwkError::Missing(member, name))?;
        URL_SAFE_NO_PAD.decode(text).map_err(|_| JwkError::NotBase64Url(member))?;
    }
    let algorithm = choose(algorithms, text(members, "alg")?)?;
    let kid = text(members, "kid")?.map(str::to_owned);
    // Only what was checked above goes on: an optional member that is malformed would
    // otherwise come back as an error that quotes it.
    let checked = ["kty", "crv"].iter().chain(numbers);
    let checked =
        checked.filter_map(|name| Some(((*name).to_owned(), members.get(*name)?.clone())));
    let key = serde_json::from_value(Value::Object(checked.collect()));
    let key = key.map_err(|_| JwkError::NotBase64Url("d"))?;
    Ok(PrivateJwk { algorithm, kid, key })
}

/// What `kty` and `crv` say of a key.
struct Kind {
    /// What it can sign with. The first is meant where the JWK has no `alg`.
    algorithms: &'static [Algorithm],
    name: &'static str,
    /// The members that must be there.
    numbers: &'static [&'static str],
}

impl Kind {
    const RSA: Self = Self {
        algorithms: &[
            Algorithm::Rs256,
            Algorithm::Rs384,
            Algorithm::Rs512,
            Algorithm::Ps256,
            Algorithm::Ps384,
            Algorithm::Ps512,
        ],
        name: "RSA",
        numbers: &["n", "e", "d", "p", "q"],
    };
    const P256: Self =
        Self { algorithms: &[Algorithm::Es256], name: "EC", numbers: &["x", "y", "d"] };
    const P384: Self = Self { algorithms: &[Algorithm::Es384], ..Self::P256 };
    const ED25519: Self =
        Self { algorithms: &[Algorithm::EdDsa], name: "OKP", numbers: &["x", "d"] };

    fn read(members: &Map<String, Value>) -> Result<Self, JwkError> {
        let kty = text(members, "kty")?.ok_or(JwkError::NotAnObject)?;
        let unsupported =
            |member, found: &str| Err(JwkError::Unsupported { member, found: found.to_owned() });
        match (kty, text(members, "crv")?) {
            ("RSA", _) => Ok(Self::RSA),
            ("EC", Some("P-256")) => Ok(Self::P256),
            ("EC", Some(es384::CURVE)) => Ok(Self::P384),
            ("OKP", Some("Ed25519")) => Ok(Self::ED25519),
            ("EC" | "OKP", Some(curve)) => unsupported("crv", curve),
            ("EC", None) => Err(JwkError::Missing("crv", Self::P256.name)),
            ("OKP", None) => Err(JwkError::Missing("crv", Self::ED25519.name)),
            (kty, _) => unsupported("kty", kty),
        }
    }
}

fn choose(possible: &'static [Algorithm], named: Option<&str>) -> Result<Algorithm, JwkError> {
    let chosen = match named {
        None => possible.first(),
        Some(name) => possible.iter().find(|algorithm| algorithm.as_str() == name),
    };
    chosen.copied().ok_or_else(|| JwkError::WrongAlgorithm {
        found: named.unwrap_or_default().to_owned(),
        expected: possible,
    })
}

fn names(algorithms: &[Algorithm]) -> String {
    algorithms.iter().map(|algorithm| algorithm.as_str()).collect::<Vec<_>>().join(" or ")
}

fn text<'a>(
    members: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, JwkError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwkError::NotAString(name)),
    }
}

pub(crate) fn strong_rsa(jwk: &JsonWebKey<'_>) -> Result<RsaPrivateKey, JwkError> {
    let key = RsaPrivateKey::try_from(jwk)?;
    StrongKey::try_from(key).map(StrongKey::into_inner).map_err(|_| JwkError::WeakRsa)
}

/// The JWK as JSON: its numbers, then how the key is meant to be used.
pub(crate) fn render(jwk: &JsonWebKey<'_>, algorithm: Algorithm, kid: &str) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: String| members.insert(name.to_owned(), Value::String(value));
    put("kty", jwk.key_type().to_string());
    match jwk {
        JsonWebKey::Rsa { modulus, public_exponent, private_parts } => {
            put("n", b64(modulus));
            put("e", b64(public_exponent));
            if let Some(parts) = private_parts {
                put("d", b64(&parts.private_exponent));
                put("p", b64(&parts.prime_factor_p));
                put("q", b64(&parts.prime_factor_q));
            }
        }
        JsonWebKey::EllipticCurve { curve, x, y, secret } => {
            put("crv", curve.to_string());
            put("x", b64(x));
            put("y", b64(y));
            secret.as_ref().map(|d| put("d", b64(d)));
        }
        JsonWebKey::KeyPair { curve, x, secret } => {
            put("crv", curve.to_string());
            put("x", b64(x));
            secret.as_ref().map(|d| put("d", b64(d)));
        }
        // A `Secret` is one of the three above.
        _ => {}
    }
    put("alg", algorithm.to_string());
    put("use", "sig".to_owned());
    put("kid", kid.to_owned());
    Value::Object(members)
}

/// RFC 7518 §6.3.2: who writes `p` and `q` must write these three too. `jwt-compact`
/// leaves them out, and some libraries refuse such a key.
pub(crate) fn add_crt_members(key: &RsaPrivateKey, members: &mut Map<String, Value>) {
    let qi = key.crt_coefficient();
    for (name, number) in [("dp", key.dp()), ("dq", key.dq()), ("qi", qi.as_ref())] {
        if let Some(number) = number {
            members.insert(name.to_owned(), Value::String(b64(&number.to_bytes_be())));
        }
    }
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
