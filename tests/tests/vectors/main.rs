//! Published examples through the core's public API: RFC 7515 and its companions inline, RFC 7520
//! from the JOSE cookbook's files where they are there.
//!
//! A [`CompactToken`] must hold a JSON object, so an example whose payload is text is checked by the
//! [`Verifier`] alone.

mod cookbook;
mod rfc7515;
mod rfc8037;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tenantguard::token::{Algorithm, CompactToken, Key, PureRust, TokenError, Verifier as _};

/// The bytes that a base64url text stands for.
fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect(text)
}

/// Whether a compact JWS has the key's signature, whatever its header says.
fn verifies(key: &Key, algorithm: Algorithm, jws: &str) -> bool {
    let (message, signature) = jws.rsplit_once('.').expect("a JWS has a signature");
    PureRust.verifies(key, algorithm, message.as_bytes(), &decoded(signature))
}

/// Why a text is refused before any key is looked for.
fn refusal(text: &str) -> Option<TokenError> {
    CompactToken::parse(text).err()
}

/// A private JWK with its secret numbers taken out.
fn public_half(jwk: &Value) -> Value {
    let mut jwk = jwk.clone();
    if let Some(members) = jwk.as_object_mut() {
        members.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi", "oth"].contains(&&**name));
    }
    jwk
}
