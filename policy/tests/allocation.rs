//! That a question to a policy allocates nothing, whatever the answer. A test binary of its own,
//! because it counts what all threads of the process allocate.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tenantguard::artifact::evaluate::{Evaluation, Question, Subject};
use tenantguard::path::NormalPath;
use tenantguard::time::UnixTime;
use tenantguard_policy::{Format, NoFiles, compile};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const POLICY: &str = "version: 1
tenants: {acme: {isolation: shared}, globex: {isolation: shared}}
roles:
  viewer: {permissions: [reports:read]}
  admin: {extends: [viewer], permissions: [reports:write, users:read]}
overrides: [{tenant: acme, role: admin, deny: [reports:write]}]
routes:
  - {path: /healthz, public: true}
  - {path: '/reports/{report}', methods: {GET: reports:read, PUT: reports:write}}
  - {path: '/tenants/{tenant}/users', methods: {GET: users:read}, resource_tenant: path.tenant}
delegations:
  d: {from: acme, to: globex, principals: any, permissions: [users:read],
      not_before: 2026-01-01T00:00:00Z, expires: 2036-01-01T00:00:00Z,
      consent: {by: a@acme.example, at: 2026-01-01T00:00:00Z, reference: R}}
";

#[test]
fn a_question_allocates_nothing_whatever_the_answer() {
    let policy = compile(POLICY, Format::Yaml, &NoFiles).expect("the policy is good");
    let ask = |tenant, role, method, path: &NormalPath<'_>| {
        let (principal, roles, named_tenant) = ("platform/a", &[role], None);
        let subject = Subject { tenant, principal, roles, named_tenant };
        let at = UnixTime::from_secs(1_800_000_000);
        policy.evaluate(&subject, &Question { host: "api.example.com", method, path, at })
    };
    let path = |text: &'static str| NormalPath::parse(text.as_bytes()).expect("a path");
    let mut answers = Vec::with_capacity(16);
    for (tenant, role, method, path) in [
        ("acme", "viewer", "GET", path("/healthz")),
        ("acme", "viewer", "GET", path("/reports/7")),
        ("acme", "viewer", "PUT", path("/reports/7")),
        ("acme", "admin", "PUT", path("/reports/7")),
        ("acme", "viewer", "PATCH", path("/reports/7")),
        ("acme", "viewer", "GET", path("/elsewhere")),
        ("nobody", "viewer", "GET", path("/reports/7")),
        ("globex", "admin", "GET", path("/tenants/acme/users")),
        ("acme", "admin", "GET", path("/tenants/globex/users")),
    ] {
        let region = Region::new(ALLOCATOR);
        let answer = ask(tenant, role, method, &path);
        assert_eq!(region.change().allocations, 0, "{answer:?}");
        answers.push(answer);
    }
    let region = Region::new(ALLOCATOR);
    drop(std::hint::black_box(vec![1_u8; 64]));
    assert_ne!(region.change().allocations, 0, "the allocator does not count");
    assert_eq!(answers.iter().filter(|answer| answer.is_allowed()).count(), 3, "{answers:?}");
    assert!(matches!(answers.get(7), Some(Evaluation::Delegated(..))), "{answers:?}");
}
