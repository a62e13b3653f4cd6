//! Public keys (RFC 7517) and what they verify (RFC 7515, section 5.2).
//!
//! The key decides the algorithm, the token's header never does: a key is bound to one algorithm
//! when it is read, and a token that names another is refused before any arithmetic.

use jwt_compact::AlgorithmSignature as _;
use jwt_compact::alg::{Ed25519, Es256, Rsa, RsaPublicKey, StrongKey};
use jwt_compact::jwk::JsonWebKey;

use super::algorithm::Algorithm;
use super::compact::{CompactToken, Header};
use super::json::Object;

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
    #[error("is for no algorithm that is accepted (RS256, ES256, EdDSA)")]
    Algorithm,
    /// An RSA key shorter than 2048 bits, or of an odd length.
    #[error("is an RSA key of a length that is not accepted (2048, 3072 or 4096 bits)")]
    RsaLength,
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
    #[error("the signature does not match the key {kid:?}")]
    Mismatch {
        /// The key that was tried.
        kid: Option<String>,
    },
}

#[derive(Debug)]
enum PublicKey {
    Rs256(Box<RsaPublicKey>),
    Es256(Box<P256PublicKey>),
    EdDsa(Box<Ed25519PublicKey>),
}

/// A public key, bound to one algorithm.
#[derive(Debug)]
pub struct Key {
    kid: Option<Box<str>>,
    public: PublicKey,
}

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
        let purpose: Purpose = serde::Deserialize::deserialize(jwk).map_err(syntax)?;
        let numbers: JsonWebKey<'_> = serde::Deserialize::deserialize(jwk).map_err(syntax)?;
        if numbers.is_signing_key() {
            return Err(KeyError::Secret);
        }
        let is_for_verifying = purpose.usage.as_deref().is_none_or(|usage| usage == "sig")
            && purpose.key_ops.is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !is_for_verifying {
            return Err(KeyError::Purpose);
        }
        let key = Self { kid: purpose.kid.map(Into::into), public: PublicKey::read(&numbers)? };
        match purpose.alg {
            Some(alg) if alg != key.algorithm().name() => Err(KeyError::Algorithm),
            _ => Ok(key),
        }
    }

    /// The key's name.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm that the key is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &self.public {
            PublicKey::Rs256(_) => Algorithm::Rs256,
            PublicKey::Es256(_) => Algorithm::Es256,
            PublicKey::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    /// Whether the signature is this key's over the message.
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.public {
            PublicKey::Rs256(key) => verifies(Rsa::rs256(), key, message, signature),
            PublicKey::Es256(key) => verifies(Es256, key, message, signature),
            PublicKey::EdDsa(key) => verifies(Ed25519, key, message, signature),
        }
    }
}

fn verifies<A: jwt_compact::Algorithm>(
    algorithm: A,
    key: &A::VerifyingKey,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let has_its_length = A::Signature::LENGTH.is_none_or(|length| length.get() == signature.len());
    has_its_length
        && A::Signature::try_from_slice(signature)
            .is_ok_and(|signature| algorithm.verify_signature(&signature, key, message))
}

impl PublicKey {
    fn read(jwk: &JsonWebKey<'_>) -> Result<Self, KeyError> {
        let invalid = |error: jwt_compact::jwk::JwkError| KeyError::Invalid(error.to_string());
        match jwk {
            JsonWebKey::Rsa { .. } => {
                let key = RsaPublicKey::try_from(jwk).map_err(invalid)?;
                let strong = StrongKey::try_from(key).map_err(|_| KeyError::RsaLength)?;
                Ok(Self::Rs256(Box::new(strong.into_inner())))
            }
            JsonWebKey::EllipticCurve { curve, .. } if curve == "P-256" => {
                Ok(Self::Es256(Box::new(jwk.try_into().map_err(invalid)?)))
            }
            JsonWebKey::KeyPair { curve, .. } if curve == "Ed25519" => {
                Ok(Self::EdDsa(Box::new(jwk.try_into().map_err(invalid)?)))
            }
            _ => Err(KeyError::Algorithm),
        }
    }
}

/// The public keys of one issuer.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    /// A set of these keys.
    #[must_use]
    pub fn new(keys: Vec<Key>) -> Self {
        Self { keys }
    }

    /// Verifies a token by the key that its header names, if the issuer may sign so.
    ///
    /// # Errors
    /// [`SignatureError`] says why the token is not the issuer's.
    pub fn verify(
        &self,
        token: CompactToken<'_>,
        accepted: &[Algorithm],
    ) -> Result<VerifiedToken, SignatureError> {
        let key = self.select(token.header(), accepted)?;
        if !key.verifies(token.signing_input(), token.signature()) {
            return Err(SignatureError::Mismatch { kid: key.kid().map(str::to_owned) });
        }
        let typ = token.header().typ.clone();
        Ok(VerifiedToken { typ, claims: token.into_claims() })
    }

    fn select(&self, header: &Header, accepted: &[Algorithm]) -> Result<&Key, SignatureError> {
        let algorithm = header.algorithm;
        if !accepted.contains(&algorithm) {
            return Err(SignatureError::Algorithm(algorithm));
        }
        let Some(kid) = &header.kid else {
            let mut suited = self.keys.iter().filter(|key| key.algorithm() == algorithm);
            return match (suited.next(), suited.next()) {
                (Some(key), None) => Ok(key),
                _ => Err(SignatureError::NoKeyNamed(algorithm)),
            };
        };
        let mut named = self.keys.iter().filter(|key| key.kid() == Some(kid)).peekable();
        if named.peek().is_none() {
            return Err(SignatureError::UnknownKey(kid.clone()));
        }
        named.find(|key| key.algorithm() == algorithm).ok_or(SignatureError::Algorithm(algorithm))
    }
}

/// A token whose signature is its issuer's. When it is valid and for whom is not known yet.
#[derive(Debug)]
pub struct VerifiedToken {
    pub(super) typ: Option<String>,
    pub(super) claims: Object,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
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
        assert!(key.verifies(message.as_bytes(), &signature));
        for bit in 0..signature.len() * 8 {
            signature[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verifies(message.as_bytes(), &signature), "bit {bit}");
            signature[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(!key.verifies(message.as_bytes(), &[]));
        assert!(!key.verifies(message.as_bytes(), &[0; 64]));
        assert!(!key.verifies(message.as_bytes(), &[0; 100_000]));
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
