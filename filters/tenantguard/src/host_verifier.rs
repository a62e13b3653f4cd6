//! Signatures by the host: Envoy's foreign function `verify_signature`, natively and many times
//! faster than in the guest. Other hosts do not have it, so it is tried at start and used only if
//! it tells a good signature from a bad one.
//!
//! It does RSA PKCS#1 v1.5 and ECDSA, whose signatures it takes in DER. What it accepts too freely
//! (SHA-1, short keys) never gets here: the core's keys and algorithms leave no room for it.

use prost::Message;
use proxy_wasm::hostcalls;
use serde_json::json;
use tenantguard::token::{Algorithm, Key, PureRust, Verifier, ecdsa_der};

const FUNCTION: &str = "verify_signature";

/// Verifies by the host where the host can, in the guest otherwise.
#[derive(Debug)]
pub(crate) struct HostVerifier(());

/// The function's argument, `envoy.source.extensions.common.wasm.VerifySignatureArguments`.
#[derive(Message)]
struct Arguments {
    #[prost(string, tag = "1")]
    hash_function: String,
    #[prost(bytes = "vec", tag = "2")]
    public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    text: Vec<u8>,
}

/// What the function returns.
#[derive(Message)]
struct Outcome {
    #[prost(bool, tag = "1")]
    is_valid: bool,
    #[prost(string, tag = "2")]
    error: String,
}

impl HostVerifier {
    /// The host's verifier, if this host has one that works.
    pub(crate) fn detect() -> Option<Self> {
        let keys = [
            (json!({"kty": "RSA", "n": RSA_N, "e": "AQAB"}), Algorithm::Rs256, RS256),
            (
                json!({"kty": "EC", "crv": "P-256", "x": P256_X, "y": P256_Y}),
                Algorithm::Es256,
                ES256,
            ),
        ];
        let tells_good_from_bad = keys.iter().all(|(jwk, algorithm, signature)| {
            let (Ok(key), Some(signature)) = (Key::from_jwk(jwk), decode(signature)) else {
                return false;
            };
            let answer = |text: &[u8]| ask(&key, *algorithm, text, &signature);
            answer(SELF_TEST) == Some(true) && answer(b"something else") != Some(true)
        });
        tells_good_from_bad.then_some(Self(()))
    }
}

impl Verifier for HostVerifier {
    fn verifies(&self, key: &Key, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match hash_of(algorithm) {
            // A host that fails to answer has not verified anything.
            Some(_) => ask(key, algorithm, message, signature).unwrap_or(false),
            None => PureRust.verifies(key, algorithm, message, signature),
        }
    }
}

/// The hash, for the algorithms that the host does.
fn hash_of(algorithm: Algorithm) -> Option<&'static str> {
    match algorithm {
        Algorithm::Rs256 | Algorithm::Es256 => Some("sha256"),
        Algorithm::Rs384 | Algorithm::Es384 => Some("sha384"),
        Algorithm::Rs512 => Some("sha512"),
        Algorithm::Ps256 | Algorithm::Ps384 | Algorithm::Ps512 | Algorithm::EdDsa => None,
    }
}

fn ask(key: &Key, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Option<bool> {
    let signature = match algorithm {
        Algorithm::Es256 | Algorithm::Es384 => match ecdsa_der(algorithm, signature) {
            Some(der) => der,
            None => return Some(false),
        },
        _ => signature.to_vec(),
    };
    let arguments = Arguments {
        hash_function: hash_of(algorithm)?.to_owned(),
        public_key: key.spki_der().to_vec(),
        signature,
        text: message.to_vec(),
    };
    let answer = hostcalls::call_foreign_function(FUNCTION, Some(&arguments.encode_to_vec()));
    let outcome = Outcome::decode(answer.ok()??.as_slice()).ok()?;
    Some(outcome.is_valid)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text).ok()
}

/// What the signatures below are over. Their private keys were thrown away when they were made.
const SELF_TEST: &[u8] = b"tenantguard self-test";
const RSA_N: &str = "txtJb_VefUY5Cekm_uwXEjUg5JfVu9Dp4tk2RbuV2YXgEnRltSnHYHP8jTu3FoJ-l_JYMpJBVrSNhZ0SES_aw7kInCoYZ_cNrva0wg7mhDxkl-pXiY_gKDe09eBFGfPztrr8prOhqigQQWQEyvrSfCd_Rqt3lxYKHqmsuZGKcsz1GaQd3f0s6VJpUDhR1CUkiJsd3WvZyNQ9lnOwhwlnRFKRqiWZkx2GZ9oY-Rq8uEBhXjmukW55wtglbw1tLxhj3WssTn993E4pGrt0Q8TczNrEczKRtDEKnA58atRom8ev3rLjPfTM1N975jcbMw24L0Sc1x4xp85mzU-uA_hsKQ";
const RS256: &str = "libZ-lBfgd3A9OHqArWcCncXumoXGyr10BQG8oTq7JeVLkGbKUkAIMUsAuK14AuIR_k0sSFeA_SLhWy2R1IuDbvw-FCfyx110vWhR0UGxYZMYe4i5klnhSHXGu_Bvtw0QIC3XI_KkJMq-aryll9npRdWw45nY1dXshL9bo5_jL4ZJo2jT67KtRqgbvbd9WePNhippYiDO9k6BwbXN0qexAWPej-vI3j6utW5wqW4a1o9guKmSIlm5n1ktxUh--yl8sxcccfkck_0zLDKFQNnoz6DTZS6SJX4DjffNyJDGrAW6R0yczokcydsGAin8eFRAbul1i4oILjYnOMYVJFHGA";
const P256_X: &str = "qJJgB-oudmDKseuiAKOwviKA0H9n6YhEJQAyOnbuXNE";
const P256_Y: &str = "XztyoEB47sr0m0zWNEyCCkA20CCLuUk3gy3WGxyaN-g";
const ES256: &str =
    "n3tdRYGD3Uup945RZ1jDTfVzKxA7cTIHGZQJkTcR3JnUgifYQWG77P0LE2m-4GRZNG4Q2eGODfGhhaH-LgkW7A";
