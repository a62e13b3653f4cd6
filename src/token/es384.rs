//! ES384's keys (RFC 7518, sections 3.4 and 6.2.1; SPKI by RFC 5480, section 2).
//!
//! The arithmetic of P-384 is a twelfth of a filter's size, and a proxy that verifies signatures
//! natively never needs it there: without the feature `es384` a key is taken as it is written, and the
//! one who verifies refuses a point that is not on the curve.

use super::keys::KeyError;

/// The length of a coordinate, in bytes.
const COORDINATE: usize = 48;
/// `SEQUENCE { SEQUENCE { id-ecPublicKey, secp384r1 }, BIT STRING }` up to the point.
const SPKI_PREFIX: [u8; 23] = [
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
    0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
];

/// A point on P-384.
#[derive(Debug, Clone)]
pub struct P384PublicKey {
    /// Uncompressed (SEC 1, section 2.3.3).
    point: [u8; 1 + 2 * COORDINATE],
    #[cfg(feature = "es384")]
    key: p384::ecdsa::VerifyingKey,
}

impl P384PublicKey {
    /// From its coordinates, each of exactly 48 bytes.
    pub(super) fn new(x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        if x.len() != COORDINATE || y.len() != COORDINATE {
            return Err(KeyError::Invalid("a coordinate has not 48 bytes".to_owned()));
        }
        let mut point = [4; 1 + 2 * COORDINATE];
        point.iter_mut().skip(1).zip(x.iter().chain(y)).for_each(|(to, from)| *to = *from);
        Ok(Self {
            #[cfg(feature = "es384")]
            key: p384::ecdsa::VerifyingKey::from_sec1_bytes(&point)
                .map_err(|error| KeyError::Invalid(error.to_string()))?,
            point,
        })
    }

    /// The key as a `SubjectPublicKeyInfo`.
    pub(super) fn spki_der(&self) -> Box<[u8]> {
        [SPKI_PREFIX.as_slice(), &self.point].concat().into()
    }

    /// Whether the signature, r‖s, is this key's; without the feature `es384`, no.
    #[cfg(feature = "es384")]
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        use p384::ecdsa::signature::Verifier as _;
        p384::ecdsa::Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify(message, &signature).is_ok())
    }

    /// Whether the signature, r‖s, is this key's; without the feature `es384`, no.
    #[cfg(not(feature = "es384"))]
    pub(super) fn verifies(&self, _message: &[u8], _signature: &[u8]) -> bool {
        false
    }
}

#[cfg(all(test, feature = "es384"))]
mod tests {
    use super::*;
    use p384::pkcs8::EncodePublicKey as _;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_key_is_encoded_as_the_library_does() {
        let generator = p384::SecretKey::from_slice(&[7; COORDINATE]).unwrap().public_key();
        let der = generator.to_public_key_der().unwrap();
        let (x, y) = der.as_bytes().split_at(der.as_bytes().len() - COORDINATE);
        let key = P384PublicKey::new(&x[x.len() - COORDINATE..], y).unwrap();
        assert_eq!(*key.spki_der(), *der.as_bytes());
    }

    #[test]
    fn a_point_that_is_not_on_the_curve_is_no_key() {
        assert!(P384PublicKey::new(&[1; COORDINATE], &[1; COORDINATE]).is_err());
        assert!(P384PublicKey::new(&[1; COORDINATE], &[1; COORDINATE - 1]).is_err());
    }
}
