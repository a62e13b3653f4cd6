//! Random requests, aimed as the worlds are.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::random::{Aim, mostly, tenants};
use crate::world::{Ask, NOW, Place, issuer_url};

/// Claims, and who signs them.
type Claims = (&'static str, Value);

/// Who speaks, for whom, in which roles.
fn people(aim: Aim) -> impl Strategy<Value = Claims> {
    let issuer =
        prop_oneof![2 => Just("id"), 3 => Just("sso"), 3 => Just("sts"), 1 => Just("relay")];
    let by = |name| json!({"iss": issuer_url(name)});
    let nobody = vec![by("sts"), by("nobody"), json!({}), Value::Null];
    let act = prop_oneof![4 => Just(by("sso")), 3 => Just(by("id")), 1 => select(nobody)];
    let roles = [
        json!("reader"),
        json!("writer"),
        json!(["reader", "boss"]),
        json!(["ghost", "boss"]),
        json!([]),
    ];
    let roles = mostly(json!("boss"), 6, roles.to_vec());
    let who = (mostly("ann", 5, vec!["bob"]), mostly(aim.acting, 8, tenants()), roles);
    (issuer, act, who).prop_map(|(issuer, act, (sub, tenant, roles))| {
        let claims = json!({
            "iss": issuer_url(issuer), "act": act, "sub": sub, "tenant_id": tenant,
            "tenant_role": roles,
        });
        (issuer, claims)
    })
}

/// What a token is for; null is left out.
fn purposes(aim: Aim) -> impl Strategy<Value = Value> {
    let fewer = vec![json!("r:read"), json!("r:write s:read"), json!("*"), Value::Null];
    let audiences = vec![json!("files"), json!(["api", "files"]), json!("else")];
    let delegations = prop_oneof![
        2 => Just(json!(null)), 3 => Just(json!("d0")), 1 => Just(json!("d1")),
        1 => Just(json!("forged")),
    ];
    let delegated = prop_oneof![
        2 => Just(json!(null)), 4 => Just(json!(aim.resource)),
        1 => select(tenants()).prop_map(Value::from),
    ];
    let scope = mostly(json!("both s:read"), 8, fewer);
    let aud = mostly(json!("api"), 6, audiences);
    (scope, aud, delegations, delegated).prop_map(|(scope, aud, delegation, delegated)| {
        json!({
            "scope": scope, "aud": aud, "delegation_id": delegation,
            "delegated_tenant_id": delegated,
        })
    })
}

fn times() -> impl Strategy<Value = Value> {
    let lives = prop_oneof![8 => Just(120u64), 1 => select(vec![60u64, 121, 300, 301, 600, 601])];
    let age = mostly(50u64, 12, vec![0, 119, 120, 149, 150, 151]);
    (lives, age).prop_map(|(lives, age)| json!({"iat": NOW - age, "exp": NOW - age + lives}))
}

fn tokens(aim: Aim) -> impl Strategy<Value = Claims> {
    (people(aim), purposes(aim), times()).prop_map(|((issuer, mut claims), purpose, times)| {
        let fields = claims.as_object_mut().expect("an object");
        for more in [purpose, times] {
            fields.extend(more.as_object().expect("an object").clone());
        }
        fields.retain(|_, value| !value.is_null());
        (issuer, claims)
    })
}

/// A request with its token.
pub(crate) fn asks(aim: Aim) -> impl Strategy<Value = Ask> {
    let place = prop_oneof![
        5 => Just(Place::Path(aim.resource)), 2 => Just(Place::Header(aim.resource)),
        2 => Just(Place::Token), 1 => Just(Place::Nowhere),
        1 => select(tenants()).prop_map(Place::Path),
    ];
    let method = mostly(aim.method, 6, vec!["GET", "PUT", "DELETE"]);
    (tokens(aim), place, method).prop_map(|((issuer, claims), place, method)| Ask {
        issuer,
        claims,
        method,
        place,
    })
}
