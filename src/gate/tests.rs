//! What the corpus cannot show: decisions that wait for an answer, and what a shadow reports.
//! The corpus in `tests/` has the rest.

use std::time::Duration;

use serde_json::json;
use tenantguard_mint::{Algorithm as DevAlgorithm, DevKey, TokenSpec};

use super::*;
use crate::artifact::route::{Access, Method, ResourceTenant, Route, Template, Usage};
use crate::artifact::{Isolation, PolicyDigest, PolicyParts, RoleRow, RoleTable, Tenant};
use crate::headers::HeaderNames;
use crate::identity::{CellName, Namespace, PermissionName, RoleName, TenantId};
use crate::permissions::PermissionId;
use crate::time::UnixTime;
use crate::token::{Algorithm, Key};
use crate::trust::{Asserts, Authority, Issuer, IssuerKeys, TokenType};
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
        keys: IssuerKeys::Remote,
        algorithms: vec![Algorithm::EdDsa],
        audiences: vec!["api".into()],
        tenants: Asserts::Any,
        roles: Asserts::Any,
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
    };
    Gate::new(Arc::new(Policy::assemble(parts).unwrap()))
}

fn key(seed: &str) -> DevKey {
    DevKey::derive(DevAlgorithm::EdDsa, seed)
}

fn key_set(key: &DevKey) -> KeySet {
    KeySet::new(vec![Key::from_jwk(&key.public_jwk()).unwrap()])
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
    gate.begin(&Request { headers, mode, ids }, now())
}

fn ask(gate: &Gate, mode: Mode) -> Pending {
    match begin(gate, &request_headers(&[]), mode) {
        Step::Ask(pending, Need::Keys(IssuerId(0))) => pending,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_decision_that_lacks_keys_asks_and_goes_on_with_them() {
    let gate = gate();
    let pending = ask(&gate, Mode::Enforce);
    match gate.resume(pending, Answer::Keys(&key_set(&key("id"))), now()) {
        Step::Permit(permit @ Permit::Tenant(_)) => {
            let tenant = ("x-tenant-id".to_owned(), b"acme".to_vec());
            assert!(permit.changes().unwrap().set.contains(&tenant));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn keys_that_do_not_come_or_do_not_fit_deny() {
    let gate = gate();
    let (none, others) = (KeySet::default(), key_set(&key("another")));
    for (answer, code) in [
        (Answer::Unavailable, "keys.stale"),
        (Answer::Keys(&none), "token.key"),
        (Answer::Keys(&others), "token.key"),
    ] {
        match gate.resume(ask(&gate, Mode::Enforce), answer, now()) {
            Step::Deny(denial) => assert_eq!(denial.account().verdict().reason().code(), code),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_shadow_touches_nothing_and_says_what_differs() {
    let gate = gate();
    let headers = request_headers(&[
        ("x-tenant-id", "globex"),
        ("X_Tenant_Roles", "admin"),
        ("x-principal-id", "id/alice"),
        ("x-audit-id", "forged"),
    ]);
    let pending = match begin(&gate, &headers, Mode::Shadow) {
        Step::Ask(pending, _) => pending,
        other => panic!("{other:?}"),
    };
    match gate.resume(pending, Answer::Keys(&key_set(&key("id"))), now()) {
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
    match gate.resume(ask(&gate, Mode::Shadow), Answer::Unavailable, now()) {
        Step::Permit(permit @ Permit::Shadowed(_)) => {
            assert_eq!(permit.account().verdict().reason().code(), "keys.stale");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_known_token_is_decided_like_a_new_one() {
    let gate = gate();
    let pending = ask(&gate, Mode::Enforce);
    let cold = gate.resume(pending, Answer::Keys(&key_set(&key("id"))), now());
    let warm = begin(&gate, &request_headers(&[]), Mode::Enforce);
    assert!(matches!(warm, Step::Permit(Permit::Tenant(_))));
    assert_eq!(format!("{warm:?}"), format!("{cold:?}"));
}

#[test]
fn a_known_token_is_forgotten_when_its_time_is_over() {
    let gate = gate();
    let keys = key_set(&key("id"));
    let pending = ask(&gate, Mode::Enforce);
    drop(gate.resume(pending, Answer::Keys(&keys), now()));
    let headers = request_headers(&[]);
    let request =
        Request { headers: &headers, mode: Mode::Enforce, ids: RequestIds::from_entropy([7; 32]) };
    let reason_at = |secs| {
        let now = Now { wall: UnixTime::from_secs(secs), monotonic: Duration::ZERO };
        match gate.begin(&request, now) {
            Step::Ask(pending, _) => match gate.resume(pending, Answer::Keys(&keys), now) {
                Step::Deny(denial) => denial.account().verdict().reason().code(),
                other => panic!("{other:?}"),
            },
            Step::Permit(permit) => permit.account().verdict().reason().code(),
            Step::Deny(denial) => panic!("{denial:?}"),
        }
    };
    assert_eq!(reason_at(NOW + 59), "permit");
    assert_eq!(reason_at(NOW - 1), "token.not_yet_valid");
    assert_eq!(reason_at(NOW + 60), "token.expired");
}
