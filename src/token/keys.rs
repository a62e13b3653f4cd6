//! Public keys (RFC 7517) and what they verify (RFC 7515, section 5.2).
//!
//! The key decides the algorithm, the token's header never does: what a key is for is settled when
//! it is read, and a token that names something else is refused before any arithmetic.

use jwt_compact::alg::{Ed25519, Es256, RsaPublicKey, StrongKey};
use jwt_compact::jwk::JsonWebKey;
use rsa::pkcs8::EncodePublicKey as _;

use super::algorithm::{Algorithm, KeyKind};
use super::compact::{CompactToken, Header};
use super::es384::P384PublicKey;
use super::json::Object;
use super::verifier::Verifier;

type P256PublicKey = <Es256 as jwt_compact::Algorithm>::VerifyingKey;
type Ed25519PublicKey = <Ed25519 as jwt_compact::Algorithm>::VerifyingKey;

/// Why a JWK is not a key that tokens can be verified with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a JWK.
    #[error("is not a JSON Web Key: {0}")]
    Syntax(String),
    /// A private or symmetric key, which has no place in a published set.
    #[error("is a secret key; publish only its public part, and replace it, for it is known now")]
    Secret,
    /// `use` or `key_ops` says that it is not for signatures.
    #[error("is not for verifying signatures, by its `use` or `key_ops`")]
    Purpose,
    /// A key type, curve or `alg` that is not supported.
    #[error("is for no algorithm that is accepted (RS256–512, PS256–512, ES256, ES384, EdDSA)")]
    Algorithm,
    /// An RSA key shorter than 2048 bits, or of an odd length.
    #[error("is an RSA key of a length that is not accepted (2048, 3072 or 4096 bits)")]
    RsaLength,
    /// A point of small order, for which anybody can sign.
    #[error("is a point of small order, for which anybody could sign")]
    Weak,
    /// Numbers that do not make a key.
    #[error("is not a valid key: {0}")]
    Invalid(String),
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The issuer may not sign with this algorithm, or the named key is for another.
    #[error("the algorithm {0} is not the key's, or not among the issuer's")]
    Algorithm(Algorithm),
    /// The issuer has no key with this `kid`.
    #[error("the issuer has no key {0:?}")]
    UnknownKey(String),
    /// The token names no key, and the issuer has several for the algorithm, or none.
    #[error("the token names no key, and the issuer has not exactly one for {0}")]
    NoKeyNamed(Algorithm),
    /// The signature does not match.
    #[error("the signature does not match the issuer's key")]
    Mismatch,
}

/// The numbers of a public key.
#[derive(Debug, Clone)]
pub enum PublicKey {
    /// RSA of 2048, 3072 or 4096 bits.
    Rsa(Box<RsaPublicKey>),
    /// A point on P-256.
    P256(Box<P256PublicKey>),
    /// A point on P-384.
    P384(Box<P384PublicKey>),
    /// An Ed25519 key.
    Ed25519(Box<Ed25519PublicKey>),
}

/// A public key. It is for the one algorithm that its JWK names, or, where the JWK names none,
/// for those of its kind.
#[derive(Debug, Clone)]
pub struct Key {
    kid: Option<Box<str>>,
    algorithm: Option<Algorithm>,
    public: PublicKey,
    spki: Box<[u8]>,
    jwk: serde_json::Value,
}

/// As its JWK.
impl serde::Serialize for Key {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.jwk.serialize(to)
    }
}

impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let jwk = serde_json::Value::deserialize(from)?;
        Self::from_jwk(&jwk).map_err(serde::de::Error::custom)
    }
}

/// What only a private or symmetric key has (RFC 7518, sections 6.2.2, 6.3.2 and 6.4).
const SECRET_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// The fields that a JWK may have beside its numbers (RFC 7517, section 4).
#[derive(serde::Deserialize)]
struct Purpose {
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
}

impl Key {
    /// Reads one JWK.
    ///
    /// # Errors
    /// [`KeyError`] says why it is of no use, or dangerous.
    pub fn from_jwk(jwk: &serde_json::Value) -> Result<Self, KeyError> {
        let syntax = |error: serde_json::Error| KeyError::Syntax(error.to_string());
        if SECRET_MEMBERS.iter().any(|member| jwk.get(member).is_some()) {
            return Err(KeyError::Secret);
        }
        let purpose: Purpose = serde::Deserialize::deserialize(jwk).map_err(syntax)?;
        let numbers: JsonWebKey<'_> = serde::Deserialize::deserialize(jwk).map_err(syntax)?;
        let is_for_verifying = purpose.usage.as_deref().is_none_or(|usage| usage == "sig")
            && purpose.key_ops.is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !is_for_verifying {
            return Err(KeyError::Purpose);
        }
        let public = PublicKey::read(&numbers)?;
        let algorithm = match purpose.alg.as_deref().map(Algorithm::parse) {
            None => None,
            Some(Some(named)) if named.key_kind() == public.kind() => Some(named),
            Some(_) => return Err(KeyError::Algorithm),
        };
        let spki = public.spki_der()?;
        Ok(Self { kid: purpose.kid.map(Into::into), algorithm, public, spki, jwk: jwk.clone() })
    }

    /// The key's name.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm that it is for, if its JWK names one.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.public.kind()
    }

    /// Whether the key is for this algorithm.
    #[must_use]
    pub fn is_for(&self, algorithm: Algorithm) -> bool {
        match self.algorithm {
            Some(own) => own == algorithm,
            None => algorithm.key_kind() == self.public.kind(),
        }
    }

    /// Its numbers.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The key as a SubjectPublicKeyInfo in DER (RFC 5280, section 4.1.2.7).
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }
}

impl PublicKey {
    fn read(jwk: &JsonWebKey<'_>) -> Result<Self, KeyError> {
        let invalid = |error: jwt_compact::jwk::JwkError| KeyError::Invalid(error.to_string());
        match jwk {
            JsonWebKey::Rsa { .. } => {
                let key = RsaPublicKey::try_from(jwk).map_err(invalid)?;
                let strong = StrongKey::try_from(key).map_err(|_| KeyError::RsaLength)?;
                Ok(Self::Rsa(Box::new(strong.into_inner())))
            }
            JsonWebKey::EllipticCurve { curve, .. } if curve == "P-256" => {
                Ok(Self::P256(Box::new(jwk.try_into().map_err(invalid)?)))
            }
            JsonWebKey::EllipticCurve { curve, x, y, .. } if curve == "P-384" => {
                Ok(Self::P384(Box::new(P384PublicKey::new(x, y)?)))
            }
            JsonWebKey::KeyPair { curve, .. } if curve == "Ed25519" => {
                let key: Ed25519PublicKey = jwk.try_into().map_err(invalid)?;
                if key.is_weak() {
                    return Err(KeyError::Weak);
                }
                Ok(Self::Ed25519(Box::new(key)))
            }
            _ => Err(KeyError::Algorithm),
        }
    }

    fn kind(&self) -> KeyKind {
        match self {
            Self::Rsa(_) => KeyKind::Rsa,
            Self::P256(_) => KeyKind::P256,
            Self::P384(_) => KeyKind::P384,
            Self::Ed25519(_) => KeyKind::Ed25519,
        }
    }

    fn spki_der(&self) -> Result<Box<[u8]>, KeyError> {
        let der = match self {
            Self::Rsa(key) => key.to_public_key_der(),
            Self::P256(key) => p256::PublicKey::from(&**key).to_public_key_der(),
            Self::P384(key) => return Ok(key.spki_der()),
            // RFC 8410, section 4: a fixed prefix and the 32 bytes.
            Self::Ed25519(key) => {
                let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0];
                return Ok([prefix.as_slice(), key.as_bytes()].concat().into());
            }
        };
        der.map(|der| der.as_bytes().into()).map_err(|error| KeyError::Invalid(error.to_string()))
    }
}

/// The public keys of one issuer.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    /// A set of these keys.
    #[must_use]
    pub fn new(keys: Vec<Key>) -> Self {
        Self { keys }
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Verifies a token by the key that its header names, if the issuer may sign so.
    ///
    /// # Errors
    /// [`SignatureError`] says why the token is not the issuer's.
    pub fn verify(
        &self,
        token: CompactToken<'_>,
        accepted: &[Algorithm],
        verifier: &dyn Verifier,
    ) -> Result<VerifiedToken, SignatureError> {
        let (key, algorithm) = (self.select(token.header(), accepted)?, token.header().algorithm);
        if !verifier.verifies(key, algorithm, token.signing_input(), token.signature()) {
            return Err(SignatureError::Mismatch);
        }
        let typ = token.header().typ.clone();
        let key = key.kid().map(str::to_owned);
        Ok(VerifiedToken { typ, key, claims: token.into_claims() })
    }

    fn select(&self, header: &Header, accepted: &[Algorithm]) -> Result<&Key, SignatureError> {
        let algorithm = header.algorithm;
        if !accepted.contains(&algorithm) {
            return Err(SignatureError::Algorithm(algorithm));
        }
        let Some(kid) = &header.kid else {
            let mut suited = self.keys.iter().filter(|key| key.is_for(algorithm));
            return match (suited.next(), suited.next()) {
                (Some(key), None) => Ok(key),
                _ => Err(SignatureError::NoKeyNamed(algorithm)),
            };
        };
        let mut named = self.keys.iter().filter(|key| key.kid() == Some(kid)).peekable();
        if named.peek().is_none() {
            return Err(SignatureError::UnknownKey(kid.clone()));
        }
        named.find(|key| key.is_for(algorithm)).ok_or(SignatureError::Algorithm(algorithm))
    }
}

/// A token whose signature is its issuer's. When it is valid and for whom is not known yet.
#[derive(Debug)]
pub struct VerifiedToken {
    pub(super) typ: Option<String>,
    /// The `kid` of the key that signed it, also where the token does not name it.
    pub(super) key: Option<String>,
    pub(super) claims: Object,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::token::PureRust;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// The Ed25519 key and signature of RFC 8037, appendix A.
    const RFC_8037_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const RFC_8037_JWS: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    #[test]
    fn the_signature_of_rfc_8037_verifies_and_a_changed_one_does_not() {
        let key = Key::from_jwk(&json!({"kty": "OKP", "crv": "Ed25519", "x": RFC_8037_X})).unwrap();
        let (message, signature) = RFC_8037_JWS.rsplit_once('.').unwrap();
        let mut signature =
            base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, signature)
                .unwrap();
        let verifies = |signature: &[u8]| {
            PureRust.verifies(&key, Algorithm::EdDsa, message.as_bytes(), signature)
        };
        assert!(verifies(&signature));
        for bit in 0..signature.len() * 8 {
            signature[bit / 8] ^= 1 << (bit % 8);
            assert!(!verifies(&signature), "bit {bit}");
            signature[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(!verifies(&[]));
        assert!(!verifies(&[0; 64]));
        assert!(!verifies(&[0; 100_000]));
    }

    #[test]
    fn a_jwk_that_is_not_for_us_is_refused_with_its_reason() {
        let ed25519 = |more: serde_json::Value| {
            let mut jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": RFC_8037_X});
            jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            jwk
        };
        let short_rsa = json!({"kty": "RSA", "e": "AQAB", "n": "s".repeat(171)});
        for (jwk, error) in [
            (ed25519(json!({"use": "enc"})), KeyError::Purpose),
            (ed25519(json!({"key_ops": ["sign"]})), KeyError::Purpose),
            (ed25519(json!({"alg": "ES256"})), KeyError::Algorithm),
            (ed25519(json!({"d": RFC_8037_X})), KeyError::Secret),
            (ed25519(json!({"x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})), KeyError::Weak),
            (json!({"kty": "RSA", "e": "AQAB", "n": "AQAB", "d": "AQAB"}), KeyError::Secret),
            (ed25519(json!({"crv": "X25519"})), KeyError::Algorithm),
            (json!({"kty": "oct", "k": "c2VjcmV0"}), KeyError::Secret),
            (short_rsa, KeyError::RsaLength),
        ] {
            assert_eq!(Key::from_jwk(&jwk).map(|_| ()), Err(error), "{jwk}");
        }
        for jwk in [json!(null), json!({}), json!({"kty": "OKP"}), json!({"kty": "what"})] {
            let refused = Key::from_jwk(&jwk).map(|_| ());
            assert!(matches!(refused, Err(KeyError::Syntax(_))), "{jwk}: {refused:?}");
        }
    }
}
