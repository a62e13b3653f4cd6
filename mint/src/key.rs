//! A development key: derived from a seed, or read back from a private JWK.
//!
//! Derivation is ChaCha20 seeded with SHA-256(seed ‖ algorithm name), so that a seed
//! gives the same key on every machine and in every test run. Uses `jwk` for JSON.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jwt_compact::{
    Algorithm as _, AlgorithmSignature as _,
    alg::{Ed25519, Es256, ModulusBits, Rsa, RsaPrivateKey},
    jwk::JsonWebKey,
};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    Algorithm, JwkError,
    es384::{self, Es384Key},
    jwk::{self, PrivateJwk},
};

type Es256Key = <Es256 as jwt_compact::Algorithm>::SigningKey;
type EdDsaKey = <Ed25519 as jwt_compact::Algorithm>::SigningKey;

/// A signing key for development. Its name, `kid`, is its RFC 7638 thumbprint unless
/// [`DevKey::with_kid`] or a JWK's `kid` says otherwise.
#[derive(Clone)]
pub struct DevKey {
    kid: String,
    secret: Secret,
}

#[derive(Clone)]
enum Secret {
    Rsa(RsaScheme, Box<RsaPrivateKey>),
    Es256(Box<Es256Key>),
    Es384(Box<Es384Key>),
    EdDsa(Box<EdDsaKey>),
}

/// What an RSA key signs with: its padding and hash, under their JOSE name.
#[derive(Clone, Copy)]
struct RsaScheme {
    algorithm: Algorithm,
    scheme: Rsa,
}

impl RsaScheme {
    fn of(algorithm: Algorithm) -> Option<Self> {
        let scheme = match algorithm {
            Algorithm::Rs256 => Rsa::rs256(),
            Algorithm::Rs384 => Rsa::rs384(),
            Algorithm::Rs512 => Rsa::rs512(),
            Algorithm::Ps256 => Rsa::ps256(),
            Algorithm::Ps384 => Rsa::ps384(),
            Algorithm::Ps512 => Rsa::ps512(),
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => return None,
        };
        Some(Self { algorithm, scheme })
    }
}

impl DevKey {
    /// The key that `seed` stands for. A 2048-bit RSA key takes a moment to find.
    #[must_use]
    pub fn derive(algorithm: Algorithm, seed: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.as_bytes());
        hash.update(algorithm.as_str().as_bytes());
        let mut rng = ChaCha20Rng::from_seed(hash.finalize().into());
        // A draw that is no key (about one in 2^32 for P-256) is drawn again; the RNG
        // never fails, so this ends.
        loop {
            if let Some(secret) = Secret::draw(algorithm, &mut rng) {
                return Self::named_by_thumbprint(secret);
            }
        }
    }

    /// The key in a private JWK (RFC 7517), as [`DevKey::private_jwk`] writes it.
    ///
    /// # Errors
    /// Says which member is absent, malformed, or does not fit the others.
    pub fn from_private_jwk(jwk: &Value) -> Result<Self, JwkError> {
        let PrivateJwk { algorithm, kid, key } = jwk::parse_private(jwk)?;
        let secret = match (RsaScheme::of(algorithm), algorithm) {
            (Some(scheme), _) => Secret::Rsa(scheme, Box::new(jwk::strong_rsa(&key)?)),
            (None, Algorithm::Es256) => Secret::Es256(Box::new(Es256Key::try_from(&key)?)),
            (None, Algorithm::Es384) => Secret::Es384(Box::new(Es384Key::try_from(&key)?)),
            (None, _) => Secret::EdDsa(Box::new(EdDsaKey::try_from(&key)?)),
        };
        let named = Self::named_by_thumbprint(secret);
        Ok(match kid {
            Some(kid) => named.with_kid(kid),
            None => named,
        })
    }

    /// The same key under another name.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        Self { kid: kid.into(), ..self }
    }

    /// The key's name in a token's header and in a key set.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The algorithm this key signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &self.secret {
            Secret::Rsa(scheme, _) => scheme.algorithm,
            Secret::Es256(_) => Algorithm::Es256,
            Secret::Es384(_) => Algorithm::Es384,
            Secret::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    /// The public half as a JWK with `kid`, `alg` and `use`.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let public = self.secret.jwk().to_verifying_key();
        jwk::render(&public, self.algorithm(), &self.kid)
    }

    /// The whole key as a JWK. Everyone who reads it can sign.
    #[must_use]
    pub fn private_jwk(&self) -> Value {
        let mut rendered = jwk::render(&self.secret.jwk(), self.algorithm(), &self.kid);
        if let (Secret::Rsa(_, key), Some(members)) = (&self.secret, rendered.as_object_mut()) {
            jwk::add_crt_members(key, members);
        }
        rendered
    }

    /// The raw JWS signature over `message`. For ES256 and ES384 that is r ‖ s (RFC 7518 §3.4).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.secret {
            Secret::Rsa(by, key) => by.scheme.sign(key, message).as_bytes().into_owned(),
            Secret::Es256(key) => Es256.sign(key, message).as_bytes().into_owned(),
            Secret::Es384(key) => key.sign(message),
            Secret::EdDsa(key) => Ed25519.sign(key, message).as_bytes().into_owned(),
        }
    }

    fn named_by_thumbprint(secret: Secret) -> Self {
        let kid = URL_SAFE_NO_PAD.encode(secret.jwk().thumbprint::<Sha256>());
        Self { kid, secret }
    }
}

/// Prints no secret.
impl fmt::Debug for DevKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevKey")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl Secret {
    fn draw(algorithm: Algorithm, rng: &mut ChaCha20Rng) -> Option<Self> {
        if let Some(scheme) = RsaScheme::of(algorithm) {
            let (key, _) = Rsa::generate(rng, ModulusBits::TwoKibibytes).ok()?;
            return Some(Self::Rsa(scheme, Box::new(key.into_inner())));
        }
        if algorithm == Algorithm::Es384 {
            let mut bytes = [0; es384::LENGTH];
            rng.fill_bytes(&mut bytes);
            return Some(Self::Es384(Box::new(Es384Key::from_secret(&bytes)?)));
        }
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Some(match algorithm {
            Algorithm::Es256 => Self::Es256(Box::new(Es256Key::from_slice(&bytes).ok()?)),
            _ => Self::EdDsa(Box::new(EdDsaKey::from_bytes(&bytes))),
        })
    }

    fn jwk(&self) -> JsonWebKey<'_> {
        match self {
            Self::Rsa(_, key) => JsonWebKey::from(&**key),
            Self::Es256(key) => JsonWebKey::from(&**key),
            Self::Es384(key) => key.jwk(),
            Self::EdDsa(key) => JsonWebKey::from(&**key),
        }
    }
}
