//! RFC 8037, appendix A: Ed25519 keys, thumbprint and signature; X25519 keys have no place here.

use serde_json::{Value, json};
use tenantguard::token::{Algorithm, Key, KeyError, TokenError};
use tenantguard_mint::DevKey;

use super::{decoded, public_half, refusal, verifies};

/// A.4: its payload is the text `Example of Ed25519 signing`.
const A4_JWS: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvM\
     g3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

/// A.1
fn private_key() -> Value {
    json!({
        "kty": "OKP", "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    })
}

#[test]
fn the_signature_of_a_4_verifies_with_the_public_key_of_a_2() {
    let key = Key::from_jwk(&public_half(&private_key())).expect("A.2 is a key");
    assert!(verifies(&key, Algorithm::EdDsa, A4_JWS));
    for (algorithm, name) in Algorithm::ALL {
        assert_eq!(verifies(&key, algorithm, A4_JWS), algorithm == Algorithm::EdDsa, "{name}");
    }
    assert!(matches!(refusal(A4_JWS), Some(TokenError::Json { .. })), "its payload is text");
}

#[test]
fn a_development_key_has_the_thumbprint_of_a_3_and_makes_the_signature_of_a_4() {
    let key = DevKey::from_private_jwk(&private_key()).expect("A.1 is a private key");
    assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let (message, signature) = A4_JWS.rsplit_once('.').expect("a JWS has a signature");
    assert_eq!(key.sign(message.as_bytes()), decoded(signature));
}

#[test]
fn the_private_key_of_a_1_and_the_exchange_keys_of_a_6_and_a_7_are_refused() {
    let x25519 = json!({
        "kty": "OKP", "crv": "X25519", "kid": "Bob",
        "x": "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08",
    });
    let x448 = json!({
        "kty": "OKP", "crv": "X448", "kid": "Dave",
        "x": "PreoKbDNIPW8_AtZm2_sz22kYnEHvbDU80W0MCfYuXL8PjT7QjKhPKcG3LV67D2uB73BxnvzNgk",
    });
    for (jwk, error) in [
        (private_key(), KeyError::Secret),
        (x25519, KeyError::Algorithm),
        (x448, KeyError::Algorithm),
    ] {
        assert_eq!(Key::from_jwk(&jwk).map(|_| ()), Err(error), "{jwk}");
    }
}
