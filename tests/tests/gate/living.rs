//! Tenants and delegations that the policy does not list and the control service brings.

use serde_json::json;
use tenantguard::artifact::Isolation;
use tenantguard::control::{
    Delegate, Delegation, DelegationStage, Entry, Label, TenantEntry, TenantStatus,
};
use tenantguard::gate::Step;
use tenantguard::identity::{CellName, PermissionName, PrincipalId};

use crate::world::{
    NOW, World, act, alice, consented, directory, revoked_stage, sign, suspended_stage, tenant,
    with,
};

fn delegation(id: &str, from: &str, to: &str) -> Delegation {
    Delegation {
        id: tenant(id),
        from: tenant(from),
        to: tenant(to),
        principals: Delegate::Any,
        permissions: vec![PermissionName::parse("r:read").unwrap()],
        audiences: Vec::new(),
        not_before: NOW,
        expires: NOW + 100,
        proposed: act(),
        stage: consented(),
    }
}

fn entry(delegation: &Delegation) -> Entry {
    Entry::Delegation(Box::new(delegation.clone()))
}

/// Bob of globex, who may read at home.
fn bob() -> String {
    sign(&with(alice(), json!({"sub": "bob", "tenant_id": "globex", "sid": null, "jti": "bob-1"})))
}

/// A header that the upstream gets.
fn header(step: &Step, wanted: &str) -> Option<String> {
    let Step::Permit(permit) = step else { return None };
    let set = &permit.changes()?.set;
    let (_, value) = set.iter().find(|(name, _)| **name == *wanted)?;
    Some(String::from_utf8(value.as_bytes().to_vec()).unwrap())
}

#[test]
fn a_tenant_that_only_the_directory_knows_has_its_class_its_cell_and_the_base_roles() {
    let initech = |isolation, cell: Option<&str>| {
        Entry::Tenant(TenantEntry {
            id: tenant("initech"),
            isolation,
            cell: cell.map(|cell| CellName::parse(cell).unwrap()),
            status: TenantStatus::Active,
        })
    };
    let world = World::new(&[initech(Isolation::Dedicated, Some("initech-eu"))]);
    let claims = with(alice(), json!({"tenant_id": "initech"}));
    let shown = |world: &World| {
        let step = world.send("/r", &sign(&claims), 1);
        ["x-tenant-id", "x-tenant-isolation", "x-tenant-cell"]
            .map(|name| header(&step, name).unwrap_or_default())
    };
    assert_eq!(shown(&world), ["initech", "dedicated", "initech-eu"]);
    // It moves, and the token is known already.
    world.push(&[initech(Isolation::Shared, None)]);
    world.renew(1);
    assert_eq!(shown(&world), ["initech", "shared", "shared"]);
    // What a tenant of the policy changes about a role is its own matter.
    let editor =
        |tenant| sign(&with(alice(), json!({"tenant_id": tenant, "tenant_role": "editor"})));
    assert_eq!(world.reason("/r", &editor("acme"), 1), "permit");
    assert_eq!(world.reason("/r", &editor("initech"), 1), "permission.missing");
    world.push(&[directory("initech", TenantStatus::Suspended)]);
    world.renew(1);
    assert_eq!(world.reason("/r", &sign(&claims), 1), "tenant.suspended");
    assert_eq!(
        World::new(&[]).reason("/r", &sign(&claims), 1),
        "tenant.unknown",
        "without the entry"
    );
}

#[test]
fn a_living_delegation_counts_as_one_of_the_policy_does() {
    let live = delegation("lent", "acme", "globex");
    let principals = |name: &str| Delegate::Principals(vec![PrincipalId::parse(name).unwrap()]);
    let in_stage = |stage| Delegation { stage, ..live.clone() };
    let for_audience = |name| Delegation {
        audiences: vec![Label::parse("more").unwrap(), Label::parse(name).unwrap()],
        ..live.clone()
    };
    let writes = vec![PermissionName::parse("r:write").unwrap()];
    let rows = [
        ("live", live.clone(), "permit"),
        ("for bob", Delegation { principals: principals("id/bob"), ..live.clone() }, "permit"),
        (
            "for another",
            Delegation { principals: principals("id/carol"), ..live.clone() },
            "delegation.scope",
        ),
        (
            "for something else",
            Delegation { permissions: writes, ..live.clone() },
            "delegation.scope",
        ),
        ("revoked", in_stage(revoked_stage()), "delegation.expired"),
        ("proposed only", in_stage(DelegationStage::Proposed), "delegation.none"),
        ("suspended", in_stage(suspended_stage()), "delegation.expired"),
        ("for another audience", for_audience("other"), "delegation.scope"),
        ("for the token's audience", for_audience("api"), "permit"),
        ("not yet", Delegation { not_before: NOW + 2, ..live.clone() }, "delegation.expired"),
        ("from this second on", Delegation { not_before: NOW + 1, ..live.clone() }, "permit"),
        ("over", Delegation { expires: NOW + 1, ..live.clone() }, "delegation.expired"),
        ("a second more", Delegation { expires: NOW + 2, ..live.clone() }, "permit"),
        ("the other way", delegation("lent", "globex", "acme"), "delegation.none"),
        ("to a third tenant", delegation("lent", "acme", "initech"), "delegation.none"),
    ];
    for (what, delegation, expected) in rows {
        let world = World::new(&[entry(&delegation)]);
        assert_eq!(world.reason("/of/acme", &bob(), 1), expected, "{what}");
    }
}

#[test]
fn a_delegation_that_is_revoked_is_used_no_more_not_even_by_a_known_token() {
    let (live, bob) = (delegation("lent", "acme", "globex"), bob());
    let world = World::new(&[entry(&live)]);
    let step = world.send("/of/acme", &bob, 1);
    for (name, value) in [
        ("x-delegation-id", "lent"),
        ("x-delegator-id", "acme"),
        ("x-resource-tenant-id", "acme"),
        ("x-tenant-scope", "r:read"),
    ] {
        assert_eq!(header(&step, name).as_deref(), Some(value), "{name}");
    }
    world.push(&[entry(&Delegation { stage: revoked_stage(), ..live.clone() })]);
    world.renew(1);
    assert_eq!(world.reason("/of/acme", &bob, 1), "delegation.expired");
    world.push(&[entry(&live)]);
    world.renew(1);
    assert_eq!(world.reason("/of/acme", &bob, 1), "permit");
    assert_eq!(world.reason("/of/acme", &bob, 4), "permit");
}

#[test]
fn of_several_the_token_says_which() {
    let (one, other) = (delegation("one", "globex", "acme"), delegation("other", "globex", "acme"));
    let world = World::new(&[entry(&one), entry(&other)]);
    for (named, expected) in [
        // There is `standing` in the policy too.
        (json!(null), "delegation.ambiguous"),
        (json!("one"), "permit"),
        (json!("other"), "permit"),
        (json!("standing"), "permit"),
        (json!("nobody-s"), "delegation.none"),
    ] {
        let text = sign(&with(alice(), json!({"delegation_id": named})));
        assert_eq!(world.reason("/of/globex", &text, 1), expected, "{named}");
    }
}

#[test]
fn a_delegator_that_is_suspended_lends_nothing() {
    let world = World::new(&[
        entry(&delegation("lent", "acme", "globex")),
        directory("acme", TenantStatus::Suspended),
    ]);
    assert_eq!(world.reason("/of/acme", &bob(), 1), "tenant.suspended");
    // Who has no delegation does not learn of it.
    let world = World::new(&[directory("acme", TenantStatus::Suspended)]);
    assert_eq!(world.reason("/of/acme", &bob(), 1), "delegation.none");
}

#[test]
fn a_delegation_between_tenants_that_the_policy_does_not_list_counts_too() {
    let world = World::new(&[
        directory("initech", TenantStatus::Active),
        directory("hooli", TenantStatus::Active),
        entry(&delegation("lent", "hooli", "initech")),
    ]);
    let text = sign(&with(alice(), json!({"tenant_id": "initech"})));
    assert_eq!(world.reason("/of/hooli", &text, 1), "permit");
    assert_eq!(world.reason("/of/acme", &text, 1), "delegation.none");
    assert_eq!(world.reason("/of/nobody", &text, 1), "delegation.none");
}

/// The service is asked about the token; of the delegation, a stale copy knows too little.
#[test]
fn a_stale_copy_is_not_enough_for_a_living_delegation() {
    let world = World::new(&[entry(&delegation("lent", "acme", "globex"))]);
    let settled = |path: &str, text: &str| {
        let (pending, question) = world.question(path, text, 10);
        let answer = world.answer(&question, true);
        crate::world::reason(&world.resume(&pending, Some(&answer), 10))
    };
    assert_eq!(settled("/of/acme", &bob()), "replica.stale");
    assert_eq!(settled("/of/globex", &sign(&alice())), "permit", "one of the policy's");
    world.renew(10);
    assert_eq!(world.reason("/of/acme", &bob(), 10), "permit");
}

#[test]
fn a_token_that_was_let_at_anothers_data_is_looked_at_again_when_a_delegation_begins_or_ends() {
    let one = Delegation { expires: NOW + 30, ..delegation("one", "acme", "globex") };
    let other = Delegation { not_before: NOW + 10, ..delegation("other", "acme", "globex") };
    let world = World::new(&[entry(&one), entry(&other)]);
    let bob = bob();
    // In this order: time may go back, and what was answered then does not count now.
    for (after, expected) in [
        (1, "permit"),
        (1, "permit"),
        (9, "permit"),
        (10, "delegation.ambiguous"),
        (9, "permit"),
        (29, "delegation.ambiguous"),
        (30, "permit"),
        (1, "permit"),
        (99, "permit"),
        (100, "delegation.expired"),
    ] {
        world.renew(after);
        assert_eq!(world.reason("/of/acme", &bob, after), expected, "after {after} s");
    }
}

#[test]
fn what_a_token_was_let_at_says_nothing_of_other_tenants_and_permissions() {
    let world = World::new(&[entry(&delegation("lent", "acme", "globex"))]);
    let bob = bob();
    for (path, expected) in
        [("/of/acme", "permit"), ("/of/initech", "delegation.none"), ("/r", "permit")]
    {
        assert_eq!(world.reason(path, &bob, 1), expected, "{path}");
    }
    world.push(&[directory("acme", TenantStatus::Suspended)]);
    world.renew(1);
    assert_eq!(world.reason("/of/acme", &bob, 1), "tenant.suspended");
}
