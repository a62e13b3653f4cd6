//! Any bytes as an artifact: refused with a reason, or a policy that answers whatever it is asked.
//! A changed byte is caught by the digest; where somebody has put the digest right again, by the
//! checks of every row, or it was a byte that may be so.

use std::sync::Arc;

use crate::common::{GOOD, files};
use proptest::prelude::*;
use tenantguard::artifact::evaluate::{Question, Subject};
use tenantguard::artifact::layout::Header;
use tenantguard::artifact::{ArtifactError, Policy, PolicyDigest, Trusted, content_digest};
use tenantguard::path::NormalPath;
use tenantguard::time::UnixTime;
use tenantguard_policy::{Format, compile};

/// Where the policy's digest stands in the header: behind magic, version and count.
const POLICY: std::ops::Range<usize> = 16..48;
/// Where the content's digest stands in the header: behind magic, version, count and policy digest.
const DIGEST: std::ops::Range<usize> = 48..80;

fn good() -> Vec<u8> {
    compile(GOOD, Format::Yaml, &files()).expect("the policy is good").artifact().to_vec()
}

fn load(bytes: &[u8]) -> Result<Policy, ArtifactError> {
    Policy::load(Arc::from(bytes), Trusted::Anybody)
}

/// Puts the digest right, as somebody would who means harm.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let policy = bytes.get(POLICY).and_then(|digest| digest.try_into().ok());
    let policy = PolicyDigest(policy.unwrap_or_default());
    let digest = content_digest(policy, bytes.get(size_of::<Header>()..).unwrap_or_default());
    if let Some(slot) = bytes.get_mut(DIGEST) {
        slot.copy_from_slice(&digest);
    }
    bytes
}

/// Asks a policy whatever it can be asked.
fn ask_everything(policy: &Policy) {
    for raw in ["/", "/healthz", "/reports/7", "/tenants/acme/users", "/tenants/x/y/z", "/%41"] {
        let path = NormalPath::parse(raw.as_bytes()).expect("this is a path");
        for (tenant, roles) in
            [("acme", &["admin"][..]), ("globex", &["editor", "viewer"]), ("", &["", "nobody"])]
        {
            let subject =
                Subject { tenant, principal: "platform/alice", roles, named_tenant: None };
            let at = UnixTime::from_secs(1_800_000_000);
            let question = Question { host: "api.example.com", method: "GET", path: &path, at };
            let _ = policy.evaluate(&subject, &question).is_allowed();
        }
    }
    let tenants =
        policy.tenants().filter(|tenant| tenant.id().len() + tenant.cell().len() > 0).count();
    let own = policy.tenants().map(|tenant| policy.own_roles(&tenant).count()).sum::<usize>();
    let roles = policy.roles().filter_map(|(id, _)| policy.base_role(id)).count();
    let issuers = policy.issuers().count();
    assert!(tenants + own + roles + issuers <= policy.artifact().len());
}

#[test]
fn the_digest_stands_where_the_tests_put_it() {
    let artifact = good();
    assert_eq!(resealed(artifact.clone()), artifact);
    assert!(load(&artifact).is_ok());
}

#[test]
fn an_artifact_that_was_cut_off_is_refused_at_every_length() {
    let artifact = good();
    for length in 0..artifact.len() {
        let cut = &artifact[..length];
        assert!(load(cut).is_err(), "{length} of {}", artifact.len());
        assert!(load(&resealed(cut.to_vec())).is_err(), "{length}, with its digest");
    }
    assert!(load(&[&artifact[..], &[0]].concat()).is_err());
}

#[test]
fn a_changed_byte_of_the_content_does_not_match_the_digest() {
    let artifact = good();
    for at in size_of::<Header>()..artifact.len() {
        let mut changed = artifact.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(load(&changed).is_err(), "byte {at}");
    }
}

#[test]
fn a_changed_byte_under_a_good_digest_is_refused_or_harmless() {
    let artifact = good();
    let mut accepted = 0;
    for at in 0..artifact.len() {
        for mask in [1 << (at % 8), 0xff] {
            let mut changed = artifact.clone();
            changed[at] ^= mask;
            if let Ok(policy) = load(&resealed(changed)) {
                ask_everything(&policy);
                accepted += 1;
            }
        }
    }
    assert!(accepted < artifact.len(), "most changes are noticed: {accepted} were not");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(load(&bytes).is_err());
        let artifact = good();
        let behind_a_header = [&artifact[..size_of::<Header>()], &bytes].concat();
        prop_assert!(load(&resealed(behind_a_header)).is_err());
    }

    #[test]
    fn changes_in_many_places_under_a_good_digest_do_not_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
    ) {
        let mut artifact = good();
        for (place, value) in edits {
            let at = place.index(artifact.len());
            artifact[at] = value;
        }
        if let Ok(policy) = load(&resealed(artifact)) {
            ask_everything(&policy);
        }
    }
}
