//! What a decision costs in the core alone, without Envoy or wasm: `Gate::begin` on a few
//! requests, each checked to be decided as named before it is timed.

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::Value;
use tenantguard::{
    gate::{Gate, Permit, Step},
    request::{HeaderList, Request, RequestIds},
    time::{Now, UnixTime},
};
use tenantguard_bench::{policy, tokens::Tokens};
use tenantguard_policy::{Format, NoFiles};

/// Any time will do, as long as it is always the same one.
const NOW: u64 = 1_800_000_000;

fn headers(path: &str, token: Option<&str>) -> HeaderList {
    let mut headers: HeaderList = [
        (":method", "GET"),
        (":path", path),
        (":authority", "api.example.com"),
        (":scheme", "https"),
        ("user-agent", "tenantguard-bench"),
        ("accept", "application/json"),
        ("x-request-id", "7b0e2f6c-6a1c-4a4b-9d25-1f6f3ce0a9a1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .to_vec();
    if let Some(token) = token {
        let value = format!("Bearer {token}").into_bytes();
        headers.push(("authorization".to_owned(), value));
    }
    headers
}

/// The decision in a word, to be compared with what a case expects.
fn outcome(step: &Step) -> &'static str {
    match step {
        Step::Permit(Permit::Tenant(_)) => "permit",
        Step::Permit(Permit::Public(_)) => "public",
        Step::Permit(Permit::Shadowed(_)) => "shadowed",
        Step::Deny(_) => "deny",
        Step::Ask(..) => "ask",
        Step::Off => "off",
    }
}

fn gate(source: &Value) -> Gate {
    let policy = tenantguard_policy::compile(&source.to_string(), Format::Json, &NoFiles)
        .expect("the benchmark's policy compiles");
    Gate::new(Arc::new(policy))
}

fn decisions(criterion: &mut Criterion) {
    let tokens = Tokens::mint(NOW);
    let source = policy::source(&tokens);
    let (gate, forgetful) = (gate(&source), gate(&policy::without_cache(source.clone())));
    let now = Now { wall: UnixTime::from_secs(NOW + 60), monotonic: Duration::ZERO };

    let report = "/api/v1/reports/7";
    let mut cases = vec![
        (&gate, "public route".to_owned(), "public", headers("/healthz", None)),
        (&gate, "denial, no token".to_owned(), "deny", headers(report, None)),
    ];
    for set in tokens.sets() {
        let name = set.algorithm;
        let good = headers(report, Some(&set.good));
        cases.push((&gate, format!("permit, token known, {name}"), "permit", good.clone()));
        cases.push((&forgetful, format!("permit, token verified, {name}"), "permit", good));
        let foreign = headers(report, Some(&set.foreign));
        cases.push((&forgetful, format!("denial, unknown tenant, {name}"), "deny", foreign));
    }

    let mut group = criterion.benchmark_group("decision");
    for (gate, name, expected, headers) in &cases {
        let ids = RequestIds::from_entropy([7; 32]);
        let request = Request { headers, mode: None, ids, certificate: None };
        assert_eq!(outcome(&gate.begin(&request, now)), *expected, "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| gate.begin(black_box(&request), now));
        });
    }
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
