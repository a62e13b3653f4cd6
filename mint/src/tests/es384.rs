//! ES384 for `jwt-compact`, which has none, so that every token is read by the same reader.

use std::{borrow::Cow, num::NonZeroUsize};

use jwt_compact::{
    Algorithm, AlgorithmSignature,
    jwk::{JsonWebKey, JwkError},
};
use p384::ecdsa::{Signature, VerifyingKey, signature::Verifier as _};

pub(super) struct Es384;
pub(super) struct RawSignature(Vec<u8>);
pub(super) struct PublicKey(VerifyingKey);

impl AlgorithmSignature for RawSignature {
    const LENGTH: Option<NonZeroUsize> = NonZeroUsize::new(96);

    fn try_from_slice(bytes: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(bytes.to_vec()))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }
}

impl Algorithm for Es384 {
    type SigningKey = ();
    type VerifyingKey = PublicKey;
    type Signature = RawSignature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("ES384")
    }

    fn sign(&self, (): &(), _: &[u8]) -> RawSignature {
        unreachable!("a reader does not sign")
    }

    fn verify_signature(&self, signature: &RawSignature, key: &PublicKey, message: &[u8]) -> bool {
        Signature::from_slice(&signature.0).is_ok_and(|sig| key.0.verify(message, &sig).is_ok())
    }
}

impl TryFrom<&JsonWebKey<'static>> for PublicKey {
    type Error = JwkError;

    fn try_from(jwk: &JsonWebKey<'static>) -> Result<Self, JwkError> {
        let JsonWebKey::EllipticCurve { curve, x, y, .. } = jwk else {
            return Err(JwkError::NoField("crv".to_owned()));
        };
        assert_eq!(curve, "P-384");
        let point = [&[4], &**x, &**y].concat();
        Ok(Self(
            VerifyingKey::from_sec1_bytes(&point)
                .map_err(|e| JwkError::custom(anyhow::anyhow!("{e}")))?,
        ))
    }
}
