//! Any bytes as an artifact: as they are, and as the content of one whose header and digest are
//! right, so that the rows are reached. Refused, or a policy that answers whatever it is asked.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use tenantguard::artifact::evaluate::{Question, Subject};
use tenantguard::artifact::layout::Header;
use tenantguard::artifact::{Policy, PolicyDigest, Trusted, content_digest, read_header};
use tenantguard::path::NormalPath;
use tenantguard::time::UnixTime;
use tenantguard_policy::{Format, NoFiles};
use zerocopy::IntoBytes as _;

static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let policy = tenantguard_policy::compile(include_str!("policy.json"), Format::Json, &NoFiles);
    policy.expect("the policy is good").artifact().to_vec()
});

fuzz_target!(|bytes: &[u8]| {
    ask(bytes);
    ask(&with_header(bytes));
    ask(&with_header(&damaged(bytes)));
});

/// The bytes behind a header that fits them.
fn with_header(content: &[u8]) -> Vec<u8> {
    let mut header = read_header(&GOOD).expect("the artifact is good");
    header.content = content_digest(PolicyDigest(header.policy), content);
    [header.as_bytes(), content].concat()
}

/// The content of a good artifact with some bytes changed: each three bytes of the input are a
/// place and what is put there.
fn damaged(edits: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = GOOD.iter().skip(size_of::<Header>()).copied().collect();
    for edit in edits.chunks_exact(3).take(64) {
        let [high, low, value] = edit else { continue };
        let place = usize::from(*high) << 8 | usize::from(*low);
        let length = content.len();
        if let Some(byte) = content.get_mut(place % length) {
            *byte = *value;
        }
    }
    content
}

fn ask(bytes: &[u8]) {
    let Ok(policy) = Policy::load(Arc::from(bytes), Trusted::Anybody) else { return };
    for raw in ["/", "/api/v1/reports/7", "/api/v1/tenants/acme/reports/7", "/a/b/c/d/e/f/g/h"] {
        let path = NormalPath::parse(raw.as_bytes()).expect("this is a path");
        for tenant in ["acme", "globex", ""] {
            for roles in [&["viewer"][..], &["editor", "viewer"], &[]] {
                let subject =
                    Subject { tenant, principal: "platform/alice", roles, named_tenant: None };
                let at = UnixTime::from_secs(1_800_000_000);
                let question = Question { host: "api.example.com", method: "GET", path: &path, at };
                let _ = policy.evaluate(&subject, &question).is_allowed();
            }
        }
    }
    let rows = policy.tenants().count() + policy.roles().count() + policy.permissions().count();
    assert!(rows <= bytes.len());
}
