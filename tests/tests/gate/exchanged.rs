//! Delegation tokens: what is revoked of the principal that one was given to is revoked of it too.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tenantguard::control::{Entry, Keep, TenantStatus};

use crate::world::{
    EXCHANGE, ISSUER, NOW, World, alice, directory, policy_text, principal_target, reason, revoked,
    session_target, sign_as_exchange, suspended, with,
};

/// Alice of acme, at the data of globex, under the delegation that stands in the policy.
fn exchanged() -> Value {
    with(
        alice(),
        json!({
            "iss": EXCHANGE, "jti": "exchanged-1", "exp": NOW + 240, "scope": "r:read",
            "act": {"iss": ISSUER, "sub": "alice"},
            "delegation_id": "standing", "delegated_tenant_id": "globex",
        }),
    )
}

#[test]
fn it_is_good_for_the_one_tenant_and_for_nothing_else() {
    let rows = [
        ("/of/globex", json!({}), "permit"),
        ("/of/acme", json!({}), "delegation.none"),
        ("/r", json!({}), "delegation.none"),
        ("/of/globex", json!({"delegation_id": null}), "delegation.none"),
        ("/of/globex", json!({"delegated_tenant_id": null}), "delegation.none"),
        ("/of/globex", json!({"delegation_id": "other"}), "delegation.none"),
        ("/of/globex", json!({"scope": "r:write"}), "scope.missing"),
        ("/of/globex", json!({"scope": null}), "scope.missing"),
        ("/of/globex", json!({"act": null}), "token.claims"),
        ("/of/globex", json!({"act": {"sub": "alice"}}), "token.claims"),
        ("/of/globex", json!({"act": {"iss": EXCHANGE}}), "token.claims"),
        ("/of/globex", json!({"act": {"iss": "https://nobody"}}), "token.claims"),
        ("/of/globex", json!({"act": "alice"}), "token.claims"),
        ("/of/globex", json!({"exp": NOW + 241}), "token.lifetime"),
    ];
    let world = World::new(&[]);
    for (path, changes, expected) in rows {
        let text = sign_as_exchange(&with(exchanged(), changes.clone()));
        assert_eq!(world.reason(path, &text, 1), expected, "{path} {changes}");
    }
}

#[test]
fn it_is_bound_as_the_tokens_of_the_issuer_that_vouches_must_be() {
    let mut policy: Value = serde_json::from_str(&policy_text()).unwrap();
    policy["issuers"]["id"]["client_certificate"] = "required".into();
    let world = World::by(&policy.to_string());
    let digest = [7; 32];
    let bound = json!({"cnf": {"x5t#S256": URL_SAFE_NO_PAD.encode(digest)}});
    for (changes, shown, expected) in [
        (json!({}), Some(digest), "token.binding"),
        (json!({}), None, "token.binding"),
        (bound.clone(), None, "token.binding"),
        (bound.clone(), Some([8; 32]), "token.binding"),
        (bound, Some(digest), "permit"),
    ] {
        let text = sign_as_exchange(&with(exchanged(), changes.clone()));
        let found = reason(&world.send_shown_by("/of/globex", &text, 1, shown));
        assert_eq!(found, expected, "{changes} {shown:?}");
    }
}

#[test]
fn it_goes_with_the_session_the_principal_and_the_tenants() {
    let rows: [(&str, Entry, &str); 5] = [
        (
            "the session of the token that it was given for",
            revoked(session_target("acme", "session-1"), Keep::Forever),
            "revoked.session",
        ),
        (
            "the principal",
            revoked(principal_target("acme", "alice"), Keep::Forever),
            "revoked.principal",
        ),
        (
            "the principal, blocked",
            suspended(principal_target("acme", "alice"), true),
            "principal.blocked",
        ),
        ("its tenant", directory("acme", TenantStatus::Suspended), "tenant.suspended"),
        ("the delegator", directory("globex", TenantStatus::Suspended), "tenant.suspended"),
    ];
    let text = sign_as_exchange(&exchanged());
    for (what, entry, expected) in rows {
        let world = World::new(&[]);
        assert_eq!(world.reason("/of/globex", &text, 1), "permit", "{what}");
        world.push(&[entry]);
        world.renew(1);
        assert_eq!(world.reason("/of/globex", &text, 1), expected, "{what}");
    }
}
