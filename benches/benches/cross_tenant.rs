//! What it costs to decide on another tenant's data rather than one's own, with 10,000 delegations in
//! the policy or brought by the control service: the same gate, the same known token, the same route.
//! Rounds of both alternate, so that each ratio is of two measurements that had the same machine.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tenantguard::control::{
    Act, Consent, Delegate, Delegation, DelegationStage, Entry, HistoryId, Label, Manifest,
    Position, ReplicaKey, ShardWriter,
};
use tenantguard::gate::{Gate, Permit, Step};
use tenantguard::identity::{PermissionName, TenantId};
use tenantguard::replica::{Progress, Word};
use tenantguard::request::{HeaderList, Request, RequestIds};
use tenantguard::time::{Now, UnixTime};
use tenantguard_mint::{Algorithm, DevKey, TokenSpec};
use tenantguard_policy::{Format, NoFiles};

/// Any time will do, as long as it is always the same one.
const NOW: u64 = 1_800_000_000;
const DELEGATIONS: usize = 10_000;
/// The delegator that is asked for, somewhere in the middle.
const ASKED: usize = 5_000;
const ROUNDS: usize = 51;
const DECISIONS: u32 = 4_000;
/// What the cost may be at most, as the median of the ratios.
const TARGET: f64 = 1.2;

/// Where the delegations are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Policy,
    ControlState,
}

fn delegator(nth: usize) -> String {
    format!("tenant-{nth:05}")
}

fn key() -> DevKey {
    DevKey::derive(Algorithm::EdDsa, "benchmark")
}

fn policy(kept: Kept) -> Value {
    let mut tenants = Map::from_iter([("partner".to_owned(), json!({"isolation": "shared"}))]);
    let mut delegations = Map::new();
    for nth in 0..DELEGATIONS {
        tenants.insert(delegator(nth), json!({"isolation": "shared"}));
        let one = json!({
            "from": delegator(nth), "to": "partner", "principals": "any",
            "permissions": ["reports:read"], "expires": "2030-01-01T00:00:00Z",
            "consent": {"by": "admin", "at": "2026-01-01T00:00:00Z", "reference": "1"},
        });
        if kept == Kept::Policy {
            delegations.insert(format!("lent-{nth:05}"), one);
        }
    }
    json!({
        "version": 1,
        "audiences": ["api"],
        "issuers": {"id": {
            "issuer": "https://id", "keys": {"jwks": {"keys": [key().public_jwk()]}},
            "algorithms": ["EdDSA"], "asserts": {"tenants": "any", "roles": "any"},
            "max_lifetime": "1h",
        }},
        "tenants": tenants,
        "roles": {"viewer": {"permissions": ["reports:read"]}},
        "routes": [{
            "path": "/api/v1/tenants/{tenant}/reports/{report}",
            "resource_tenant": "path.tenant",
            "methods": {"GET": "reports:read"},
        }],
        "delegations": delegations,
    })
}

fn living(nth: usize) -> Entry {
    let tenant = |name: &str| TenantId::parse(name).expect("a tenant");
    let act = Act { by: Label::parse("admin").expect("a label"), at: NOW };
    let consent = Consent { act: act.clone(), reference: Label::parse("1").ok() };
    Entry::Delegation(Box::new(Delegation {
        id: tenant(&format!("lent-{nth:05}")),
        from: tenant(&delegator(nth)),
        to: tenant("partner"),
        principals: Delegate::Any,
        permissions: vec![PermissionName::parse("reports:read").expect("a permission")],
        audiences: Vec::new(),
        not_before: NOW - 60,
        expires: NOW + 3_600,
        proposed: act,
        stage: DelegationStage::Consented(consent),
    }))
}

/// Both gates have a copy of the control state, so that both look into it.
fn gate(kept: Kept) -> Gate {
    let compiled = tenantguard_policy::compile(&policy(kept).to_string(), Format::Json, &NoFiles)
        .expect("the benchmark's policy compiles");
    let gate = Gate::new(Arc::new(compiled)).with_control(ReplicaKey::new([7; 16]));
    let control = gate.control().expect("a copy");
    let entries = if kept == Kept::ControlState { DELEGATIONS } else { 0 };
    let mut shards = Vec::new();
    let mut writer = ShardWriter::default();
    for entry in (0..entries).map(living) {
        if !writer.push(&entry) {
            shards.push(std::mem::take(&mut writer).finish());
            assert!(writer.push(&entry), "an empty shard has room for one");
        }
    }
    shards.push(writer.finish());
    let head = Position::start(HistoryId::from_bytes([1; 16]));
    let manifest = Manifest { position: head, shards: shards.iter().map(|it| it.1).collect() };
    control.take_manifest(&manifest.encode()).expect("a good manifest");
    for (bytes, named) in shards {
        assert_eq!(control.wanted(), Some(named));
        control.take_shard(bytes).expect("the shard that the manifest names");
        while control.proceed(100_000).expect("good entries") == Progress::More {}
    }
    let (sent, lease) = (Duration::ZERO, Duration::from_secs(60));
    control.renew(&Word { head, sent, lease }, sent);
    gate
}

fn headers(of: &str) -> HeaderList {
    let key = key();
    let token = TokenSpec::new(&key)
        .claim("iss", "https://id")
        .claim("aud", "api")
        .claim("sub", "ann")
        .claim("tenant_id", "partner")
        .claim("tenant_role", "viewer")
        .claim("scope", "reports:read")
        .claim("iat", NOW)
        .claim("exp", NOW + 600)
        .sign(&key);
    let path = format!("/api/v1/tenants/{of}/reports/7");
    let authorization = format!("Bearer {token}");
    [
        (":method", "GET"),
        (":path", &path),
        (":authority", "api.example.com"),
        ("user-agent", "tenantguard-bench"),
        ("accept", "application/json"),
        ("authorization", &authorization),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .into()
}

fn now() -> Now {
    Now { wall: UnixTime::from_secs(NOW + 60), monotonic: Duration::ZERO }
}

/// Nanoseconds for one decision.
fn round(gate: &Gate, request: &Request<'_>) -> f64 {
    let start = Instant::now();
    for _ in 0..DECISIONS {
        black_box(gate.begin(black_box(request), now()));
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(DECISIONS)
}

/// Fails unless it is decided as the comparison takes it to be.
fn check(gate: &Gate, request: &Request<'_>, delegation: Option<&str>) {
    let Step::Permit(permit @ Permit::Tenant(_)) = gate.begin(request, now()) else {
        panic!("a request that is measured is refused");
    };
    let id = permit.account().facts().delegation.as_ref().map(|grant| grant.id(gate.policy()));
    assert_eq!(id, delegation);
}

/// Median, least and most.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [values[values.len() / 2], values[0], values[values.len() - 1]]
}

fn main() {
    println!("{ROUNDS} rounds of {DECISIONS} decisions each, alternating; median (least to most)");
    for (kept, name) in [(Kept::Policy, "in the policy"), (Kept::ControlState, "living")] {
        let gate = gate(kept);
        let (own, other) = (headers("partner"), headers(&delegator(ASKED)));
        let ids = RequestIds::from_entropy([7; 32]);
        let [own, other] =
            [&own, &other].map(|headers| Request { headers, mode: None, ids, certificate: None });
        check(&gate, &own, None);
        check(&gate, &other, Some(&format!("lent-{ASKED:05}")));
        // The first rounds warm up.
        let rounds: Vec<_> =
            (0..ROUNDS + 3).map(|_| (round(&gate, &own), round(&gate, &other))).skip(3).collect();
        let shown = |values: Vec<f64>| {
            let [median, least, most] = spread(values);
            format!("{median:.0} ns ({least:.0} to {most:.0})")
        };
        println!("{DELEGATIONS} delegations, {name}:");
        println!("  one's own data      {}", shown(rounds.iter().map(|it| it.0).collect()));
        println!("  another tenant's    {}", shown(rounds.iter().map(|it| it.1).collect()));
        let [median, least, most] = spread(rounds.iter().map(|it| it.1 / it.0).collect());
        let verdict = if median <= TARGET { "met" } else { "not met" };
        println!(
            "  ratio               {median:.2} ({least:.2} to {most:.2}); at most {TARGET}: {verdict}"
        );
    }
}
