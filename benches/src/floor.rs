//! What the floor filter is told to do (`floor-filter/src/work.rs`). Where it has a signature
//! verified, the argument of Envoy's foreign function `verify_signature` is made here, beforehand:
//! `envoy.source.extensions.common.wasm.VerifySignatureArguments`, as protobuf.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use tenantguard::token::{Algorithm, Key, ecdsa_der};
use tenantguard_bench::tokens::{TokenSet, Tokens};

use crate::variant::Variant;

/// Has the tokens verified that the variant is measured with.
pub(crate) fn verify(variant: Variant, tokens: &Tokens) -> Result<String> {
    let keys = tokens.issuers().iter().filter_map(|issuer| issuer.jwks["keys"].as_array());
    let keys: Vec<&Value> = keys.flatten().collect();
    let mut configuration = "verify".to_owned();
    for set in tokens.sets().filter(|set| variant.measures(set.algorithm)) {
        let name = set.algorithm.as_str();
        let key = keys.iter().find(|key| key["alg"] == name).context("a token without a key")?;
        let argument = argument(set, key).with_context(|| format!("prepare to verify {name}"))?;
        configuration += &format!("\n{} {}", set.good, STANDARD.encode(argument));
    }
    Ok(configuration)
}

fn argument(set: &TokenSet, key: &Value) -> Result<Vec<u8>> {
    let algorithm = Algorithm::parse(set.algorithm.as_str()).context("an unknown algorithm")?;
    let (text, signature) = set.good.rsplit_once('.').context("no compact token")?;
    let signature = URL_SAFE_NO_PAD.decode(signature)?;
    let signature = ecdsa_der(algorithm, &signature).unwrap_or(signature);
    let key = Key::from_jwk(key)?;
    let fields = [b"sha256", key.spki_der(), &signature, text.as_bytes()];
    let mut message = Vec::new();
    for (number, field) in (1..).zip(fields) {
        put(&mut message, number, field);
    }
    Ok(message)
}

/// Adds a field of bytes: its number and wire type 2, its length, itself.
fn put(message: &mut Vec<u8>, number: u8, field: &[u8]) {
    message.push(number << 3 | 2);
    let mut length = field.len();
    while length >= 0x80 {
        message.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    message.push(length as u8);
    message.extend(field);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_its_tag_its_length_and_itself() {
        for (length, head) in [(3, vec![0x12, 3]), (300, vec![0x12, 0xac, 0x02])] {
            let mut message = Vec::new();
            put(&mut message, 2, &vec![7; length]);
            assert_eq!(message, [head, vec![7; length]].concat());
        }
    }

    #[test]
    fn every_token_that_is_measured_is_prepared() {
        let configuration =
            verify(Variant::LeastWasmCold, &Tokens::mint(1_800_000_000)).expect("keys");
        let lines: Vec<&str> = configuration.lines().collect();
        assert_eq!((lines[0], lines.len()), ("verify", 3));
        for line in &lines[1..] {
            let (token, argument) = line.split_once(' ').expect("a token and its argument");
            let argument = STANDARD.decode(argument).expect("base64");
            let (text, _) = token.rsplit_once('.').expect("a compact token");
            assert!(argument.starts_with(b"\x0a\x06sha256\x12"), "{argument:?}");
            assert!(argument.ends_with(text.as_bytes()), "{argument:?}");
        }
    }
}
