//! What a public key is called wherever it stands: the SHA-256 thumbprint of its JWK (RFC 7638).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use tenantguard::token::Key;

/// The members that a thumbprint is of, for each key type (RFC 7638, section 3.2; RFC 8037).
fn members(kty: &str) -> &'static [&'static str] {
    match kty {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        _ => &[],
    }
}

/// The thumbprint of a JWK; `None` if it is none of the key types that are accepted.
pub(crate) fn of_jwk(jwk: &Value) -> Option<String> {
    let members = members(jwk.get("kty")?.as_str()?);
    let required: Option<Map<String, Value>> =
        members.iter().map(|name| Some(((*name).to_owned(), jwk.get(name)?.clone()))).collect();
    // A map prints its members in the order of their names, and without white space.
    let text = Value::Object(required.filter(|map| !map.is_empty())?).to_string();
    Some(URL_SAFE_NO_PAD.encode(Sha256::digest(text)))
}

/// A key in a few words: its thumbprint, and its `kid` where that is another text.
pub(crate) fn described(key: &Key) -> String {
    let jwk = serde_json::to_value(key).unwrap_or_default();
    let thumbprint = of_jwk(&jwk).unwrap_or_else(|| "(no thumbprint)".to_owned());
    let algorithm = key.algorithm().map_or_else(|| key.kind().to_string(), |a| a.to_string());
    match key.kid() {
        Some(kid) if kid != thumbprint => format!("{thumbprint} ({algorithm}, kid {kid})"),
        _ => format!("{thumbprint} ({algorithm})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tenantguard_mint::{Algorithm, DevKey};

    #[test]
    fn every_kind_of_key_has_the_name_that_its_maker_gives_it() {
        for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa] {
            let key = DevKey::derive(algorithm, "thumbprint");
            assert_eq!(of_jwk(&key.public_jwk()).as_deref(), Some(key.kid()), "{algorithm}");
        }
    }

    /// The example of RFC 8037, appendix A.3.
    #[test]
    fn a_thumbprint_is_of_what_makes_the_key() {
        let ed25519 = json!({
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        assert_eq!(
            of_jwk(&ed25519).as_deref(),
            Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        );
        let mut named = ed25519.clone();
        named["kid"] = "another".into();
        assert_eq!(of_jwk(&named), of_jwk(&ed25519));
        assert_eq!(of_jwk(&json!({"kty": "oct", "k": "AA"})), None);
        assert_eq!(of_jwk(&json!({"kty": "OKP", "crv": "Ed25519"})), None);
    }
}
