//! Decisions that wait for keys, and what a shadow reports.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tenantguard::artifact::route::Usage;
use tenantguard::gate::{Gate, Need, Pending, Permit, Step, Verdict};
use tenantguard::headers::HeaderValue;
use tenantguard::keyring::FetchAnswer;
use tenantguard::request::{HeaderList, Mode, Request, RequestIds};
use tenantguard::time::{Now, UnixTime};
use tenantguard::trust::IssuerId;
use tenantguard_mint::{Algorithm as DevAlgorithm, DevKey, TokenSpec};
use tenantguard_policy::{Format, NoFiles};

const NOW: u64 = 1_800_000_000;

fn now() -> Now {
    Now { wall: UnixTime::from_secs(NOW), monotonic: Duration::ZERO }
}

/// One tenant, one role, one route, and an issuer whose keys have to be asked for.
fn gate() -> Gate {
    let policy = json!({
        "version": 1,
        "audiences": ["api"],
        "issuers": {"id": {
            "issuer": "https://id",
            "keys": {"cluster": "idp", "path": "/jwks", "refresh": "5m", "max_stale": "1h"},
            "algorithms": ["EdDSA"],
            "asserts": {"tenants": "any", "roles": "any"},
            "max_lifetime": "1h",
            "skew": "0s",
            "authority": "roles",
        }},
        "tenants": {"acme": {"isolation": "shared"}},
        "roles": {"viewer": {"permissions": ["r:read"]}},
        "token_cache": "1MiB",
        "routes": [{"path": "/r", "methods": {"GET": "r:read"}}],
    });
    let policy = tenantguard_policy::compile(&policy.to_string(), Format::Json, &NoFiles);
    Gate::new(Arc::new(policy.unwrap()))
}

fn key(seed: &str) -> DevKey {
    DevKey::derive(DevAlgorithm::EdDsa, seed)
}

fn give_keys(gate: &Gate, key: &DevKey) {
    let body = json!({"keys": [key.public_jwk()]}).to_string();
    let answer = FetchAnswer::Body { body: body.as_bytes(), etag: None, max_age: None };
    gate.take_keys(IssuerId(0), &answer, Duration::ZERO, now()).unwrap();
}

fn request_headers(more: &[(&str, &str)]) -> HeaderList {
    let claims = json!({
        "iss": "https://id", "sub": "alice", "aud": "api", "tenant_id": "acme",
        "tenant_role": "viewer", "iat": NOW, "exp": NOW + 60,
    });
    let key = key("id");
    let token = claims
        .as_object()
        .unwrap()
        .iter()
        .fold(TokenSpec::new(&key), |spec, (name, value)| spec.claim(name, value.clone()));
    let authorization = format!("Bearer {}", token.sign(&key));
    [(":method", "GET"), (":path", "/r"), ("authorization", &authorization)]
        .iter()
        .chain(more)
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

fn begin(gate: &Gate, headers: &HeaderList, mode: Mode) -> Step {
    let ids = RequestIds::from_entropy([7; 32]);
    gate.begin(&Request { headers, mode: Some(mode), ids, certificate: None }, now())
}

fn ask(gate: &Gate, mode: Mode) -> Pending {
    match begin(gate, &request_headers(&[]), mode) {
        Step::Ask(pending, Need::Keys(IssuerId(0))) => pending,
        other => panic!("{other:?}"),
    }
}

fn reason(step: &Step) -> &'static str {
    match step {
        Step::Permit(permit) => permit.account().verdict().reason().code(),
        Step::Deny(denial) => denial.account().verdict().reason().code(),
        Step::Ask(..) => "asks",
        Step::Off => "off",
    }
}

fn later(secs: u64) -> Now {
    Now { wall: UnixTime::from_secs(NOW + 1), monotonic: Duration::from_secs(secs) }
}

#[test]
fn a_decision_that_lacks_keys_asks_and_goes_on_with_them() {
    let gate = gate();
    let pending = ask(&gate, Mode::Enforce);
    give_keys(&gate, &key("id"));
    match gate.resume(&pending, None, now()) {
        Step::Permit(permit @ Permit::Tenant(_)) => {
            let tenant = ("x-tenant-id".into(), HeaderValue::Static("acme"));
            assert!(permit.changes().unwrap().set.contains(&tenant));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(reason(&begin(&gate, &request_headers(&[]), Mode::Enforce)), "permit");
}

#[test]
fn keys_that_do_not_come_deny() {
    let gate = gate();
    assert_eq!(reason(&gate.resume(&ask(&gate, Mode::Enforce), None, now())), "keys.stale");
}

#[test]
fn an_unknown_key_is_asked_for_once_in_a_while() {
    let gate = gate();
    give_keys(&gate, &key("another"));
    let pending = ask(&gate, Mode::Enforce);
    gate.ring().refetch(IssuerId(0), now().monotonic);
    assert_eq!(reason(&gate.resume(&pending, None, now())), "token.key");
    let headers = request_headers(&[]);
    let ids = RequestIds::from_entropy([7; 32]);
    let request = Request { headers: &headers, mode: None, ids, certificate: None };
    assert_eq!(reason(&gate.begin(&request, later(1))), "asks");
    assert_eq!(reason(&gate.begin(&request, later(6))), "token.key");
    give_keys(&gate, &key("id"));
    assert_eq!(reason(&begin(&gate, &request_headers(&[]), Mode::Enforce)), "permit");
}

#[test]
fn rotated_and_stale_keys_take_known_tokens_with_them() {
    let gate = gate();
    give_keys(&gate, &key("id"));
    let headers = request_headers(&[]);
    let ids = RequestIds::from_entropy([7; 32]);
    let request = Request { headers: &headers, mode: None, ids, certificate: None };
    assert_eq!(reason(&gate.begin(&request, later(0))), "permit");
    assert_eq!(reason(&gate.begin(&request, later(3_600))), "permit");
    assert_eq!(reason(&gate.begin(&request, later(3_601))), "keys.stale");
    give_keys(&gate, &key("another"));
    gate.ring().refetch(IssuerId(0), now().monotonic);
    assert_eq!(reason(&gate.begin(&request, later(6))), "token.key");
}

#[test]
fn a_shadow_touches_nothing_and_says_what_differs() {
    let gate = gate();
    give_keys(&gate, &key("id"));
    let headers = request_headers(&[
        ("x-tenant-id", "globex"),
        ("X_Tenant_Roles", "admin"),
        ("x-principal-id", "id/alice"),
        ("x-audit-id", "forged"),
    ]);
    match begin(&gate, &headers, Mode::Shadow) {
        Step::Permit(permit) => {
            assert_eq!(permit.changes(), None);
            assert_eq!(permit.usage(), Usage::None);
            assert_eq!(permit.account().verdict(), &Verdict::Permit);
            let Permit::Shadowed(shadowed) = permit else { panic!("{permit:?}") };
            assert_eq!(shadowed.differs(), ["x-tenant-id", "x-tenant-roles"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_shadow_lets_through_what_would_be_refused() {
    let gate = gate();
    match gate.resume(&ask(&gate, Mode::Shadow), None, now()) {
        Step::Permit(permit @ Permit::Shadowed(_)) => {
            assert_eq!(permit.account().verdict().reason().code(), "keys.stale");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_known_token_is_decided_like_a_new_one() {
    let gate = gate();
    give_keys(&gate, &key("id"));
    let cold = begin(&gate, &request_headers(&[]), Mode::Enforce);
    let warm = begin(&gate, &request_headers(&[]), Mode::Enforce);
    assert!(matches!(warm, Step::Permit(Permit::Tenant(_))));
    let cold = format!("{cold:?}").replace("was_known: Some(false)", "was_known: Some(true)");
    assert_eq!(format!("{warm:?}"), cold);
}

#[test]
fn a_known_token_is_forgotten_when_its_time_is_over() {
    let gate = gate();
    give_keys(&gate, &key("id"));
    let headers = request_headers(&[]);
    let ids = RequestIds::from_entropy([7; 32]);
    let request = Request { headers: &headers, mode: None, ids, certificate: None };
    for (at, expected) in [
        (NOW, "permit"),
        (NOW + 59, "permit"),
        (NOW - 1, "token.not_yet_valid"),
        (NOW + 60, "token.expired"),
    ] {
        let now = Now { wall: UnixTime::from_secs(at), monotonic: Duration::ZERO };
        assert_eq!(reason(&gate.begin(&request, now)), expected);
    }
}

#[test]
fn a_client_that_leaves_while_it_waits_is_put_down() {
    let gate = gate();
    let denial = gate.abandon(&ask(&gate, Mode::Enforce), now());
    assert_eq!(denial.account().verdict().reason().code(), "abandoned");
}

#[test]
fn the_policys_mode_holds_where_the_proxy_says_none() {
    let policy = json!({
        "version": 1,
        "routes": [
            {"path": "/on", "methods": {"GET": "r:read"}},
            {"path": "/trial", "methods": {"GET": "r:read"}, "mode": "shadow"},
            {"path": "/off", "methods": {"GET": "r:read"}, "mode": "off"},
        ],
        "roles": {"viewer": {"permissions": ["r:read"]}},
    });
    let policy = tenantguard_policy::compile(&policy.to_string(), Format::Json, &NoFiles);
    let gate = Gate::new(Arc::new(policy.unwrap()));
    let outcome = |path: &str, mode| {
        let headers = [(":method", "GET"), (":path", path)]
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        let ids = RequestIds::from_entropy([7; 32]);
        match gate.begin(&Request { headers: &headers, mode, ids, certificate: None }, now()) {
            Step::Permit(Permit::Shadowed(_)) => "shadowed",
            Step::Permit(_) => "permitted",
            Step::Deny(_) => "denied",
            Step::Ask(..) => "asks",
            Step::Off => "off",
        }
    };
    for (path, mode, expected) in [
        ("/on", None, "denied"),
        ("/trial", None, "shadowed"),
        ("/off", None, "off"),
        ("/on", Some(Mode::Shadow), "shadowed"),
        ("/trial", Some(Mode::Enforce), "denied"),
        ("/off", Some(Mode::Enforce), "denied"),
        ("/trial", Some(Mode::Off), "off"),
        ("/unheard-of", None, "denied"),
    ] {
        assert_eq!(outcome(path, mode), expected, "{path} {mode:?}");
    }
}
