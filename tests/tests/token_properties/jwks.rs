//! Keys from a set that somebody else publishes: any JSON is read or refused, a secret is never
//! taken for a public key, and a key that was read verifies nothing that it did not sign.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;
use serde_json::{Map, Value, json};
use tenantguard::token::{Algorithm, Key, KeyError, PureRust, Verifier as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::world;

const RSA_SECRETS: &[&str] = &["d", "p", "q", "dp", "dq", "qi"];

/// Bytes of a length that some key has, or nearly.
fn number() -> impl Strategy<Value = Value> {
    let length =
        select(vec![0usize, 1, 3, 31, 32, 33, 47, 48, 49, 128, 255, 256, 257, 384, 512, 600]);
    let bytes = length.prop_flat_map(|length| proptest::collection::vec(any::<u8>(), length));
    let odd = bytes.prop_map(|mut bytes| {
        bytes.iter_mut().next_back().into_iter().for_each(|last| *last |= 1);
        bytes.iter_mut().next().into_iter().for_each(|first| *first |= 0x80);
        json!(URL_SAFE_NO_PAD.encode(bytes))
    });
    let other =
        select(vec![json!(null), json!(7), json!(""), json!("="), json!("AQAB"), json!("Ag")]);
    prop_oneof![4 => odd, 1 => other]
}

fn jwk() -> impl Strategy<Value = Value> {
    let kty = select(vec![json!("RSA"), json!("EC"), json!("OKP"), json!("oct"), json!(7)]);
    let crv = select(vec!["P-256", "P-384", "P-521", "Ed25519", "X25519"]).prop_map(|c| json!(c));
    let alg = select(vec!["RS256", "PS512", "ES256", "ES384", "EdDSA", "HS256", "none"]);
    let ops =
        select(vec![json!(["verify"]), json!([]), json!("verify"), json!(["sign", "verify"])]);
    let maybe = |name: &'static str, value: BoxedStrategy<Value>, weight: u32| prop_oneof![weight => value.prop_map(move |v| Some((name.to_owned(), v))), 1 => Just(None)];
    let exponent = prop_oneof![4 => Just(json!("AQAB")), 1 => number()].boxed();
    let public = (
        maybe("kty", kty.boxed(), 20),
        maybe("crv", crv.boxed(), 5),
        maybe("n", number().boxed(), 5),
        maybe("e", exponent, 5),
        maybe("x", number().boxed(), 5),
        maybe("y", number().boxed(), 5),
    );
    let purpose = (
        prop_oneof![3 => Just(None), 1 => alg.prop_map(|a| Some(("alg".to_owned(), json!(a))))],
        prop_oneof![5 => Just(None), 1 => ops.prop_map(|o| Some(("key_ops".to_owned(), o)))],
        prop_oneof![5 => Just(None), 1 => Just(Some(("use".to_owned(), json!("enc"))))],
    );
    (public, purpose).prop_map(|((a, b, c, d, e, f), (g, h, i))| {
        Value::Object([a, b, c, d, e, f, g, h, i].into_iter().flatten().collect::<Map<_, _>>())
    })
}

/// A published key of each kind.
fn good() -> Vec<Value> {
    world::platform_keys().iter().map(tenantguard_mint::DevKey::public_jwk).collect()
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(500) })]

    #[test]
    fn any_jwk_is_read_or_refused_and_verifies_nothing(
        jwk in jwk(),
        signature in proptest::collection::vec(any::<u8>(), 0..520),
    ) {
        if let Ok(key) = Key::from_jwk(&jwk) {
            for (algorithm, name) in Algorithm::ALL {
                for length in [0, 64, 96, 256, 384, 512, signature.len()] {
                    let mut signature = signature.clone();
                    signature.resize(length, 0);
                    let verifies = PureRust.verifies(&key, algorithm, b"message", &signature);
                    prop_assert!(!verifies, "{} {} {}", name, length, &jwk);
                }
            }
        }
    }

    #[test]
    fn a_member_that_is_altered_makes_another_key_or_none(
        position in 0..9usize,
        member in select(&["kty", "crv", "n", "e", "x", "y", "alg", "use", "key_ops"][..]),
        value in prop_oneof![number(), Just(json!(["sign"])), Just(json!("RS384")), Just(json!({}))],
    ) {
        let key = &world::platform_keys()[position];
        let own = key.public_jwk();
        let mut jwk = own.clone();
        jwk[member] = value;
        prop_assume!(jwk != own);
        let signature = key.sign(b"message");
        let algorithm = Algorithm::parse(key.algorithm().as_str()).expect("the core has it too");
        if let Ok(read) = Key::from_jwk(&jwk) {
            let verifies = PureRust.verifies(&read, algorithm, b"message", &signature);
            let is_irrelevant = ["alg", "use", "key_ops"].contains(&member)
                || jwk["kty"] == "RSA" && ["crv", "x", "y"].contains(&member)
                || jwk["kty"] != "RSA" && ["n", "e"].contains(&member)
                || jwk["kty"] == "OKP" && member == "y";
            prop_assert!(!verifies || is_irrelevant, "{}", jwk);
        }
    }
}

/// RFC 7518, section 6.3.2: a private RSA key may have `d` alone; any of its numbers gives it away.
#[test]
fn a_key_with_any_of_its_secret_numbers_is_refused_as_secret() {
    for mut jwk in good() {
        assert!(Key::from_jwk(&jwk).is_ok(), "{jwk}");
        let secrets = if jwk["kty"] == "RSA" { RSA_SECRETS } else { &["d"][..] };
        for name in secrets {
            jwk[*name] = json!("AQAB");
            assert_eq!(Key::from_jwk(&jwk).map(|_| ()), Err(KeyError::Secret), "{name} in {jwk}");
            jwk.as_object_mut().expect("a JWK is an object").remove(*name);
        }
    }
}

/// Points of order 1, 2, 4 and 8 on the curve: whoever publishes one of them as a key lets
/// anybody sign.
#[test]
fn an_ed25519_key_for_which_anybody_can_sign_is_refused() {
    for x in [
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "7P_______________________________________38",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU",
        "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o",
    ] {
        let read = Key::from_jwk(&json!({"kty": "OKP", "crv": "Ed25519", "x": x})).map(|_| ());
        assert!(matches!(read, Err(KeyError::Weak | KeyError::Invalid(_))), "{x}: {read:?}");
    }
}
