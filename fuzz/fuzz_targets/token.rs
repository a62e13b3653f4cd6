//! Any text as a token, and any two texts as the header and claims of a signed one. Signatures are
//! taken as good, so that what an issuer's key could sign is reached too.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use tenantguard::gate::{Gate, Step};
use tenantguard::request::{Request, RequestIds};
use tenantguard::time::{Now, UnixTime};
use tenantguard::token::{Algorithm, CompactToken, Key, Verifier};
use tenantguard_policy::{Format, NoFiles};

const POLICY: &str = include_str!("policy.json");

/// Takes any signature.
#[derive(Debug)]
struct Credulous;

impl Verifier for Credulous {
    fn verifies(&self, _: &Key, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        true
    }
}

static GATE: LazyLock<Gate> = LazyLock::new(|| {
    let policy = tenantguard_policy::compile(POLICY, Format::Json, &NoFiles);
    Gate::with_verifier(Arc::new(policy.expect("the policy is good")), Arc::new(Credulous), 0)
});

fuzz_target!(|text: &str| {
    decide(text);
    if let Some((header, claims)) = text.split_once('\n') {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        decide(&format!("{}.{}.{}", part(header), part(claims), part("signature")));
    }
});

/// Whatever is permitted was a token by its shape.
fn decide(token: &str) {
    let headers: Vec<(String, Vec<u8>)> = [
        (":method", "GET"),
        (":path", "/api/v1/tenants/acme/reports/7"),
        (":authority", "api.example.com"),
        ("authorization", &format!("Bearer {token}")),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .into();
    let ids = RequestIds::from_entropy([7; 32]);
    let request = Request { headers: &headers, mode: None, ids, certificate: None };
    let now = Now { wall: UnixTime::from_secs(1_800_000_000), monotonic: Duration::ZERO };
    match GATE.begin(&request, now) {
        Step::Permit(_) => assert!(CompactToken::parse(token).is_ok()),
        Step::Deny(_) | Step::Ask(..) | Step::Off => {}
    }
}
