//! Whose word counts when the copy is missing, stale, or not enough for the route; and what is taken
//! for an answer.

use serde_json::{Value, json};
use tenantguard::control::{HistoryId, Keep, Position};
use tenantguard::decision::Reason;
use tenantguard::gate::{Need, Source, Step};
use tenantguard::replica::{Answer, AnswerVerdict};

use crate::world::{
    World, alice, at, directory, principal_target, reason, reply, response, revoked,
    session_target, sign, with,
};
use tenantguard::control::TenantStatus;

#[test]
fn without_a_first_snapshot_nobody_with_a_token_gets_through() {
    let (world, text) = (World::empty(), sign(&alice()));
    for path in ["/r", "/deny", "/allow", "/ask", "/keep"] {
        let Step::Ask(pending, Need::Snapshot) = world.send(path, &text, 0) else {
            panic!("{path}")
        };
        let settled = world.resume(&pending, None, 2);
        assert_eq!(reason(&settled), "replica.stale", "{path}");
        let (status, headers) = response(&settled);
        assert_eq!(status, 503);
        assert!(headers.contains(&("retry-after".to_owned(), "1".to_owned())), "{headers:?}");
    }
    // Who has no good token does not wait.
    assert_eq!(world.reason("/r", "no.good.token", 0), "token.malformed");
}

#[test]
fn a_request_that_waits_for_the_first_snapshot_goes_on_with_it() {
    for (entries, expected) in [
        (vec![], "permit"),
        (vec![revoked(session_target("acme", "session-1"), Keep::Forever)], "revoked.session"),
    ] {
        let world = World::empty();
        let Step::Ask(pending, Need::Snapshot) = world.send("/r", &sign(&alice()), 0) else {
            panic!("it does not wait");
        };
        world.take_snapshot(&entries);
        world.renew(1);
        assert_eq!(reason(&world.resume(&pending, None, 1)), expected);
    }
}

#[test]
fn a_tenant_that_only_the_snapshot_may_know_is_waited_for() {
    let (world, text) = (World::empty(), sign(&with(alice(), json!({"tenant_id": "initech"}))));
    let wait = || match world.send("/r", &text, 0) {
        Step::Ask(pending, Need::Snapshot) => pending,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(&world.resume(&wait(), None, 2)), "replica.stale");
    let pending = wait();
    world.take_snapshot(&[directory("initech", TenantStatus::Active)]);
    world.renew(2);
    assert_eq!(reason(&world.resume(&pending, None, 2)), "permit");
    assert_eq!(
        world.reason("/r", &sign(&with(alice(), json!({"tenant_id": "hooli"}))), 2),
        "tenant.unknown"
    );
}

/// The lease is of five seconds from second 0 on.
#[test]
fn past_the_lease_the_route_says_what_holds() {
    let (world, text) = (World::new(&[]), sign(&alice()));
    for (path, secs, expected) in [
        ("/r", 4, "permit"),
        ("/r", 5, "asks"),
        ("/r", 500, "asks"),
        ("/deny", 4, "permit"),
        ("/deny", 5, "replica.stale"),
        ("/allow", 5, "permit"),
        ("/allow", 34, "permit"),
        ("/allow", 35, "replica.stale"),
        ("/ask", 0, "asks"),
        ("/ask", 34, "asks"),
        ("/ask", 35, "replica.stale"),
    ] {
        assert_eq!(world.reason(path, &text, secs), expected, "{path} at {secs}");
    }
    world.renew(40);
    assert_eq!(world.reason("/deny", &text, 44), "permit");
}

#[test]
fn a_copy_that_is_behind_the_feed_is_stale_within_its_lease() {
    let (world, text) = (World::new(&[]), sign(&alice()));
    let delta = world.commit(&[revoked(session_target("acme", "another"), Keep::Forever)]);
    world.renew(2);
    for (path, expected) in [("/r", "asks"), ("/deny", "replica.stale"), ("/allow", "permit")] {
        assert_eq!(world.reason(path, &text, 3), expected, "{path}");
    }
    world.control().take_delta(delta).unwrap();
    world.control().proceed(100).unwrap();
    assert_eq!(world.reason("/deny", &text, 3), "permit");
}

#[test]
fn what_a_stale_copy_refuses_stays_refused() {
    let world = World::new(&[revoked(session_target("acme", "session-1"), Keep::Forever)]);
    for path in ["/r", "/deny", "/allow", "/ask"] {
        assert_eq!(world.reason(path, &sign(&alice()), 20), "revoked.session", "{path}");
    }
}

#[test]
fn an_answer_settles_the_request_that_asked_and_no_other() {
    let (world, text) = (World::new(&[]), sign(&alice()));
    for path in ["/r", "/ask"] {
        let (pending, question) = world.question(path, &text, 10);
        let answer = world.answer(&question, true);
        assert_eq!(reason(&world.resume(&pending, Some(&answer), 10)), "permit", "{path}");
        // Another request asks again, and the same answer is none to it.
        let (other, _) = world.question(path, &text, 10);
        assert_eq!(reason(&world.resume(&other, Some(&answer), 10)), "replica.stale", "{path}");
        assert_eq!(reason(&world.resume(&other, None, 10)), "replica.stale", "{path}");
    }
}

#[test]
fn only_a_200_that_echoes_the_question_is_an_answer() {
    let world = World::new(&[]);
    world.push(&[revoked(session_target("acme", "another"), Keep::Forever)]);
    let before = Position::start(HistoryId::from_bytes([1; 16]));
    let elsewhere = Position::start(HistoryId::from_bytes([2; 16]));
    let (pending, question) = world.question("/r", &sign(&alice()), 10);
    let good = reply(&question, true, world.position());
    let changed = |changes: Value| with(good.clone(), changes).to_string();
    let twice = good.to_string().replacen('{', "{\"active\":true,", 1);
    let rows: [(&str, u16, String, bool); 18] = [
        ("good", 200, good.to_string(), true),
        (
            "of a service that is further on",
            200,
            changed(json!({
                "position": world.position().after(b"more").to_string()
            })),
            true,
        ),
        (
            "of a service that has begun anew",
            200,
            changed(json!({
                "position": elsewhere.to_string()
            })),
            true,
        ),
        ("another status", 201, good.to_string(), false),
        ("an error", 503, good.to_string(), false),
        ("an error made up by the proxy", 503, "upstream connect error".to_owned(), false),
        ("nothing", 200, String::new(), false),
        ("garbage", 200, "\u{0}{{".to_owned(), false),
        ("cut off", 200, good.to_string()[..30].to_owned(), false),
        ("too long", 200, good.to_string() + &" ".repeat(10_000), false),
        ("something else", 200, "[true]".to_owned(), false),
        ("a member twice", 200, twice, false),
        ("no nonce", 200, changed(json!({"nonce": null})), false),
        ("another nonce", 200, changed(json!({"nonce": "0".repeat(32)})), false),
        ("another epoch", 200, changed(json!({"epoch": 0})), false),
        ("no epoch", 200, changed(json!({"epoch": null})), false),
        ("no position", 200, changed(json!({"position": null})), false),
        ("a service that is behind", 200, changed(json!({"position": before.to_string()})), false),
    ];
    for (what, status, body, is_answer) in rows {
        let answer = question.answer(status, body.as_bytes());
        assert_eq!(answer.verdict() != AnswerVerdict::Unusable, is_answer, "{what}");
        let expected = if is_answer { "permit" } else { "replica.stale" };
        assert_eq!(reason(&world.resume(&pending, Some(&answer), 10)), expected, "{what}");
    }
}

#[test]
fn an_answer_says_why_where_the_service_does() {
    for (told, expected) in [
        (json!("revoked.principal"), "revoked.principal"),
        (json!("suspended.principal"), "principal.blocked"),
        (json!("suspended.tenant"), "tenant.suspended"),
        (json!("something.new"), "revoked.token"),
        (json!(null), "revoked.token"),
    ] {
        let (world, text) = (World::new(&[]), sign(&alice()));
        let (pending, question) = world.question("/r", &text, 10);
        let body = with(reply(&question, false, world.position()), json!({"reason": told}));
        let answer = question.answer(200, body.to_string().as_bytes());
        let settled = world.resume(&pending, Some(&answer), 10);
        assert_eq!(reason(&settled), expected, "{told}");
    }
}

/// A permit by an old answer would outlive a revocation; a refusal by one only repeats it.
#[test]
fn a_refusal_is_remembered_until_the_copy_changes_and_a_permit_is_not() {
    let (world, text) = (World::new(&[]), sign(&alice()));
    let (pending, question) = world.question("/ask", &text, 1);
    let refused = world.answer(&question, false);
    assert_eq!(reason(&world.resume(&pending, Some(&refused), 1)), "revoked.token");
    assert_eq!(world.reason("/r", &text, 2), "revoked.token", "without asking");
    world.push(&[revoked(principal_target("acme", "another"), Keep::Forever)]);
    world.renew(2);
    let (pending, question) = world.question("/ask", &text, 3);
    let active = world.answer(&question, true);
    assert_eq!(reason(&world.resume(&pending, Some(&active), 3)), "permit");
    assert_eq!(world.reason("/ask", &text, 3), "asks");
}

#[test]
fn the_question_names_the_token_and_nothing_that_could_be_used() {
    let (world, text) = (World::new(&[]), sign(&alice()));
    let (_, question) = world.question("/ask", &text, 1);
    let body = String::from_utf8(question.body().to_vec()).unwrap();
    let names: Vec<&str> = body.split('&').map(|it| it.split_once('=').unwrap().0).collect();
    let all = [
        "token_hash",
        "tenant",
        "session_hash",
        "principal_hash",
        "key_hash",
        "iat",
        "skew",
        "nonce",
        "epoch",
    ];
    assert_eq!(names, all);
    assert!(body.contains(&format!("session_hash={}", session_target("acme", "session-1").hash())));
    assert!(!body.contains(&text) && !body.contains("alice"));
}

#[test]
fn the_record_says_by_whose_word() {
    let (world, text) = (World::new(&[]), sign(&alice()));
    world.push(&[]);
    world.renew(0);
    let basis = |step: &Step| match step {
        Step::Permit(permit) => permit.account().basis(),
        Step::Deny(denial) => denial.account().basis(),
        other => panic!("{other:?}"),
    };
    let asked: fn(&World, &str, u64) -> Step = |world, text, secs| {
        let (pending, question) = world.question("/r", text, secs);
        let answer: Answer = world.answer(&question, true);
        world.resume(&pending, Some(&answer), secs)
    };
    for (what, step, source, age) in [
        ("fresh", world.send("/r", &text, 3), Source::Fresh, 3),
        ("refused", world.send("/deny", &text, 7), Source::Stale, 7),
        ("allowed", world.send("/allow", &text, 8), Source::Stale, 8),
        ("asked", asked(&world, &text, 9), Source::Asked, 9),
        ("without a token", world.send("/r", "", 9), Source::Stale, 9),
    ] {
        let found = basis(&step);
        assert_eq!(found.source, source, "{what}");
        assert_eq!(found.epoch.map(|epoch| epoch.0), Some(1), "{what}");
        assert_eq!(found.age.map(|age| age.as_secs()), Some(age), "{what}");
    }
    let nothing = basis(&World::empty().send("/healthz", "", 0));
    assert_eq!((nothing.source, nothing.epoch, nothing.age), (Source::Stale, None, None));
}

#[test]
fn a_client_that_leaves_while_it_is_asked_about_is_put_down() {
    let world = World::new(&[]);
    let (pending, _) = world.question("/ask", &sign(&alice()), 1);
    let denial = world.gate.abandon(&pending, at(1));
    assert_eq!(denial.account().verdict().reason(), Reason::Abandoned);
}
