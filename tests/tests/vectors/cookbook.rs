//! RFC 7520, section 3 and 4, RFC 7797 and RFC 8037 as the JOSE cookbook publishes them, read from
//! files that are not part of this project. Where they are missing, one line says so.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::Value;
use tenantguard::token::{Algorithm, Key, KeyError, PureRust, TokenError, Verifier as _};
use tenantguard_mint::DevKey;

use super::{decoded, public_half, refusal};

/// A line that the test runner does not swallow when the test passes.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Every example of a folder by its file name; `None` where the cookbook is not there.
fn examples(folder: &str) -> Option<BTreeMap<String, Value>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/rfc7520");
    if !root.is_dir() {
        say(&format!("skipped: {folder} of the JOSE cookbook is not there"));
        return None;
    }
    let files = fs::read_dir(root.join(folder)).expect("the folder can be read");
    let files = files.map(|entry| entry.expect("an entry can be read").path());
    let is_json = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("the file can be read");
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (name, serde_json::from_str(&text).expect("the file is JSON"))
    };
    Some(files.filter(is_json).map(read).collect())
}

/// One signature of an example: an example has one or a list of each.
struct Signed {
    jwk: Value,
    alg: String,
    input: String,
    signature: Vec<u8>,
}

fn signatures(example: &Value) -> Vec<Signed> {
    let list = |value: &Value| match value {
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let [keys, algorithms] = ["key", "alg"].map(|member| list(&example["input"][member]));
    let signed = list(&example["signing"]).into_iter().zip(keys.into_iter().zip(algorithms));
    signed
        .map(|(signed, (jwk, alg))| Signed {
            jwk,
            alg: text(&alg),
            input: text(&signed["sig-input"]),
            signature: decoded(&text(&signed["sig"])),
        })
        .collect()
}

/// What we say of one signature: whether it verifies, or why its key is refused.
fn judge(signed: &Signed) -> Result<bool, KeyError> {
    let key = Key::from_jwk(&public_half(&signed.jwk))?;
    let algorithm = Algorithm::parse(&signed.alg).expect("a key that we accept has its algorithm");
    let verifies =
        |input: &str| PureRust.verifies(&key, algorithm, input.as_bytes(), &signed.signature);
    assert!(!verifies(&format!("{}A", signed.input)), "one more letter is another text");
    Ok(verifies(&signed.input))
}

#[test]
fn each_signature_verifies_or_its_key_is_refused() {
    let Some(mut all) = examples("jws") else { return };
    all.extend(examples("curve25519").unwrap_or_default().into_iter().filter(|(n, _)| n == "jws"));
    let mut verified = BTreeMap::<String, u32>::new();
    let mut refused = BTreeMap::<String, u32>::new();
    for (name, example) in &all {
        for signed in signatures(example) {
            match (signed.alg.as_str(), judge(&signed)) {
                ("RS256" | "PS384" | "EdDSA", Ok(true)) => {
                    *verified.entry(signed.alg).or_default() += 1;
                }
                ("ES512", Err(KeyError::Algorithm)) | ("HS256", Err(KeyError::Secret)) => {
                    *refused.entry(signed.alg).or_default() += 1;
                }
                (alg, judged) => panic!("{name}: {alg}: {judged:?}"),
            }
        }
    }
    say(&format!("JOSE cookbook: verified {verified:?}, refused {refused:?}"));
    let counts = |counts: &[(&str, u32)]| -> BTreeMap<String, u32> {
        counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    };
    assert_eq!(verified, counts(&[("EdDSA", 1), ("PS384", 1), ("RS256", 2)]));
    assert_eq!(refused, counts(&[("ES512", 2), ("HS256", 5)]));
}

#[test]
fn each_compact_serialization_is_refused_for_the_first_rule_that_it_breaks() {
    let Some(mut all) = examples("jws") else { return };
    for folder in ["rfc7797", "curve25519"] {
        all.extend(examples(folder).unwrap_or_default());
    }
    let mut seen = 0;
    for (name, example) in &all {
        let Some(compact) = example["output"]["compact"].as_str() else { continue };
        let refused = refusal(compact);
        let is_right = match (name.as_str(), &refused) {
            // Their payload is text, so they are no tokens, though their signatures are right.
            ("4_1.rsa_v15_signature" | "4_2.rsa-pss_signature" | "jws", Some(error)) => {
                matches!(error, TokenError::Json { .. })
            }
            ("4_3.ecdsa_signature", Some(TokenError::Algorithm(alg))) => alg == "ES512",
            ("hmac-sha2_b64_false", error) => *error == Some(TokenError::UnencodedPayload),
            ("ecdh-es", error) => *error == Some(TokenError::Encrypted),
            (_, Some(TokenError::Algorithm(alg))) => alg == "HS256",
            _ => false,
        };
        assert!(is_right, "{name}: {refused:?}");
        seen += 1;
    }
    say(&format!("JOSE cookbook: {seen} compact serializations refused, each for its own reason"));
    assert_eq!(seen, 8);
}

#[test]
fn only_public_keys_for_our_algorithms_are_keys() {
    let Some(all) = examples("jwk") else { return };
    for (name, jwk) in &all {
        let read = Key::from_jwk(jwk).map(|_| ());
        let expected = match name.as_str() {
            "3_1.ec_public_key" => Err(KeyError::Algorithm),
            "3_3.rsa_public_key" => Ok(()),
            _ => Err(KeyError::Secret),
        };
        assert_eq!(read, expected, "{name}");
    }
    say(&format!("JOSE cookbook: {} keys read or refused", all.len()));
    assert_eq!(all.len(), 6);
}

/// PKCS #1 v1.5 has no randomness, so the cookbook's signature is the only one.
#[test]
fn a_development_key_makes_the_cookbooks_rs256_signature() {
    let Some(all) = examples("jws") else { return };
    let example = &all["4_1.rsa_v15_signature"];
    let signed = signatures(example).remove(0);
    let key = DevKey::from_private_jwk(&signed.jwk).expect("it is a private key");
    assert_eq!(key.sign(signed.input.as_bytes()), signed.signature);
}
