//! The world of the properties: a policy with two issuers, their keys, and a gate to ask.
//!
//! `platform` may speak for every tenant in every role and has a key for each algorithm. `partner`
//! may speak for one tenant in two roles, with access tokens (`at+jwt`) alone, and is changing from
//! one ES256 key to another, so it has two.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::{Value, json};
use tenantguard::artifact::Policy;
use tenantguard::gate::{Account, Gate, Permit, Step};
use tenantguard::request::{HeaderList, Request, RequestIds};
use tenantguard::time::{Now, UnixTime};
use tenantguard::token::PureRust;
use tenantguard_mint::{Algorithm, DevKey, TokenSpec, jwks};
use tenantguard_policy::{Format, NoFiles};

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const PLATFORM: &str = "https://id.example.com";
pub(crate) const PARTNER: &str = "https://sso.partner.example";
pub(crate) const AUDIENCE: &str = "api.example.com";
pub(crate) const REPORT: &str = "/api/v1/reports/7";

/// The platform's keys, named by their algorithms. Those of RSA have the same numbers, because
/// finding them takes long; each says in its JWK which algorithm it is for.
static PLATFORM_KEYS: LazyLock<Vec<DevKey>> = LazyLock::new(|| {
    let rsa = DevKey::derive(Algorithm::Rs256, "properties").private_jwk();
    let key = |algorithm: Algorithm| match algorithm {
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => {
            DevKey::derive(algorithm, "properties")
        }
        _ => {
            let mut jwk = rsa.clone();
            jwk["alg"] = json!(algorithm.as_str());
            DevKey::from_private_jwk(&jwk).expect("an RSA key signs with every RSA algorithm")
        }
    };
    Algorithm::ALL
        .into_iter()
        .map(|algorithm| key(algorithm).with_kid(algorithm.as_str()))
        .collect()
});

/// The partner's keys `old` and `new`, and one that nobody trusts.
static OTHER_KEYS: LazyLock<[DevKey; 3]> = LazyLock::new(|| {
    ["old", "new", "nobody's"].map(|name| DevKey::derive(Algorithm::Es256, name).with_kid(name))
});

pub(crate) fn platform_keys() -> &'static [DevKey] {
    &PLATFORM_KEYS
}

pub(crate) fn partner_keys() -> &'static [DevKey] {
    &OTHER_KEYS[..2]
}

pub(crate) fn untrusted_key() -> &'static DevKey {
    &OTHER_KEYS[2]
}

pub(crate) fn platform_key(algorithm: Algorithm) -> &'static DevKey {
    let mut keys = platform_keys().iter();
    keys.find(|key| key.algorithm() == algorithm).expect("there is one for each")
}

fn policy() -> Value {
    let set = |keys: &[DevKey]| jwks(&keys.iter().collect::<Vec<_>>());
    json!({
        "version": 1,
        "audiences": [AUDIENCE],
        "default_cell": "shared",
        "issuers": {
            "platform": {
                "issuer": PLATFORM, "keys": {"jwks": set(platform_keys())},
                "algorithms": Algorithm::ALL.map(Algorithm::as_str),
                "asserts": {"tenants": "any", "roles": "any"},
                "max_lifetime": "1h", "skew": "30s",
            },
            "partner": {
                "issuer": PARTNER, "keys": {"jwks": set(partner_keys())}, "algorithms": ["ES256"],
                "asserts": {"tenants": ["partnerco"], "roles": ["viewer", "analyst"]},
                "max_lifetime": "10m", "skew": "0s", "type": "at+jwt",
            },
        },
        "tenants": {
            "acme": {"isolation": "shared"},
            "globex": {"isolation": "shared"},
            "partnerco": {"isolation": "shared"},
        },
        "roles": {
            "viewer": {"permissions": ["reports:read"]},
            "analyst": {"extends": ["viewer"], "permissions": ["partner:read"]},
            "editor": {"extends": ["viewer"], "permissions": ["reports:write"]},
        },
        "overrides": [{"tenant": "globex", "role": "editor", "deny": ["reports:write"]}],
        "scopes": {"reports": ["reports:read", "reports:write"]},
        "routes": [
            {"path": "/api/v1/reports/{report}",
             "methods": {"GET": "reports:read", "PUT": "reports:write"}},
            {"path": "/api/v1/tenants/{tenant}/reports/{report}", "resource_tenant": "path.tenant",
             "methods": {"GET": "reports:read", "PUT": "reports:write"}},
            {"path": "/api/v1/partners/{partner}", "methods": {"GET": "partner:read"}},
        ],
    })
}

static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    let compiled = tenantguard_policy::compile(&policy().to_string(), Format::Json, &NoFiles);
    Arc::new(compiled.unwrap_or_else(|findings| panic!("the policy compiles: {findings}")))
});

/// A gate that has seen nothing yet.
pub(crate) fn gate() -> Gate {
    Gate::with_verifier(Arc::clone(&POLICY), Arc::new(PureRust), 7)
}

/// A token that the platform signs and that may read a report for ten minutes from [`NOW`].
pub(crate) fn good_token(key: &DevKey) -> TokenSpec {
    TokenSpec::new(key)
        .claim("iss", PLATFORM)
        .claim("aud", AUDIENCE)
        .claim("sub", "alice")
        .claim("tenant_id", "acme")
        .claim("tenant_role", "viewer")
        .claim("scope", "reports:read")
        .claim("iat", NOW)
        .claim("exp", NOW + 600)
}

/// What came of a request: the reason's code, and whether a tenant was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) is_permitted: bool,
    pub(crate) reason: &'static str,
}

pub(crate) const PERMITTED: Decision = Decision { is_permitted: true, reason: "permit" };

/// A request for a report with this `Authorization`.
pub(crate) fn report(authorization: &[u8]) -> HeaderList {
    let header = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
    vec![
        header(":method", b"GET"),
        header(":path", REPORT.as_bytes()),
        header("authorization", authorization),
    ]
}

pub(crate) fn ask(gate: &Gate, authorization: &[u8]) -> Decision {
    decide(gate, &report(authorization), NOW)
}

pub(crate) fn decide(gate: &Gate, headers: &HeaderList, at: u64) -> Decision {
    let (is_permitted, account) = account(gate, headers, at);
    Decision { is_permitted, reason: account.verdict().reason().code() }
}

/// Whether a tenant was let through, and the whole account of it.
pub(crate) fn account(gate: &Gate, headers: &HeaderList, at: u64) -> (bool, Account) {
    let now = Now { wall: UnixTime::from_secs(at), monotonic: Duration::from_secs(at - NOW / 2) };
    let ids = RequestIds::from_entropy([7; 32]);
    let request = Request { headers, mode: None, ids, certificate: None };
    match gate.begin(&request, now) {
        Step::Permit(permit @ Permit::Tenant(_)) => (true, permit.account().clone()),
        Step::Permit(permit) => (false, permit.account().clone()),
        Step::Deny(denial) => (false, denial.account().clone()),
        Step::Ask(_, need) => panic!("all keys are inline, and it asks for {need:?}"),
        Step::Off => panic!("no route has the gate off"),
    }
}
