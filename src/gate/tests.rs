//! What the corpus cannot show: decisions that wait for an answer, and what a shadow reports.
//! The corpus in `tests/` has the rest.

use std::time::Duration;

use serde_json::json;
use tenantguard_mint::{Algorithm as DevAlgorithm, DevKey, TokenSpec};

use super::*;
use crate::artifact::route::{Access, Method, ResourceTenant, Route, Template, Usage};
use crate::artifact::{Isolation, PolicyDigest, PolicyParts, RoleRow, RoleTable, Tenant};
use crate::credential::TokenSource;
use crate::headers::{HeaderNames, HeaderValue};
use crate::identity::{CellName, Namespace, PermissionName, RoleName, TenantId};
use crate::permissions::PermissionId;
use crate::time::UnixTime;
use crate::token::Algorithm;
use crate::trust::{
    Asserts, Authority, ClaimMap, ClientCertificate, Issuer, IssuerKeys, RemoteKeys, TokenType,
    UnlistedRoles,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW: u64 = 1_800_000_000;

fn now() -> Now {
    Now { wall: UnixTime::from_secs(NOW), monotonic: Duration::ZERO }
}

fn issuer() -> Issuer {
    Issuer {
        url: "https://id".into(),
        namespace: Namespace::parse("id").unwrap(),
        keys: IssuerKeys::Remote(RemoteKeys {
            cluster: "idp".into(),
            host: "id".into(),
            path: "/jwks".into(),
            refresh: Duration::from_secs(300),
            max_stale: Duration::from_secs(3_600),
        }),
        algorithms: vec![Algorithm::EdDsa],
        audiences: vec!["api".into()],
        tenants: Asserts::Any,
        roles: Asserts::Any,
        unlisted_roles: UnlistedRoles::Refuse,
        claims: ClaimMap::default(),
        client_certificate: ClientCertificate::AsBound,
        max_lifetime: Duration::from_secs(3_600),
        skew: Duration::ZERO,
        authority: Authority::Roles,
        token_type: TokenType::Any,
    }
}

/// One tenant, one role, one route, and an issuer whose keys have to be asked for.
fn gate() -> Gate {
    let viewer = RoleName::parse("viewer").unwrap();
    let read = [PermissionId(0)].into_iter().collect();
    let cell = CellName::parse("shared").unwrap();
    let tenant = Tenant { isolation: Isolation::Shared, cell: cell.clone() };
    let route = Route {
        template: Template::parse("/r").unwrap(),
        access: Access::Tenant {
            methods: vec![(Method::parse("GET").unwrap(), PermissionId(0))],
            resource: ResourceTenant::Acting,
        },
        usage: Usage::ApiCall,
    };
    let parts = PolicyParts {
        digest: PolicyDigest([0; 32]),
        permissions: vec![PermissionName::parse("r:read").unwrap()],
        roles: RoleTable {
            base: [(viewer, RoleRow { allow: read, ..RoleRow::default() })].into(),
            ..RoleTable::default()
        },
        scopes: [].into(),
        tenants: [(TenantId::parse("acme").unwrap(), tenant)].into(),
        issuers: vec![issuer()],
        routes: vec![route],
        default_cell: cell,
        headers: HeaderNames::new("x-").unwrap(),
        token_source: TokenSource::Authorization,
        token_cache: 1024 * 1024,
    };
    Gate::new(Arc::new(Policy::assemble(parts).unwrap()))
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
    gate.begin(&Request { headers, mode, ids, certificate: None }, now())
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
    match gate.resume(&pending, now()) {
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
    assert_eq!(reason(&gate.resume(&ask(&gate, Mode::Enforce), now())), "keys.stale");
}

#[test]
fn an_unknown_key_is_asked_for_once_in_a_while() {
    let gate = gate();
    give_keys(&gate, &key("another"));
    let pending = ask(&gate, Mode::Enforce);
    gate.ring().refetch(IssuerId(0), now().monotonic);
    assert_eq!(reason(&gate.resume(&pending, now())), "token.key");
    let headers = request_headers(&[]);
    let ids = RequestIds::from_entropy([7; 32]);
    let request = Request { headers: &headers, mode: Mode::Enforce, ids, certificate: None };
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
    let request = Request { headers: &headers, mode: Mode::Enforce, ids, certificate: None };
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
    match gate.resume(&ask(&gate, Mode::Shadow), now()) {
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
    let request = Request { headers: &headers, mode: Mode::Enforce, ids, certificate: None };
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
