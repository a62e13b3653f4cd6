//! TenantGuard's policy for the benchmarks, in the source language, with its keys inline:
//! the filter compiles it from the plugin configuration.

use serde_json::{Value, json};

use crate::tokens::{AUDIENCE, ISSUER, Tokens};

/// The policy: more tenants, roles and routes than the load uses, as a real one has.
#[must_use]
pub fn source(tokens: &Tokens) -> Value {
    json!({
        "version": 1,
        "default_cell": "shared",
        "audiences": [AUDIENCE],
        "issuers": {
            "platform": {
                "issuer": ISSUER,
                "keys": {"jwks": tokens.jwks},
                "algorithms": ["RS256", "ES256"],
                "asserts": {"tenants": "any", "roles": "any"},
                "max_lifetime": "1h",
            },
        },
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

#[cfg(test)]
mod tests {
    use super::*;
    use tenantguard_policy::{Format, NoFiles};

    #[test]
    fn the_policy_has_no_findings() {
        let source = source(&Tokens::mint(1_800_000_000)).to_string();
        let compiled = tenantguard_policy::compile(&source, Format::Json, &NoFiles);
        assert!(compiled.is_ok(), "{}", compiled.unwrap_err());
    }
}
