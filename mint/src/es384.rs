//! ES384 keys (RFC 7518 §3.4 and §6.2), which `jwt-compact` does not have: how they sign, and the
//! way from and to its [`JsonWebKey`], so that the rest need not tell them apart.

use jwt_compact::{
    alg::SecretBytes,
    jwk::{JsonWebKey, JwkError as CompactError},
};
use p384::ecdsa::{Signature, SigningKey, VerifyingKey, signature::Signer as _};

pub(crate) const CURVE: &str = "P-384";
/// The length of the secret number and of each coordinate, in bytes.
pub(crate) const LENGTH: usize = 48;

/// An ES384 signing key.
#[derive(Clone)]
pub(crate) struct Es384Key(SigningKey);

impl Es384Key {
    /// The key with this secret number; `None` for zero or a number beyond the curve's order.
    pub(crate) fn from_secret(secret: &[u8; LENGTH]) -> Option<Self> {
        SigningKey::from_slice(secret).ok().map(Self)
    }

    /// r ‖ s.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        signature.to_bytes().to_vec()
    }

    pub(crate) fn jwk(&self) -> JsonWebKey<'static> {
        let [x, y] = coordinates(self.0.verifying_key());
        let secret = Some(SecretBytes::owned(self.0.to_bytes().to_vec()));
        JsonWebKey::EllipticCurve { curve: CURVE.into(), x: x.into(), y: y.into(), secret }
    }
}

impl TryFrom<&JsonWebKey<'_>> for Es384Key {
    type Error = CompactError;

    fn try_from(jwk: &JsonWebKey<'_>) -> Result<Self, CompactError> {
        let JsonWebKey::EllipticCurve { x, y, secret: Some(secret), .. } = jwk else {
            return Err(CompactError::NoField("d".to_owned()));
        };
        let secret: &[u8; LENGTH] =
            secret.as_ref().try_into().map_err(|_| CompactError::UnexpectedLen {
                field: "d".to_owned(),
                expected: LENGTH,
                actual: secret.len(),
            })?;
        let key = Self::from_secret(secret).ok_or_else(out_of_range)?;
        let [own_x, own_y] = coordinates(key.0.verifying_key());
        if own_x != **x || own_y != **y {
            return Err(CompactError::MismatchedKeys);
        }
        Ok(key)
    }
}

/// Quotes no number: it may be a secret.
fn out_of_range() -> CompactError {
    CompactError::UnexpectedValue {
        field: "d".to_owned(),
        expected: "a number from 1 to below the curve's order".to_owned(),
        actual: "another".to_owned(),
    }
}

fn coordinates(key: &VerifyingKey) -> [Vec<u8>; 2] {
    let point = key.to_encoded_point(false);
    // An uncompressed point always has both.
    [point.x(), point.y()].map(|coordinate| coordinate.map(|c| c.to_vec()).unwrap_or_default())
}
