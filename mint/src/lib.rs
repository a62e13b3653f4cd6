//! Development keys and tokens for tests, benchmarks, the demo and `tenantguard token mint`.
//!
//! A key is derived from a short seed that anyone may read, so nothing made here may
//! ever guard a real system. May use: cryptography through `jwt-compact`; no I/O, no
//! clock. Follows RFC 7515 (compact JWS), RFC 7517 and 7518 (keys), RFC 8037 (EdDSA).

mod algorithm;
mod es384;
mod jwk;
mod key;
mod token;

#[cfg(test)]
mod tests;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use jwk::{JwkError, jwks};
pub use key::DevKey;
pub use token::TokenSpec;
