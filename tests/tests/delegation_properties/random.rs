//! Random worlds, aimed: most delegations are between the two tenants that most requests
//! are about, and most of what can be wrong is right, so that what decides is one thing at a time.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use tenantguard::time::UnixTime;

use crate::requests::asks;
use crate::world::{Ask, NOW, World, issuer_url, key};

const TENANTS: [&str; 3] = ["acme", "globex", "partnerco"];
/// Known to the control service at most.
const NEWCOMER: &str = "hooli";
const METHODS: [(&str, &str); 3] = [("GET", "r:read"), ("PUT", "r:write"), ("DELETE", "s:read")];

/// What most of a case is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aim {
    pub(crate) acting: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) method: &'static str,
    needed: &'static str,
}

/// `usual` most of the time.
pub(crate) fn mostly<T: Clone + std::fmt::Debug + 'static>(
    usual: T,
    weight: u32,
    others: Vec<T>,
) -> BoxedStrategy<T> {
    prop_oneof![weight => Just(usual), 1 => select(others)].boxed()
}

pub(crate) fn tenants() -> Vec<&'static str> {
    [&TENANTS[..], &[NEWCOMER]].concat()
}

fn aims() -> impl Strategy<Value = Aim> {
    let acting = prop_oneof![8 => Just("partnerco"), 1 => select(tenants())];
    let resource = prop_oneof![8 => Just("acme"), 1 => select(tenants())];
    (acting, resource, select(METHODS.to_vec()))
        .prop_map(|(acting, resource, (method, needed))| Aim { acting, resource, method, needed })
}

/// A delegation, living or not.
fn delegations(aim: Aim) -> impl Strategy<Value = (bool, Value)> {
    let principals = vec![
        json!(["sso/ann"]),
        json!(["id/ann", "sso/bob"]),
        json!(["id/bob"]),
        json!(["sso/ann", "id/ann"]),
    ];
    let other = ["r:read", "r:write", "s:read"].map(|one| json!([one]));
    let permissions = [&other[..], &[json!(["r:read", "r:write", "s:read"])]].concat();
    let audiences = vec![json!(["api"]), json!(["files"]), json!(["api", "files"])];
    let stages = ["proposed", "suspended", "revoked"].map(Value::from).to_vec();
    let ends = (mostly(aim.resource, 7, tenants()), mostly(aim.acting, 7, tenants()));
    let what = (
        mostly(json!("any"), 3, principals),
        mostly(json!([aim.needed]), 8, permissions),
        prop_oneof![5 => Just(json!([])), 1 => select(audiences)],
    );
    let when = (
        select(vec![-20i64, -20, -20, -20, -20, -1, 0, 1]),
        select(vec![20i64, 20, 20, 20, 20, 1, 0, -1]),
    );
    let stage = mostly(json!("consented"), 7, stages);
    (any::<bool>(), ends, what, when, stage).prop_map(|(is_living, ends, what, when, stage)| {
        let (from, to) = ends;
        let (principals, permissions, audiences) = what;
        let one = json!({
            "from": from, "to": to, "principals": principals, "permissions": permissions,
            "audiences": audiences, "not_before": NOW.saturating_add_signed(when.0),
            "expires": NOW.saturating_add_signed(when.1), "stage": stage,
        });
        // A policy has none that never lives, none to itself, and no tenant that it does not list.
        let can_be_fixed = when.0 < when.1
            && from != to
            && [from, to].iter().all(|end| *end != NEWCOMER)
            && one["stage"] == "consented";
        (is_living || !can_be_fixed, one)
    })
}

/// As the policy spells it; of its wildcards, one that stands for two.
fn fixed(mut one: Value) -> Value {
    let fields = one.as_object_mut().expect("an object");
    fields.remove("stage");
    if fields["audiences"] == json!([]) {
        fields.remove("audiences");
    }
    if fields["permissions"] == json!(["r:write"]) {
        fields.insert("permissions".to_owned(), json!(["r:*"]));
    }
    for name in ["not_before", "expires"] {
        let secs = fields[name].as_u64().expect("a time");
        fields.insert(name.to_owned(), json!(UnixTime::from_secs(secs).to_string()));
    }
    let consent = json!({"by": "somebody", "at": "2026-01-01T00:00:00Z", "reference": "1"});
    fields.insert("consent".to_owned(), consent);
    one
}

fn overrides(aim: Aim) -> impl Strategy<Value = Vec<Value>> {
    let roles = select(vec!["reader", "writer", "boss"]);
    let tenant = select([&TENANTS[..], &[aim.resource; 2]].concat());
    let permissions = mostly(aim.needed, 2, vec!["r:read", "r:write", "s:read"]);
    let one = (tenant, roles, permissions, prop_oneof![3 => Just("deny"), 1 => Just("grant")]);
    vec(one, 0..4).prop_map(|all| {
        let mut seen = std::collections::BTreeSet::new();
        let listed = all.into_iter().filter(|(tenant, ..)| *tenant != NEWCOMER);
        let new = listed.filter(|(tenant, role, ..)| seen.insert((*tenant, *role)));
        new.map(|(tenant, role, permission, effect)| {
            json!({"tenant": tenant, "role": role, effect: [permission]})
        })
        .collect()
    })
}

fn issuer(name: &str, lifetime: &str, asserts: &Value) -> Value {
    json!({
        "issuer": issuer_url(name), "keys": {"jwks": {"keys": [key(name).public_jwk()]}},
        "algorithms": ["EdDSA"], "skew": "30s", "max_lifetime": lifetime, "asserts": asserts,
    })
}

fn issuers() -> impl Strategy<Value = Value> {
    let authority = mostly("roles_and_scopes", 3, vec!["roles", "scopes"]);
    let unlisted = select(vec!["refuse", "ignore"]);
    let tenants = mostly(json!("any"), 2, vec![json!(["partnerco"]), json!(["acme", "partnerco"])]);
    let roles = mostly(json!("any"), 2, vec![json!(["reader"]), json!(["boss", "reader"])]);
    (authority, unlisted, tenants, roles).prop_map(|(authority, unlisted, tenants, roles)| {
        let any = json!({"tenants": "any", "roles": "any"});
        let of_sso = json!({"tenants": ["partnerco"], "roles": ["reader", "boss"]});
        let mut issuers = json!({
            "id": issuer("id", "3600s", &any),
            "sso": issuer("sso", "600s", &of_sso),
            "sts": issuer("sts", "300s", &json!({"tenants": tenants, "roles": roles})),
            "relay": issuer("relay", "300s", &any),
        });
        issuers["id"]["authority"] = json!(authority);
        issuers["sso"]["unlisted_roles"] = json!(unlisted);
        issuers["sts"]["delegation_tokens"] = json!(true);
        issuers["relay"]["delegation_tokens"] = json!(true);
        issuers
    })
}

fn cross_tenant() -> impl Strategy<Value = Value> {
    (mostly(false, 6, vec![true]), mostly(None, 3, vec![Some("120s")])).prop_map(
        |(require_token, max_lifetime)| match max_lifetime {
            Some(limit) => json!({"require_token": require_token, "max_lifetime": limit}),
            None => json!({"require_token": require_token}),
        },
    )
}

/// What is the same in every policy.
fn template() -> Value {
    let methods: Map<_, _> =
        METHODS.into_iter().map(|(method, needed)| (method.to_owned(), json!(needed))).collect();
    let tenants: Map<_, _> =
        TENANTS.into_iter().map(|name| (name.to_owned(), json!({"isolation": "shared"}))).collect();
    json!({
        "version": 1, "audiences": ["api", "files"], "tenants": tenants,
        "roles": {
            "reader": {"permissions": ["r:read"]},
            "writer": {"extends": ["reader"], "permissions": ["r:write"]},
            "boss": {"permissions": ["r:*", "s:read"]},
        },
        "scopes": {"both": ["r:*"]},
        "routes": [
            {"path": "/own", "methods": methods},
            {"path": "/of/{tenant}", "methods": methods, "resource_tenant": "path.tenant"},
            {"path": "/named", "methods": methods, "resource_tenant": "header.x-account"},
            {"path": "/said", "methods": methods, "resource_tenant": "token"},
        ],
    })
}

fn worlds(aim: Aim) -> impl Strategy<Value = World> {
    let is_known = mostly(true, 3, vec![false]);
    let parts = (vec(delegations(aim), 0..5), overrides(aim), issuers(), cross_tenant(), is_known);
    parts.prop_map(|(delegations, overrides, issuers, cross_tenant, is_known)| {
        let (mut standing, mut living) = (Map::new(), vec![]);
        for ((is_living, mut one), nth) in delegations.into_iter().zip(0..) {
            let id = format!("d{nth}");
            if is_living {
                one["id"] = json!(id);
                living.push(one);
            } else {
                standing.insert(id, fixed(one));
            }
        }
        let mut policy = template();
        policy["issuers"] = issuers;
        policy["cross_tenant"] = cross_tenant;
        policy["overrides"] = json!(overrides);
        policy["delegations"] = json!(standing);
        World { policy, directory: if is_known { vec![NEWCOMER] } else { vec![] }, living }
    })
}

/// A world, and requests to it.
pub(crate) fn cases() -> impl Strategy<Value = (World, Vec<Ask>)> {
    aims().prop_flat_map(|aim| (worlds(aim), vec(asks(aim), 1..6)))
}
