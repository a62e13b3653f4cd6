//! Project Wycheproof's signature vectors against the core's own verification ([`PureRust`]): every
//! `valid` one is accepted and every `invalid` one refused, as the JWS algorithms define them
//! (RFC 7518, section 3; RFC 8037).
//!
//! Vectors for what JWS does not have (another hash, salt length, mask or encoding) are not left
//! out: their `valid` signatures must be refused by every algorithm of their key's kind.

mod ecdsa;
mod eddsa;
mod rsa;
mod tally;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tenantguard::token::{Algorithm, Key, PureRust, Verifier as _};

fn verifies(key: &Key, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
    PureRust.verifies(key, algorithm, message, signature)
}

/// The algorithms that verify this signature, of all that there are.
fn verified_by(key: &Key, message: &[u8], signature: &[u8]) -> Vec<Algorithm> {
    let all = Algorithm::ALL.into_iter().map(|(algorithm, _)| algorithm);
    all.filter(|algorithm| verifies(key, *algorithm, message, signature)).collect()
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A JWK of an RSA key. Vectors pad their numbers as ASN.1 does, a JWK must not.
fn rsa_jwk(modulus: &[u8], exponent: &[u8]) -> Value {
    json!({"kty": "RSA", "n": b64(unpadded(modulus)), "e": b64(unpadded(exponent))})
}

fn unpadded(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
