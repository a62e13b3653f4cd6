//! Explanations: they agree with the gate on every question, and people without a token get the
//! claims that their issuer would write.

use std::sync::Arc;
use std::time::Duration;

use tenantguard::gate::Gate;
use tenantguard::request::{HeaderList, Mode, Request, RequestIds};
use tenantguard::time::{Now, UnixTime};
use tenantguard_policy::explain::{CheckOutcome, Decided, ExplainedCheck, Explanation, Person};
use tenantguard_policy::{Checked, Format};

use crate::common::{GOOD, files};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

struct World {
    checked: Checked,
    gate: Gate,
}

/// What was decided of a request, explained.
struct Told {
    reason: &'static str,
    explanation: Explanation,
    notes: Vec<String>,
}

impl World {
    fn new() -> Self {
        Self::of(GOOD)
    }

    fn of(policy: &str) -> Self {
        let check = || tenantguard_policy::check(policy, Format::Yaml, &files()).unwrap();
        let policy = check().compile().unwrap();
        Self { checked: check(), gate: Gate::new(Arc::new(policy)) }
    }

    fn ask(&self, person: &Person, method: &str, path: &str) -> Told {
        let (source, policy) = (self.checked.source(), self.gate.policy());
        let assumed = person.assume(source, policy, NOW).unwrap();
        let pairs = [(":method", method), (":path", path)];
        let headers: HeaderList =
            pairs.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).into();
        let request = Request {
            headers: &headers,
            mode: Some(Mode::Enforce),
            ids: RequestIds::from_entropy([0; 32]),
            certificate: assumed.certificate,
        };
        let now = Now { wall: NOW, monotonic: Duration::ZERO };
        let decided = Decided::assuming(&self.gate, &request, &assumed.claims, now);
        let explanation = Explanation::of(&decided, source, NOW);
        Told { reason: decided.reason().code(), explanation, notes: assumed.notes }
    }
}

impl Told {
    fn check(&self, name: &str) -> &ExplainedCheck {
        self.explanation.checks.iter().find(|check| check.name == name).unwrap()
    }
}

fn person(issuer: &str, tenant: &str, roles: &[&str]) -> Person {
    Person {
        issuer: issuer.to_owned(),
        tenant: Some(tenant.to_owned()),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        ..Person::default()
    }
}

#[test]
fn an_explanation_agrees_with_the_gate_about_every_role() {
    let world = World::new();
    let mut reasons = std::collections::BTreeSet::new();
    for tenant in ["acme", "globex"] {
        for roles in [
            &[][..],
            &["viewer"],
            &["editor"],
            &["admin"],
            &["viewer", "editor"],
            &["viewer", "admin"],
        ] {
            for (method, path) in
                [("GET", "/reports/7"), ("PUT", "/reports/7"), ("GET", "/tenants/acme/users")]
            {
                let scopes = vec!["reports:*".into(), "reporting".into(), "users:read".into()];
                let asked = Person { scopes: Some(scopes), ..person("platform", tenant, roles) };
                let told = world.ask(&asked, method, path);
                let permission = told.check("permission");
                let rules: String =
                    permission.rules.iter().map(|rule| rule.text.as_str()).collect();
                let (grants, denies) = (rules.contains(" grants "), rules.contains(" denies "));
                let case = format!("{tenant} {roles:?} {method} {path}: {} {rules}", told.reason);
                match permission.outcome {
                    CheckOutcome::Passed => assert!(grants && !denies, "{case}"),
                    CheckOutcome::Refused => {
                        assert!(!grants || denies, "{case}");
                        assert!(!permission.needs.is_empty(), "{case}");
                    }
                    other => panic!("{other:?} {case}"),
                }
                reasons.insert(told.reason);
            }
        }
    }
    // The table is worth something only if it has each of these.
    let expected = ["delegation.none", "permission.missing", "permit"];
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn every_rule_that_is_written_has_a_place_in_the_policy() {
    let world = World::new();
    let told = world.ask(&person("platform", "globex", &["admin"]), "PUT", "/reports/7");
    let lines: Vec<(usize, &str)> = told
        .check("permission")
        .rules
        .iter()
        .map(|rule| {
            let place = rule.place.as_ref().unwrap();
            let (_, line) = world.checked.source_map().line(place).unwrap();
            (line, rule.text.as_str())
        })
        .collect();
    let line = |text: &str| GOOD.lines().position(|line| line.contains(text)).unwrap() + 1;
    assert_eq!(
        lines,
        [
            (line("  editor:"), "role editor, which admin extends, grants reports:write"),
            (line("deny:"), "override for globex denies it to editor"),
        ]
    );
}

#[test]
fn claims_stand_where_the_issuer_has_them() {
    let world = World::new();
    let told = world.ask(&person("partner", "globex", &["viewer"]), "GET", "/reports/7");
    assert_eq!(told.reason, "permit", "{:?}", told.explanation.checks);
    let principal = told.check("claims").detail.as_deref();
    assert_eq!(principal, Some("valid now; partner/somebody@partner.example"));
    let notes = told.notes.join("; ");
    for assumed in ["every permission", "the claim azp", "the client's certificate"] {
        assert!(notes.contains(assumed), "{notes}");
    }
}

#[test]
fn what_is_said_is_not_assumed() {
    let world = World::new();
    let partner = person("partner", "globex", &["viewer"]);
    let with = |name: &str, value: serde_json::Value| {
        let claims = [(name.to_owned(), value)].into_iter().collect();
        Person { claims, ..partner.clone() }
    };
    let reason = |person: &Person| world.ask(person, "GET", "/reports/7").reason;
    assert_eq!(reason(&with("azp", serde_json::Value::Null)), "token.claims");
    assert_eq!(reason(&with("email_verified", false.into())), "token.claims");
    assert_eq!(reason(&with("exp", 1.into())), "token.expired");
    assert_eq!(reason(&with("scp", "x".into())), "scope.missing");
    let shown = Person { certificate: Some([7; 32]), ..partner.clone() };
    assert_eq!(reason(&shown), "token.binding");
    let scopeless = Person { scopes: Some(Vec::new()), ..partner.clone() };
    assert_eq!(reason(&scopeless), "scope.missing");
    let elsewhere = person("partner", "acme", &["viewer"]);
    assert_eq!(reason(&elsewhere), "issuer.tenant");
}

#[test]
fn a_delegation_is_named_whether_it_is_used_or_not() {
    let delegation = |name: &str, expires: &str| {
        format!(
            "  {name}: {{from: acme, to: globex, principals: any, permissions: [users:read], \
             not_before: 2026-01-01T00:00:00Z, expires: {expires}, \
             consent: {{by: a@acme.example, at: 2026-01-01T00:00:00Z, reference: R}}}}\n"
        )
    };
    let (live, over) =
        (delegation("live", "2036-01-01T00:00:00Z"), delegation("over", "2026-02-01T00:00:00Z"));
    let other = delegation("other", "2036-01-01T00:00:00Z");
    for (delegations, claimed, reason, word) in [
        (live.clone(), None, "permit", "delegation live lets globex do it"),
        (over.clone(), None, "delegation.expired", "delegation over: it expired at 2026-02-01"),
        (format!("{live}{other}"), None, "delegation.ambiguous", "delegation_id must say which"),
        (format!("{live}{other}"), Some("other"), "permit", "delegation other lets globex do it"),
        (live, Some("forged"), "delegation.none", "delegation_id is another one"),
    ] {
        let world = World::of(&format!("{GOOD}delegations:\n{delegations}"));
        let claims = claimed.map(|id| ("delegation_id".to_owned(), id.into()));
        let claims = claims.into_iter().collect();
        let asked = Person { claims, ..person("platform", "globex", &["admin"]) };
        let told = world.ask(&asked, "GET", "/tenants/acme/users");
        let rules = &told.check("delegation").rules;
        let rules: Vec<&str> = rules.iter().map(|rule| rule.text.as_str()).collect();
        assert_eq!(told.reason, reason, "{claimed:?} {rules:?}");
        assert!(rules.iter().any(|rule| rule.contains(word)), "{reason}: {rules:?}");
    }
}

#[test]
fn a_route_that_is_not_enforced_is_explained_as_if_it_were_and_says_so() {
    for (mode, expected) in [("enforce", 0), ("shadow", 1), ("off", 1)] {
        let policy = GOOD
            .replace("/reports/{report}\n", &format!("/reports/{{report}}\n    mode: {mode}\n"));
        assert_ne!((policy == GOOD, mode), (true, mode));
        let told =
            World::of(&policy).ask(&person("platform", "acme", &["viewer"]), "GET", "/reports/7");
        let rules = &told.check("route").rules;
        let says = |text: &str| rules.iter().filter(|rule| rule.text.contains(text)).count();
        assert_eq!(says(&format!("mode: {mode}")), expected, "{mode}: {rules:?}");
    }
}
