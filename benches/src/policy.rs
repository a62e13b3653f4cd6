//! TenantGuard's policy for the benchmarks, in the source language, with its keys inline:
//! the filter compiles it from the plugin configuration.

use serde_json::{Map, Value, json};

use crate::tokens::{ALGORITHMS, AUDIENCE, Issuer, Tokens};

/// The policy: the issuers of `tokens`, and more tenants, roles and routes than the load uses,
/// as a real one has.
#[must_use]
pub fn source(tokens: &Tokens) -> Value {
    json!({
        "version": 1,
        "default_cell": "shared",
        "audiences": [AUDIENCE],
        "issuers": tokens.issuers().iter().map(issuer).collect::<Map<_, _>>(),
        "tenants": {
            "acme": {"isolation": "dedicated", "cell": "acme-eu"},
            "globex": {"isolation": "shared"},
            "partnerco": {"isolation": "shared"},
        },
        "roles": {
            "viewer": {"permissions": ["reports:read"]},
            "analyst": {"extends": ["viewer"], "permissions": ["partner:read"]},
            "editor": {"extends": ["viewer"], "permissions": ["reports:write"]},
            "admin": {
                "extends": ["editor", "analyst"],
                "permissions": ["users:read", "users:write", "cross_tenant:manage"],
            },
        },
        "routes": [
            {"path": "/healthz", "public": true, "usage": "none"},
            {
                "path": "/api/v1/reports/{report}",
                "methods": {"GET": "reports:read", "PUT": "reports:write"},
                "usage": "api_call",
            },
            {
                "path": "/api/v1/tenants/{tenant}/reports/{report}",
                "resource_tenant": "path.tenant",
                "methods": {"GET": "reports:read"},
            },
            {
                "path": "/api/v1/users/{user}",
                "methods": {"GET": "users:read", "PUT": "users:write"},
            },
        ],
    })
}

/// The same policy for a gate that forgets every token: each request parses and verifies.
#[must_use]
pub fn without_cache(mut source: Value) -> Value {
    if let Some(members) = source.as_object_mut() {
        members.insert("token_cache".to_owned(), Value::from("off"));
    }
    source
}

fn issuer(issuer: &Issuer) -> (String, Value) {
    let trusted = json!({
        "issuer": issuer.url,
        "keys": {"jwks": issuer.jwks},
        "algorithms": ALGORITHMS.map(|algorithm| algorithm.as_str()),
        "asserts": {"tenants": "any", "roles": "any"},
        "max_lifetime": "1h",
    });
    (issuer.name.clone(), trusted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenantguard_policy::{Format, NoFiles};

    const NOW: u64 = 1_800_000_000;

    #[test]
    fn the_policies_have_no_findings() {
        for tokens in [Tokens::mint(NOW), Tokens::mint_among(3, NOW)] {
            for source in [source(&tokens), without_cache(source(&tokens))] {
                let compiled =
                    tenantguard_policy::compile(&source.to_string(), Format::Json, &NoFiles);
                assert!(compiled.is_ok(), "{}", compiled.unwrap_err());
            }
        }
    }

    #[test]
    fn only_the_policy_without_cache_keeps_no_tokens() {
        let source = source(&Tokens::mint(NOW));
        let cache = |source: &Value| {
            tenantguard_policy::compile(&source.to_string(), Format::Json, &NoFiles)
                .expect("the policy compiles")
                .token_cache()
        };
        assert!(cache(&source) > 0);
        assert_eq!(cache(&without_cache(source)), 0);
    }
}
