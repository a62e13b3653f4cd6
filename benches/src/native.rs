//! Envoy's own filters, configured to do what the policy in `policy` does: verify the
//! token, then admit the three tenants' readers to the reports. `jwt_authn` also sets
//! the identity headers, as TenantGuard does.

use serde_json::{Map, Value, json};

use tenantguard_bench::tokens::{AUDIENCE, Issuer, Tokens};

use crate::config::typed;

const JWT_AUTHN: &str = "envoy.filters.http.jwt_authn";
const PAYLOAD: &str = "payload";

/// `jwt_authn`, with or without its token cache, then `rbac`.
pub(crate) fn filters(tokens: &Tokens, cache: bool) -> Vec<Value> {
    vec![jwt_authn(tokens, cache), rbac()]
}

/// The same with a cache and with every header that TenantGuard sets. Envoy routes again after
/// them, as it must where a header names the cluster.
pub(crate) fn filters_with_equal_headers(tokens: &Tokens) -> Vec<Value> {
    let mut authn = jwt_authn(tokens, true);
    let providers = authn["typed_config"]["providers"].as_object_mut();
    for provider in providers.into_iter().flat_map(Map::values_mut) {
        provider["clear_route_cache"] = json!(true);
        if let Some(headers) = provider["claim_to_headers"].as_array_mut() {
            let resource = "x-resource-tenant-id";
            headers.push(json!({"claim_name": "tenant_id", "header_name": resource}));
        }
    }
    vec![authn, rbac(), other_headers()]
}

/// What no claim says: constants in the place of what depends on the tenant, and the request's id
/// in the place of ids.
fn other_headers() -> Value {
    let set = |key: &str, value: &str| {
        json!({"append": {
            "header": {"key": key, "value": value},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }})
    };
    let mutations = [
        set("x-tenant-isolation", "dedicated"),
        set("x-tenant-cell", "acme-eu"),
        set("x-tenant-context-id", "%REQ(X-REQUEST-ID)%"),
        set("x-audit-id", "%REQ(X-REQUEST-ID)%"),
    ];
    typed(
        "envoy.filters.http.header_mutation",
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        json!({"mutations": {"request_mutations": mutations}}),
    )
}

fn jwt_authn(tokens: &Tokens, cache: bool) -> Value {
    let providers: Map<_, _> = tokens
        .issuers()
        .iter()
        .map(|issuer| (issuer.name.clone(), provider(issuer, cache)))
        .collect();
    let config = json!({
        "providers": providers,
        "rules": [{"match": {"prefix": "/"}, "requires": requirement(tokens.issuers())}],
    });
    let proto = "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";
    typed(JWT_AUTHN, proto, config)
}

/// One provider; or any of several in their order, which is what Istio makes of several rules
/// in a `RequestAuthentication` (beside a branch that lets requests without a token pass).
fn requirement(issuers: &[Issuer]) -> Value {
    let named = |issuer: &Issuer| json!({"provider_name": issuer.name});
    match issuers {
        [one] => named(one),
        _ => {
            let any: Vec<Value> = issuers.iter().map(named).collect();
            json!({"requires_any": {"requirements": any}})
        }
    }
}

fn provider(issuer: &Issuer, cache: bool) -> Value {
    let mut provider = json!({
        "issuer": issuer.url,
        "audiences": [AUDIENCE],
        "local_jwks": {"inline_string": issuer.jwks.to_string()},
        "forward": true,
        "require_expiration": true,
        "payload_in_metadata": PAYLOAD,
        "claim_to_headers": [
            {"claim_name": "tenant_id", "header_name": "x-tenant-id"},
            {"claim_name": "sub", "header_name": "x-principal-id"},
            {"claim_name": "tenant_role", "header_name": "x-tenant-roles"},
            {"claim_name": "scope", "header_name": "x-tenant-scope"},
        ],
    });
    if let (true, Some(members)) = (cache, provider.as_object_mut()) {
        members.insert("jwt_cache_config".to_owned(), json!({"jwt_cache_size": 1000}));
    }
    provider
}

fn rbac() -> Value {
    let any_of = |claim: &str, values: &[&str]| {
        let ids: Vec<Value> =
            values.iter().map(|value| claim_is(claim, &json!({ "exact": value }))).collect();
        json!({"or_ids": {"ids": ids}})
    };
    let readers = json!({"and_ids": {"ids": [
        any_of("tenant_id", &["acme", "globex", "partnerco"]),
        any_of("tenant_role", &["viewer", "analyst", "editor", "admin"]),
        claim_is("scope", &json!({"contains": "reports:read"})),
    ]}});
    let read_reports = json!({"and_rules": {"rules": [
        {"header": {"name": ":method", "string_match": {"exact": "GET"}}},
        {"url_path": {"path": {"prefix": "/api/v1/reports/"}}},
    ]}});
    let policies =
        json!({"read reports": {"permissions": [read_reports], "principals": [readers]}});
    typed(
        "envoy.filters.http.rbac",
        "envoy.extensions.filters.http.rbac.v3.RBAC",
        json!({"rules": {"action": "ALLOW", "policies": policies}}),
    )
}

/// A principal whose verified token has a matching claim.
fn claim_is(claim: &str, matcher: &Value) -> Value {
    json!({"sourced_metadata": {"metadata_matcher": {
        "filter": JWT_AUTHN,
        "path": [{"key": PAYLOAD}, {"key": claim}],
        "value": {"string_match": matcher},
    }}})
}
