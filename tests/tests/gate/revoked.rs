//! Each way to be refused by the control state, and nothing else refused by it.

use serde_json::{Value, json};
use tenantguard::control::{
    CutOff, Entry, Handle, Keep, Revocation, Suspension, Target, TenantStatus,
};

use crate::world::{
    NOW, SKEW, World, alice, cut_off, directory, key_target, kid, principal_target, response,
    revoked, session_target, sign, sign_without_kid, suspended, tenant, token_target, with,
};

/// The claims of a token, and the entry that is about it.
type About = fn(&Value, &str) -> Entry;

#[test]
fn each_handle_refuses_its_tokens_and_no_others() {
    let nameless = || with(alice(), json!({"jti": null, "sid": null}));
    let rows: &[(&str, Value, About, &str)] = &[
        (
            "a token by its jti",
            alice(),
            |claims, text| revoked(token_target(claims, text), Keep::Expiry(NOW + 600)),
            "revoked.token",
        ),
        (
            "a token by its jti, until some time",
            alice(),
            |claims, text| revoked(token_target(claims, text), Keep::Until(NOW + 7_200)),
            "revoked.token",
        ),
        (
            "a token without jti",
            nameless(),
            |claims, text| revoked(token_target(claims, text), Keep::Expiry(NOW + 600)),
            "revoked.token",
        ),
        (
            "a token without jti, until some time",
            nameless(),
            |claims, text| revoked(token_target(claims, text), Keep::Until(NOW + 7_200)),
            "revoked.token",
        ),
        (
            "a session",
            alice(),
            |_, _| revoked(session_target("acme", "session-1"), Keep::Until(NOW + 7_200)),
            "revoked.session",
        ),
        (
            "a session, cut off",
            alice(),
            |_, _| cut_off(session_target("acme", "session-1"), NOW),
            "revoked.session",
        ),
        (
            "a principal",
            nameless(),
            |_, _| revoked(principal_target("acme", "alice"), Keep::Forever),
            "revoked.principal",
        ),
        (
            "a principal, cut off",
            alice(),
            |_, _| cut_off(principal_target("acme", "alice"), NOW),
            "revoked.principal",
        ),
        (
            "a principal, suspended",
            alice(),
            |_, _| suspended(principal_target("acme", "alice"), true),
            "principal.blocked",
        ),
        (
            "a tenant, cut off",
            alice(),
            |_, _| cut_off(Handle::Tenant(&tenant("acme")).target(), NOW),
            "revoked.tenant",
        ),
        (
            "a tenant, suspended",
            alice(),
            |_, _| suspended(Handle::Tenant(&tenant("acme")).target(), true),
            "tenant.suspended",
        ),
        (
            "a tenant, suspended in the directory",
            alice(),
            |_, _| directory("acme", TenantStatus::Suspended),
            "tenant.suspended",
        ),
        (
            "a tenant, deleted",
            alice(),
            |_, _| directory("acme", TenantStatus::Deleted),
            "tenant.suspended",
        ),
        ("a key", alice(), |_, _| revoked(key_target(&kid()), Keep::Forever), "revoked.key"),
        ("a key, cut off", alice(), |_, _| cut_off(key_target(&kid()), NOW), "revoked.key"),
        // What is about something else.
        (
            "another tenant's session",
            alice(),
            |_, _| revoked(session_target("globex", "session-1"), Keep::Forever),
            "permit",
        ),
        (
            "a hash under another tenant",
            alice(),
            |claims, text| {
                let hash = token_target(claims, text).hash();
                revoked(Target::Token { tenant: tenant("globex"), hash }, Keep::Forever)
            },
            "permit",
        ),
        (
            "another principal",
            alice(),
            |_, _| revoked(principal_target("acme", "alicia"), Keep::Forever),
            "permit",
        ),
        ("another key", alice(), |_, _| revoked(key_target("another"), Keep::Forever), "permit"),
        ("another tenant", alice(), |_, _| directory("globex", TenantStatus::Suspended), "permit"),
        (
            "a suspension that is off",
            alice(),
            |_, _| suspended(principal_target("acme", "alice"), false),
            "permit",
        ),
        (
            "a tenant that is active",
            alice(),
            |_, _| directory("acme", TenantStatus::Active),
            "permit",
        ),
    ];
    for (what, claims, about, expected) in rows {
        let text = sign(claims);
        let entry = about(claims, &text);
        let target = match &entry {
            Entry::Revoked(Revocation { target, .. })
            | Entry::CutOff(CutOff { target, .. })
            | Entry::Suspension(Suspension { target, .. }) => Some(target.clone()),
            _ => None,
        };
        // In the first snapshot, to a token that was never seen.
        let world = World::new(std::slice::from_ref(&entry));
        assert_eq!(world.reason("/r", &text, 1), *expected, "{what}, in a snapshot");
        // In a delta, to a token that is known.
        let world = World::new(&[]);
        assert_eq!(world.reason("/r", &text, 1), "permit", "{what}, before");
        world.push(&[entry]);
        world.renew(1);
        for time in ["first", "second"] {
            assert_eq!(world.reason("/r", &text, 1), *expected, "{what}, in a delta, {time}");
        }
        // And taken back.
        let Some(target) = target else { continue };
        world.push(&[Entry::Restored(Revocation { target, keep: Keep::Until(NOW + 7_200) })]);
        world.renew(1);
        assert_eq!(world.reason("/r", &text, 1), "permit", "{what}, restored");
    }
}

/// A signature made with a revoked key is refused also where the token does not say by which key.
#[test]
fn a_revoked_key_is_refused_by_whatever_name() {
    let text = sign_without_kid(&alice());
    assert_eq!(World::new(&[]).reason("/r", &text, 1), "permit");
    let world = World::new(&[revoked(key_target(&kid()), Keep::Forever)]);
    assert_eq!(world.reason("/r", &text, 1), "revoked.key");
}

#[test]
fn a_cut_off_reaches_as_far_as_the_issuers_clock_may_be_off() {
    for (issued, expected) in [
        (NOW - 60, "revoked.principal"),
        (NOW, "revoked.principal"),
        // Issued by a clock two minutes fast, just before the cut-off.
        (NOW + SKEW, "revoked.principal"),
        (NOW + SKEW + 1, "permit"),
    ] {
        let world = World::new(&[cut_off(principal_target("acme", "alice"), NOW)]);
        let text = sign(&with(alice(), json!({"iat": issued})));
        assert_eq!(world.reason("/r", &text, 2), expected, "issued {}", issued as i64 - NOW as i64);
    }
}

#[test]
fn the_handle_that_says_most_is_the_reason() {
    let text = sign(&alice());
    let entries = [
        directory("acme", TenantStatus::Suspended),
        suspended(principal_target("acme", "alice"), true),
        cut_off(principal_target("acme", "alice"), NOW),
        revoked(key_target(&kid()), Keep::Forever),
        revoked(session_target("acme", "session-1"), Keep::Forever),
        revoked(token_target(&alice(), &text), Keep::Forever),
    ];
    let expected = [
        "tenant.suspended",
        "principal.blocked",
        "revoked.principal",
        "revoked.key",
        "revoked.session",
        "revoked.token",
    ];
    let world = World::new(&[]);
    for (entry, expected) in entries.into_iter().zip(expected) {
        world.push(&[entry]);
        world.renew(0);
        assert_eq!(world.reason("/r", &text, 1), expected);
    }
}

#[test]
fn who_is_refused_is_told_what_the_reason_asks_for() {
    for (entry, status, challenge) in [
        (
            revoked(session_target("acme", "session-1"), Keep::Forever),
            401,
            Some("Bearer error=\"invalid_token\""),
        ),
        (suspended(principal_target("acme", "alice"), true), 403, None),
    ] {
        let world = World::new(&[entry]);
        let (found, headers) = response(&world.send("/r", &sign(&alice()), 1));
        let found_challenge = headers.iter().find(|(name, _)| name == "www-authenticate");
        assert_eq!((found, found_challenge.map(|(_, value)| value.as_str())), (status, challenge));
    }
}

#[test]
fn a_public_route_asks_nobody() {
    assert_eq!(World::empty().reason("/healthz", "", 1), "public");
}
