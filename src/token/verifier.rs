//! Who does the arithmetic of a signature. The core's own way is [`PureRust`]; a shell may bring
//! one that is faster where it runs. Every implementation passes the same test tables.

use std::fmt;

use jwt_compact::AlgorithmSignature;
use jwt_compact::alg::{Ed25519, Es256, Rsa};

use super::algorithm::Algorithm;
use super::der;
use super::keys::{Key, PublicKey};

/// Says whether a signature is a key's over a message.
pub trait Verifier: fmt::Debug + Send + Sync {
    /// `signature` is as a JWS carries it: ECDSA as r‖s (RFC 7518, section 3.4). Whoever calls
    /// has made sure that the key suits the algorithm; if it does not, the answer is no.
    fn verifies(&self, key: &Key, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool;
}

/// Verification in Rust alone, the same on every machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct PureRust;

impl Verifier for PureRust {
    fn verifies(&self, key: &Key, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let rsa = |scheme: Rsa| match key.public() {
            PublicKey::Rsa(key) => checks(&scheme, key, message, signature),
            _ => false,
        };
        match (algorithm, key.public()) {
            (Algorithm::Rs256, _) => rsa(Rsa::rs256()),
            (Algorithm::Rs384, _) => rsa(Rsa::rs384()),
            (Algorithm::Rs512, _) => rsa(Rsa::rs512()),
            (Algorithm::Ps256, _) => rsa(Rsa::ps256()),
            (Algorithm::Ps384, _) => rsa(Rsa::ps384()),
            (Algorithm::Ps512, _) => rsa(Rsa::ps512()),
            (Algorithm::Es256, PublicKey::P256(key)) => checks(&Es256, key, message, signature),
            (Algorithm::Es384, PublicKey::P384(key)) => key.verifies(message, signature),
            (Algorithm::EdDsa, PublicKey::Ed25519(key)) => {
                checks(&Ed25519, key, message, signature)
            }
            (Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa, _) => false,
        }
    }
}

fn checks<A: jwt_compact::Algorithm>(
    algorithm: &A,
    key: &A::VerifyingKey,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let has_its_length = A::Signature::LENGTH.is_none_or(|length| length.get() == signature.len());
    has_its_length
        && A::Signature::try_from_slice(signature)
            .is_ok_and(|signature| algorithm.verify_signature(&signature, key, message))
}

/// An ECDSA signature in DER (RFC 3279, section 2.2.3), for verifiers that want it so. `None` if
/// the bytes are no signature of the algorithm's.
#[must_use]
pub fn ecdsa_der(algorithm: Algorithm, signature: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        Algorithm::Es256 => der::ecdsa(signature, 32),
        Algorithm::Es384 => der::ecdsa(signature, 48),
        _ => None,
    }
}
