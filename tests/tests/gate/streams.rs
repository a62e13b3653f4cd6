//! Streams that are open when what let them in is over.

use std::sync::Arc;

use serde_json::json;
use tenantguard::audit::{self, Author, Origin, Position};
use tenantguard::control::{Delegate, Delegation, Entry, Keep, TenantStatus};
use tenantguard::gate::Gate;
use tenantguard::identity::PermissionName;

use crate::world::{
    NOW, SKEW, World, act, alice, at, consented, directory, policy, principal_target, revoked,
    revoked_stage, session_target, sign, suspended, tenant, with,
};

fn lent(is_revoked: bool) -> Entry {
    Entry::Delegation(Box::new(Delegation {
        id: tenant("lent"),
        from: tenant("globex"),
        to: tenant("acme"),
        principals: Delegate::Any,
        permissions: vec![PermissionName::parse("r:read").unwrap()],
        not_before: 0,
        audiences: Vec::new(),
        expires: NOW + 100,
        proposed: act(),
        stage: if is_revoked { revoked_stage() } else { consented() },
    }))
}

#[test]
fn a_stream_ends_with_what_let_it_in() {
    let rows = [
        (
            "a revoked session",
            revoked(session_target("acme", "session-1"), Keep::Forever),
            "revoked.session",
        ),
        (
            "a blocked principal",
            suspended(principal_target("acme", "alice"), true),
            "principal.blocked",
        ),
        ("a suspended tenant", directory("acme", TenantStatus::Suspended), "tenant.suspended"),
        ("a suspended delegator", directory("globex", TenantStatus::Suspended), "tenant.suspended"),
        ("a revoked delegation", lent(true), "delegation.expired"),
    ];
    let text = sign(&with(alice(), json!({"delegation_id": "lent"})));
    for (what, entry, expected) in rows {
        let world = World::new(&[lent(false)]);
        let permit = world.permit("/of/globex", &text, 1);
        assert!(permit.closes_streams());
        assert!(world.gate.still_stands(&permit, at(2)).is_none(), "{what}");
        world.push(&[revoked(session_target("acme", "another"), Keep::Forever)]);
        assert!(world.gate.still_stands(&permit, at(2)).is_none(), "{what}: something else");
        world.push(&[entry]);
        // Also when the copy has become stale: what it knows it knows.
        for secs in [2, 50] {
            let ended = world.gate.still_stands(&permit, at(secs)).unwrap();
            assert_eq!(ended.reason().code(), expected, "{what} at {secs}");
        }
    }
}

#[test]
fn a_stream_ends_with_its_token_and_its_delegation() {
    let text = sign(&with(alice(), json!({"delegation_id": "lent"})));
    let world = World::new(&[lent(false)]);
    let (home, away) = (world.permit("/r", &text, 1), world.permit("/of/globex", &text, 1));
    let ended = |permit, secs| {
        let ended = world.gate.still_stands(permit, at(secs));
        ended.map_or("stands", |ended| ended.reason().code())
    };
    for (secs, at_home, abroad) in [
        (99, "stands", "stands"),
        (100, "stands", "delegation.expired"),
        (599 + SKEW, "stands", "delegation.expired"),
        (600 + SKEW, "token.expired", "token.expired"),
    ] {
        assert_eq!((ended(&home, secs), ended(&away, secs)), (at_home, abroad), "at {secs}");
    }
}

#[test]
fn without_a_control_service_a_stream_ends_with_its_token() {
    let mut world = World::empty();
    world.gate = Gate::new(Arc::new(policy()));
    let permit = world.permit("/r", &sign(&alice()), 1);
    assert!(world.gate.still_stands(&permit, at(599 + SKEW)).is_none());
    let ended = world.gate.still_stands(&permit, at(600 + SKEW)).unwrap();
    assert_eq!(ended.reason().code(), "token.expired");
}

#[test]
fn only_a_tenants_stream_is_closed_and_only_where_the_route_does_not_keep_it() {
    let (world, text) = (World::new(&[]), sign(&alice()));
    for (path, closes) in [("/r", true), ("/keep", false), ("/healthz", false)] {
        assert_eq!(world.permit(path, &text, 1).closes_streams(), closes, "{path}");
    }
    assert!(world.gate.still_stands(&world.permit("/healthz", "", 1), at(10_000)).is_none());
}

#[test]
fn the_record_of_a_stream_that_was_closed_says_why() {
    let (world, text) = (World::new(&[]), sign(&alice()));
    let permit = world.permit("/r", &text, 1);
    world.push(&[revoked(session_target("acme", "session-1"), Keep::Forever)]);
    let ended = world.gate.still_stands(&permit, at(2)).unwrap();
    let (policy, origin) = (world.gate.policy(), Origin::default());
    let author = Author::new(policy, "edge-1", "1");
    let position = Position { author: &author, sequence: 1 };
    let record = audit::ended(policy, &permit, &ended, &origin, position);
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    for (pointer, value) in [
        ("/decision", json!("permit")),
        ("/control", json!("fresh")),
        ("/epoch", json!(0)),
        ("/age_ms", json!(1000)),
        ("/ended/reason", json!("revoked.session")),
        ("/ended/detail", json!("the session is revoked")),
        ("/ended/time", json!("2027-01-15T08:00:02.000Z")),
    ] {
        assert_eq!(record.pointer(pointer), Some(&value), "{pointer} of {record}");
    }
}
