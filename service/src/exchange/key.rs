//! One signing key of the exchange: made here, kept as PKCS #8, shown as a JWK (RFC 7517, RFC 8037),
//! named by its thumbprint (RFC 7638). `ring` does the arithmetic, as it does for TLS.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// What keys sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    #[default]
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl SigningAlgorithm {
    /// Its JOSE name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Why there is no key, or no signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The system gives no random bytes.
    #[error("the system gave no random bytes for a key")]
    Random,
    /// The bytes are no key of its algorithm.
    #[error("it is no private key of its algorithm in PKCS #8")]
    Malformed,
}

enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

/// A signing key.
pub(super) struct SigningKey {
    pair: Pair,
    pkcs8: Vec<u8>,
    kid: String,
}

impl SigningKey {
    pub(super) fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let document = match algorithm {
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            }
            SigningAlgorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random),
        };
        let document = document.map_err(|_| KeyError::Random)?;
        Self::from_pkcs8(algorithm, document.as_ref())
    }

    pub(super) fn from_pkcs8(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = match algorithm {
            SigningAlgorithm::Es256 => {
                let random = SystemRandom::new();
                let scheme = &ECDSA_P256_SHA256_FIXED_SIGNING;
                EcdsaKeyPair::from_pkcs8(scheme, pkcs8, &random).map(Pair::Es256)
            }
            SigningAlgorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Pair::EdDsa),
        };
        let pair = pair.map_err(|_| KeyError::Malformed)?;
        // The members that a thumbprint is of, in the order that it wants.
        let thumbprint = Sha256::digest(Value::Object(pair.public()).to_string());
        let kid = URL_SAFE_NO_PAD.encode(thumbprint);
        Ok(Self { pair, pkcs8: pkcs8.to_vec(), kid })
    }

    pub(super) fn algorithm(&self) -> SigningAlgorithm {
        match self.pair {
            Pair::Es256(_) => SigningAlgorithm::Es256,
            Pair::EdDsa(_) => SigningAlgorithm::EdDsa,
        }
    }

    #[cfg(test)]
    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public half.
    pub(super) fn jwk(&self) -> Value {
        let mut members = self.pair.public();
        members.insert("alg".to_owned(), json!(self.algorithm().as_str()));
        members.insert("kid".to_owned(), json!(self.kid));
        members.insert("use".to_owned(), json!("sig"));
        Value::Object(members)
    }

    /// The token in compact form (RFC 7515, section 7.1).
    pub(super) fn sign(&self, claims: &Map<String, Value>) -> Result<String, KeyError> {
        let header = json!({"alg": self.algorithm().as_str(), "kid": self.kid, "typ": "at+jwt"});
        let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let input = format!("{}.{}", encode(&header), encode(&Value::Object(claims.clone())));
        let signature = match &self.pair {
            Pair::Es256(pair) => {
                let signed = pair.sign(&SystemRandom::new(), input.as_bytes());
                URL_SAFE_NO_PAD.encode(signed.map_err(|_| KeyError::Random)?)
            }
            Pair::EdDsa(pair) => URL_SAFE_NO_PAD.encode(pair.sign(input.as_bytes())),
        };
        Ok(format!("{input}.{signature}"))
    }
}

impl Pair {
    /// The members that the public key is made of, sorted by their names.
    fn public(&self) -> Map<String, Value> {
        let number =
            |bytes: Option<&[u8]>| json!(URL_SAFE_NO_PAD.encode(bytes.unwrap_or_default()));
        let members = match self {
            Self::Es256(pair) => {
                // Uncompressed: a byte that says so, then x and y (SEC 1, section 2.3.3).
                let point = pair.public_key().as_ref();
                let (x, y) = (number(point.get(1..33)), number(point.get(33..65)));
                json!({"crv": "P-256", "kty": "EC", "x": x, "y": y})
            }
            Self::EdDsa(pair) => {
                let x = number(Some(pair.public_key().as_ref()));
                json!({"crv": "Ed25519", "kty": "OKP", "x": x})
            }
        };
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

impl fmt::Debug for SigningKey {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm().as_str(), self.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_bytes_and_is_never_printed() {
        for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
            let key = SigningKey::generate(algorithm).unwrap();
            let again = SigningKey::from_pkcs8(algorithm, key.pkcs8()).unwrap();
            assert_eq!((again.kid(), again.jwk()), (key.kid(), key.jwk()));
            assert!(key.jwk().get("d").is_none());
            assert_eq!(
                format!("{key:?}"),
                format!("SigningKey({} {})", algorithm.as_str(), key.kid())
            );
            let other = SigningKey::generate(algorithm).unwrap();
            assert_ne!(other.kid(), key.kid());
        }
        let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
        let wrong = SigningKey::from_pkcs8(SigningAlgorithm::EdDsa, key.pkcs8());
        assert_eq!(wrong.err(), Some(KeyError::Malformed));
    }

    /// Another implementation computes the same thumbprint.
    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        let dev = tenantguard_mint::Algorithm::EdDsa;
        let key = SigningKey::generate(SigningAlgorithm::EdDsa).unwrap();
        // The private half of an Ed25519 key stands at a fixed place (RFC 8410, section 7).
        let d = URL_SAFE_NO_PAD.encode(&key.pkcs8()[16..48]);
        let mut jwk = key.jwk();
        jwk["d"] = json!(d);
        jwk.as_object_mut().unwrap().remove("kid");
        let same = tenantguard_mint::DevKey::from_private_jwk(&jwk).unwrap();
        assert_eq!((same.algorithm(), same.kid()), (dev, key.kid()));
        let input = key.sign(&Map::new()).unwrap();
        let (input, signature) = input.rsplit_once('.').unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(same.sign(input.as_bytes())), signature);
    }
}
