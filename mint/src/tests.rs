//! Keys and tokens together, checked with `jwt-compact` as an independent reader.

use std::{collections::BTreeSet, sync::LazyLock};

use jwt_compact::{
    Algorithm as Compact, AlgorithmExt as _, Token, UntrustedToken,
    alg::{Ed25519, Es256, Rsa},
    jwk::{JsonWebKey, JwkError as CompactError},
};
use serde_json::{Value, json};

use self::es384::Es384;
use crate::{Algorithm, DevKey, JwkError, TokenSpec, jwks};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod es384;

fn validate<A>(algorithm: &A, jwk: &Value, token: &str) -> Result<Token<Value>, String>
where
    A: Compact,
    A::VerifyingKey: for<'a> TryFrom<&'a JsonWebKey<'static>, Error = CompactError>,
{
    let jwk: JsonWebKey<'static> = serde_json::from_value(jwk.clone()).unwrap();
    let key = A::VerifyingKey::try_from(&jwk).unwrap();
    let token = UntrustedToken::new(token).map_err(|e| e.to_string())?;
    let validator = algorithm.validator::<Value>(&key);
    validator.validate(&token).map_err(|e| e.to_string())
}

fn validate_with(key: &DevKey, token: &str) -> Result<Token<Value>, String> {
    let jwk = key.public_jwk();
    match key.algorithm() {
        Algorithm::Es256 => validate(&Es256, &jwk, token),
        Algorithm::Es384 => validate(&Es384, &jwk, token),
        Algorithm::EdDsa => validate(&Ed25519, &jwk, token),
        rsa => validate(&Rsa::with_name(rsa.as_str()), &jwk, token),
    }
}

/// A key for every algorithm. RSA keys take a second each, so all tests share these.
fn every_key() -> impl Iterator<Item = DevKey> {
    static KEYS: LazyLock<Vec<DevKey>> = LazyLock::new(|| {
        Algorithm::ALL.into_iter().map(|algorithm| DevKey::derive(algorithm, "pinned")).collect()
    });
    KEYS.iter().cloned()
}

/// Another key for every algorithm; those of RSA have the same numbers.
fn every_other_key() -> impl Iterator<Item = DevKey> {
    static RSA: LazyLock<Value> =
        LazyLock::new(|| DevKey::derive(Algorithm::Rs256, "someone else").private_jwk());
    Algorithm::ALL.into_iter().map(|algorithm| match algorithm {
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => {
            DevKey::derive(algorithm, "someone else")
        }
        _ => altered(&RSA, "alg", json!(algorithm.as_str())).unwrap(),
    })
}

#[test]
fn another_seed_or_another_algorithm_gives_another_key() {
    let kids: BTreeSet<String> = every_key().map(|key| key.kid().to_owned()).collect();
    assert_eq!(kids.len(), Algorithm::ALL.len());
    assert!(every_other_key().all(|key| !kids.contains(key.kid())));
}

#[test]
fn a_key_survives_its_private_jwk() {
    for key in every_key() {
        let read = DevKey::from_private_jwk(&key.private_jwk()).unwrap();
        assert_eq!(read.private_jwk(), key.private_jwk());
        assert_eq!(read.algorithm(), key.algorithm());
        let named = DevKey::from_private_jwk(&key.with_kid("mine").private_jwk()).unwrap();
        assert_eq!(named.kid(), "mine");
    }
}

#[test]
fn a_public_jwk_holds_nothing_secret() {
    for key in every_key() {
        let (private, public) = (key.private_jwk(), key.public_jwk());
        let (private, public) = (private.as_object().unwrap(), public.as_object().unwrap());
        for name in ["d", "p", "q", "dp", "dq", "qi"] {
            assert!(!public.contains_key(name), "{name} in {public:?}");
        }
        assert!(private.contains_key("d"));
        assert!(public.iter().all(|(name, value)| private.get(name) == Some(value)));
        assert!(!format!("{key:?}").contains(private["d"].as_str().unwrap()));
    }
}

#[test]
fn a_signed_token_is_valid_for_its_key_only() {
    for (key, other) in every_key().zip(every_other_key()) {
        let spec = TokenSpec::new(&key).claim("sub", "alice").claim("n", 7);
        let token = spec.sign(&key);
        let read = validate_with(&key, &token).unwrap();
        assert_eq!(read.claims().custom["sub"], "alice");
        assert_eq!(read.header().key_id.as_deref(), Some(key.kid()));
        assert!(validate_with(&other, &token).is_err());
        let altered = spec.claim("sub", "mallory").signing_input();
        let (_, signature) = token.rsplit_once('.').unwrap();
        assert!(validate_with(&key, &format!("{altered}.{signature}")).is_err());
    }
}

#[test]
fn a_header_is_signed_exactly_as_given() {
    let key = DevKey::derive(Algorithm::EdDsa, "header");
    let spec = TokenSpec::new(&key)
        .header("alg", "none")
        .header("crit", json!(["x"]))
        .without_header("kid")
        .claim("gone", 1)
        .without_claim("gone");
    assert_eq!(
        Value::Object(spec.header.clone()),
        json!({"alg": "none", "crit": ["x"], "typ": "JWT"})
    );
    assert!(spec.claims.is_empty());
    assert_eq!(spec.sign(&key).split('.').count(), 3);
}

#[test]
fn a_key_set_lists_public_keys() {
    let keys: Vec<DevKey> = every_key().collect();
    let set = jwks(&keys.iter().collect::<Vec<_>>());
    let kids: Vec<&str> =
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(kids, keys.iter().map(DevKey::kid).collect::<Vec<_>>());
    assert!(!set.to_string().contains("\"d\""));
}

/// Reads `jwk` with one member replaced (`null` removes it).
fn altered(jwk: &Value, member: &str, value: Value) -> Result<DevKey, JwkError> {
    let mut jwk = jwk.clone();
    let members = jwk.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(member);
    } else {
        members.insert(member.to_owned(), value);
    }
    DevKey::from_private_jwk(&jwk)
}

#[test]
fn a_malformed_private_jwk_is_refused_by_the_member_at_fault() {
    for jwk in every_key().map(|key| key.private_jwk()) {
        let refused = |member, value| altered(&jwk, member, value).unwrap_err();
        assert!(matches!(refused("kty", json!(null)), JwkError::NotAnObject));
        assert!(matches!(
            refused("kty", json!("oct")),
            JwkError::Unsupported { member: "kty", .. }
        ));
        assert!(matches!(refused("d", json!(null)), JwkError::Missing("d", _)));
        assert!(matches!(refused("d", json!(7)), JwkError::NotAString("d")));
        assert!(matches!(refused("d", json!("a+b/")), JwkError::NotBase64Url("d")));
        assert!(matches!(refused("d", json!("AAAA")), JwkError::Invalid(_)));
        assert!(matches!(refused("kid", json!(7)), JwkError::NotAString("kid")));
        assert!(matches!(refused("alg", json!("HS256")), JwkError::WrongAlgorithm { .. }));
    }
    for junk in [json!(null), json!([]), json!("x"), json!({})] {
        let refused = DevKey::from_private_jwk(&junk).unwrap_err();
        assert!(matches!(refused, JwkError::NotAnObject));
    }
}

#[test]
fn the_alg_of_a_private_jwk_says_which_of_its_types_algorithms_is_meant() {
    for key in every_key() {
        let jwk = key.private_jwk();
        let is_rsa = jwk["kty"] == "RSA";
        let unnamed = altered(&jwk, "alg", Value::Null).unwrap();
        assert_eq!(unnamed.algorithm(), if is_rsa { Algorithm::Rs256 } else { key.algorithm() });
        for other in Algorithm::ALL {
            let suits = other == key.algorithm() || is_rsa && "RP".contains(&other.as_str()[..1]);
            match altered(&jwk, "alg", json!(other.as_str())) {
                Ok(read) => assert!(suits && read.algorithm() == other, "{key:?} {other}"),
                Err(JwkError::WrongAlgorithm { found, expected }) => {
                    assert!(!suits && found == other.as_str(), "{key:?} {other}");
                    assert!(expected.contains(&key.algorithm()));
                }
                Err(error) => panic!("{key:?} {other}: {error}"),
            }
        }
    }
}

#[test]
fn a_curve_key_whose_halves_or_curve_do_not_fit_is_refused() {
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa] {
        let jwk = every_key().find(|key| key.algorithm() == algorithm).unwrap().private_jwk();
        let other = DevKey::derive(algorithm, "not this one").private_jwk();
        let refused = |member, value| altered(&jwk, member, value).unwrap_err();
        assert!(matches!(refused("crv", json!(null)), JwkError::Missing("crv", _)));
        assert!(matches!(
            refused("crv", json!("P-521")),
            JwkError::Unsupported { member: "crv", .. }
        ));
        assert!(matches!(
            refused("d", other["d"].clone()),
            JwkError::Invalid(CompactError::MismatchedKeys)
        ));
    }
}

#[test]
fn an_rsa_key_whose_numbers_make_no_key_is_refused() {
    let jwk = every_key().next().unwrap().private_jwk();
    for member in ["n", "e", "p", "q"] {
        for number in ["", "AA", "AQ", "____"] {
            let refused = altered(&jwk, member, json!(number)).unwrap_err();
            assert!(matches!(refused, JwkError::Invalid(_)), "{member}={number}: {refused}");
        }
    }
}

/// Pins the derivation: keys that a seed names must not change with a dependency or a
/// platform, or every stored token and key set made from it would break.
#[test]
fn a_seed_names_the_same_keys_on_every_platform() {
    let kids: Vec<(&str, String)> =
        every_key().map(|key| (key.algorithm().as_str(), key.kid().to_owned())).collect();
    let pinned = [
        ("RS256", "QIEwvkrLAU31qxxOUQ7zH5u5CAmoDiY0wjWZfajxHaA"),
        ("RS384", "_Lk1hNzkpUMNR53OhwHv5szlAfezDSNbGhT1E-K8z2M"),
        ("RS512", "K1w3KwN4Z0nFt8vjRBiQtLIjK3TsYlWPf9Vn3sCcsLE"),
        ("PS256", "u7ZDvOwHhXF9SjCepL6YvoIo7Wah38LbsUzqKNTyAK4"),
        ("PS384", "OwMyvUfyQOraL8sGxMILIFfPgPme1qjJrKswAnuhpxw"),
        ("PS512", "MbA4lr6uPYdAftzB8naoTvluxyFIK1hyl1yv9zxN61Q"),
        ("ES256", "vpGip4qGMDL8omSnVkPcW35i8vK_TnJPXFpOwmjHvfk"),
        ("ES384", "K_IVeVBHM0SRZaXwsedZPVN5WrA5gzLA7wX97wt3lxI"),
        ("EdDSA", "If9dEe7OdWrfnwz7hc08SwhjWpDiTa0eyoqaMgJOYEE"),
    ];
    assert_eq!(kids, pinned.map(|(algorithm, kid)| (algorithm, kid.to_owned())));
}
