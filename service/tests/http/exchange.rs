//! Token exchange: what is given out is good at a proxy for exactly what it says, and what must not
//! be given out is not.

use serde_json::{Value, json};
use tenantguard_mint::{Algorithm, DevKey, TokenSpec};

use crate::proxy::{Proxy, claims, header};
use crate::rig::{Answer, ISSUER, Rig, callers, request};

pub(crate) const EXCHANGE: &str = "https://control.example.com";
pub(crate) const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The service's policy: a provider, three tenants, and a delegation that stands in it.
pub(crate) const POLICY: &str = "\
version: 1
audiences: [api.example.com, files.example.com]
issuers:
  platform:
    issuer: https://id.example.com
    keys: {jwks_file: dev.jwks.json}
    asserts: {tenants: any, roles: any}
    max_lifetime: 1h
    claims: {drop: [client_id]}
tenants:
  acme: {isolation: shared}
  globex: {isolation: shared}
  initech: {isolation: shared}
roles:
  viewer: {permissions: ['reports:read']}
  editor: {extends: [viewer], permissions: ['reports:write']}
routes:
  - path: /reports/{report}
    methods: {GET: 'reports:read', PUT: 'reports:write'}
  - path: /tenants/{tenant}/reports/{report}
    resource_tenant: path.tenant
    methods: {GET: 'reports:read', PUT: 'reports:write'}
delegations:
  initech-lets-alice-read:
    from: initech
    to: globex
    principals: [platform/alice]
    permissions: ['reports:read']
    not_before: 2026-01-01T00:00:00Z
    expires: 2096-01-01T00:00:00Z
    consent: {by: a, at: 2026-01-01T00:00:00Z, reference: DPA-7}
";

/// The proxies' policy: the same, and the exchange is one more issuer, whose tokens are needed.
pub(crate) fn of_proxies() -> String {
    let exchange = format!(
        "issuers:\n  exchange:\n    issuer: {EXCHANGE}\n    keys: {{jwks_file: exchange.jwks.json}}\n\
         \x20   asserts: {{tenants: any, roles: any}}\n    max_lifetime: 5m\n\
         \x20   delegation_tokens: true\n"
    );
    POLICY.replace("issuers:\n", &exchange) + "cross_tenant: {require_token: true}\n"
}

pub(crate) async fn rig() -> Rig {
    with_algorithm("ES256").await
}

async fn with_algorithm(algorithm: &str) -> Rig {
    let exchange = format!(
        "[exchange]\nkeys = \"exchange.keys.json\"\nissuer = \"{EXCHANGE}\"\n\
         algorithm = \"{algorithm}\"\n"
    );
    let head = "listen = \"127.0.0.1:0\"\npolicy = \"policy.yaml\"\n";
    Rig::start(&format!("{head}{exchange}{}", callers()), POLICY).await
}

pub(crate) fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_secs()
}

/// What the partner's people have: alice of globex, an editor.
pub(crate) fn alice(key: &DevKey) -> TokenSpec {
    TokenSpec::new(key)
        .claim("iss", ISSUER)
        .claim("aud", "api.example.com")
        .claim("sub", "alice")
        .claim("tenant_id", "globex")
        .claim("tenant_role", "editor")
        .claim("scope", "reports:read reports:write")
        .claim("jti", "1")
        .claim("sid", "session-1")
        .claim("client_id", "portal")
        .claim("iat", now() - 60)
        .claim("exp", now() + 600)
}

/// acme lets globex read, or more.
pub(crate) async fn delegate(rig: &Rig, id: &str, more: Value) {
    let expires = tenantguard::time::UnixTime::from_secs(now() + 3600).to_string();
    let mut body = json!({"id": id, "from": "acme", "to": "globex", "principals": "any",
        "permissions": ["reports:read"], "expires": expires, "consent": {}, "reason": "x"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = rig.post("acme-admin", "/v1/delegations", &body).await;
    assert_eq!(made.status, 200, "{made:?}");
}

async fn change(rig: &Rig, id: &str, change: &str) {
    let body = json!({"change": change, "reason": "x"});
    let done = rig.post("acme-admin", &format!("/v1/delegations/{id}"), &body).await;
    assert_eq!(done.status, 200, "{done:?}");
}

/// Asks without any credential but the token itself.
async fn exchange(rig: &Rig, token: &str, more: &str) -> Answer {
    let body =
        format!("grant_type={GRANT}&subject_token_type={ACCESS}&subject_token={token}{more}");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    rig.ask(&request("POST", "/oauth2/token", &form, &body)).await
}

pub(crate) async fn exchanged(rig: &Rig, token: &str, more: &str) -> String {
    let answer = exchange(rig, token, more).await;
    assert_eq!(answer.status, 200, "{more}: {answer:?}");
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn refused(rig: &Rig, token: &str, more: &str) -> String {
    let answer = exchange(rig, token, more).await;
    assert_eq!(answer.status, 400, "{more}: {answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()["error"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegation_token_is_good_for_the_delegators_data_and_nothing_else() {
    for algorithm in ["ES256", "EdDSA"] {
        let rig = with_algorithm(algorithm).await;
        delegate(&rig, "d1", json!({})).await;
        let own = alice(&rig.key).sign(&rig.key);
        let answer = exchange(&rig, &own, "&delegation_id=d1").await;
        let told = answer.json();
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(
            (&told["token_type"], &told["issued_token_type"]),
            (&json!("Bearer"), &json!(ACCESS))
        );
        assert_eq!((&told["expires_in"], &told["scope"]), (&json!(300), &json!("reports:read")));
        let token = told["access_token"].as_str().unwrap();

        let proxy = Proxy::new(&rig, &of_proxies()).await;
        proxy.follow(&rig).await;
        assert_eq!(proxy.get("/reports/7", &own).0, "permit");
        assert_ne!(proxy.get("/tenants/acme/reports/7", &own).0, "permit", "it takes the token");
        let (outcome, headers) = proxy.get("/tenants/acme/reports/7", token);
        assert_eq!(outcome, "permit");
        for (name, expected) in [
            ("x-tenant-id", "globex"),
            ("x-resource-tenant-id", "acme"),
            ("x-delegator-id", "acme"),
            ("x-delegation-id", "d1"),
            ("x-principal-id", "platform/alice"),
            ("x-tenant-scope", "reports:read"),
            ("x-tenant-roles", "editor"),
        ] {
            let found = headers.iter().find(|(own, _)| own == name).map(|(_, value)| &**value);
            assert_eq!(found, Some(expected), "{name}: {headers:?}");
        }
        for elsewhere in ["/reports/7", "/tenants/globex/reports/7", "/tenants/initech/reports/7"] {
            assert!(proxy.get(elsewhere, token).0.starts_with("delegation."), "{elsewhere}");
        }
        change(&rig, "d1", "revoke").await;
        proxy.follow(&rig).await;
        let refused = proxy.get("/tenants/acme/reports/7", token).0;
        assert!(refused.starts_with("delegation."), "{refused}");
    }
}

/// Who signs out at the provider is out everywhere, whatever was made of the token.
#[tokio::test(flavor = "multi_thread")]
async fn the_session_of_the_subject_token_ends_the_delegation_token_too() {
    let rig = rig().await;
    delegate(&rig, "d1", json!({})).await;
    let own = alice(&rig.key).sign(&rig.key);
    let token = exchanged(&rig, &own, "&delegation_id=d1").await;
    let proxy = Proxy::new(&rig, &of_proxies()).await;
    proxy.follow(&rig).await;
    assert_eq!(proxy.get("/tenants/acme/reports/7", &token).0, "permit");
    let session = json!({"kind": "session", "tenant": "globex", "issuer": ISSUER,
        "sid": "session-1"});
    assert_eq!(rig.revoke("root", session).await.status, 200);
    proxy.follow(&rig).await;
    assert_eq!(proxy.get("/tenants/acme/reports/7", &token).0, "revoked.session");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_says_who_acts_for_whom_and_by_whose_word() {
    let rig = rig().await;
    delegate(&rig, "d1", json!({"permissions": ["reports:read", "reports:write"]})).await;
    let before = json!({"sub": "agent"});
    let cnf = json!({"x5t#S256": "A".repeat(43)});
    let spec = alice(&rig.key).claim("act", before.clone()).claim("exp", now() + 100);
    let token = exchanged(&rig, &spec.clone().sign(&rig.key), "&delegated_tenant_id=acme").await;
    assert_eq!(
        (&header(&token)["typ"], &header(&token)["alg"]),
        (&json!("at+jwt"), &json!("ES256"))
    );
    let said = claims(&token);
    for (name, expected) in [
        ("iss", json!(EXCHANGE)),
        ("sub", json!("alice")),
        ("aud", json!("api.example.com")),
        ("tenant_id", json!("globex")),
        ("tenant_role", json!(["editor"])),
        ("scope", json!("reports:read reports:write")),
        ("delegated_tenant_id", json!("acme")),
        ("delegation_id", json!("d1")),
        ("act", json!({"iss": ISSUER, "sub": "alice", "act": before})),
        ("sid", json!("session-1")),
        ("client_id", Value::Null),
    ] {
        assert_eq!(said[name], expected, "{name}: {said}");
    }
    assert!(said["exp"].as_u64().unwrap() <= now() + 100, "no longer than the subject token");
    assert!(said["jti"].as_str().is_some_and(|jti| jti.len() == 32 && jti != "1"));

    // What is bound to a certificate is not exchanged without it.
    let bound = spec.claim("cnf", cnf).sign(&rig.key);
    assert_eq!(refused(&rig, &bound, "&delegation_id=d1").await, "invalid_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn scope_audience_and_tenant_are_as_asked_and_never_wider() {
    let rig = rig().await;
    delegate(&rig, "d1", json!({"permissions": ["reports:read", "reports:write"]})).await;
    let own = alice(&rig.key).claim("aud", json!(["api.example.com", "files.example.com", "x"]));
    let own = own.sign(&rig.key);
    let viewer = alice(&rig.key).claim("tenant_role", "viewer").sign(&rig.key);
    let api = "&delegation_id=d1&audience=api.example.com";
    let rows = [
        (&own, format!("{api}&scope=reports:write"), Ok("reports:write")),
        (&own, format!("{api}&scope=reports:write+nothing:ever"), Ok("reports:write")),
        (&own, format!("{api}&delegated_tenant_id=acme"), Ok("reports:read reports:write")),
        (
            &own,
            format!("{api}&resource=urn:tenantguard:tenant:acme"),
            Ok("reports:read reports:write"),
        ),
        (
            &own,
            "&delegation_id=d1&audience=files.example.com&scope=reports:read".into(),
            Ok("reports:read"),
        ),
        (&viewer, "&delegation_id=d1".into(), Ok("reports:read")),
        (&viewer, "&delegation_id=d1&scope=reports:write".into(), Err("invalid_scope")),
        (&own, format!("{api}&scope=nothing:ever"), Err("invalid_scope")),
        (&own, "&delegation_id=d1".into(), Err("invalid_target")),
        (&own, "&delegation_id=d1&audience=x".into(), Err("invalid_target")),
        (&viewer, "&delegation_id=d1&audience=files.example.com".into(), Err("invalid_target")),
        (&own, format!("{api}&delegated_tenant_id=initech"), Err("invalid_target")),
        (&own, format!("{api}&resource=https://x.example"), Err("invalid_target")),
        (
            &own,
            format!("{api}&resource=urn:tenantguard:tenant:a&delegated_tenant_id=b"),
            Err("invalid_target"),
        ),
        (&viewer, "&delegated_tenant_id=globex".into(), Err("invalid_target")),
        (&viewer, String::new(), Err("invalid_request")),
        (&viewer, "&delegation_id=d1&actor_token=x".into(), Err("invalid_request")),
        (&viewer, "&delegation_id=d1&requested_token_type=urn:x".into(), Err("invalid_request")),
        (&viewer, "&delegation_id=d1&delegation_id=d2".into(), Err("invalid_request")),
    ];
    for (token, more, expected) in rows {
        match expected {
            Ok(scope) => {
                let token = exchanged(&rig, token, &more).await;
                assert_eq!(claims(&token)["scope"], scope, "{more}");
            }
            Err(error) => assert_eq!(refused(&rig, token, &more).await, error, "{more}"),
        }
    }
    let other = rig.form("edge", "/oauth2/token", "grant_type=client_credentials").await;
    assert_eq!(other.json()["error"], "unsupported_grant_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_good_is_exchanged_for_nothing() {
    let rig = rig().await;
    delegate(&rig, "d1", json!({})).await;
    let stranger = DevKey::derive(Algorithm::Es256, "a stranger").with_kid(rig.key.kid());
    let sign = |spec: TokenSpec| spec.sign(&rig.key);
    let own = sign(alice(&rig.key));
    let delegated = exchanged(&rig, &own, "&delegation_id=d1").await;
    let revoked = sign(alice(&rig.key).claim("jti", "gone"));
    let revoke = json!({"kind": "token", "token": revoked});
    assert_eq!(rig.revoke("root", revoke).await.status, 200);
    for (what, token) in [
        ("expired", sign(alice(&rig.key).claim("exp", now() - 3000).claim("iat", now() - 3600))),
        ("forged", alice(&rig.key).sign(&stranger)),
        ("of nobody", sign(alice(&rig.key).claim("iss", "https://x.example"))),
        ("for others", sign(alice(&rig.key).claim("aud", "x"))),
        ("revoked", revoked),
        ("exchanged", delegated.clone()),
        ("no token", "a.b.c".to_owned()),
    ] {
        assert_eq!(refused(&rig, &token, "&delegation_id=d1").await, "invalid_request", "{what}");
    }
    // Not for this service either: it is for another tenant's data.
    assert_eq!(rig.get(&delegated, "/v1/delegations").await.code(), "auth.invalid");

    let mut last = Answer { status: 400, head: String::new(), body: Vec::new() };
    for _ in 0..30 {
        last = exchange(&rig, "a.b.c", "&delegation_id=d1").await;
    }
    assert_eq!(last.status, 429, "an address has so many tries a second: {last:?}");
    exchanged(&rig, &own, "&delegation_id=d1").await;
}

/// A service that knows its own tokens still passes none on.
#[tokio::test(flavor = "multi_thread")]
async fn no_delegation_is_passed_on() {
    let rig = rig().await;
    delegate(&rig, "d1", json!({})).await;
    let token = exchanged(&rig, &alice(&rig.key).sign(&rig.key), "&delegation_id=d1").await;
    let set = rig.get("edge", "/.well-known/jwks.json").await.json();
    rig.write("exchange.jwks.json", &set.to_string());
    rig.write("policy.yaml", &of_proxies());
    let introspect = async || {
        let body = format!("token={token}");
        rig.form("edge", "/oauth2/introspect", &body).await.json()["active"].clone()
    };
    crate::rig::until("the new policy", async || introspect().await == true).await;
    assert_eq!(refused(&rig, &token, "&delegation_id=d1").await, "invalid_request");
    let answer = exchange(&rig, &token, "&delegation_id=initech-lets-alice-read").await;
    let told = answer.json()["error_description"].to_string();
    assert!(told.contains("no delegation is passed on"), "{told}");
    assert_eq!(rig.get(&token, "/v1/delegations").await.code(), "auth.invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_delegation_is_the_one_that_is_named_or_the_only_one_that_does() {
    let rig = rig().await;
    let own = alice(&rig.key).sign(&rig.key);
    let bob = alice(&rig.key).claim("sub", "bob").sign(&rig.key);
    let acme = "&delegated_tenant_id=acme";
    assert_eq!(refused(&rig, &own, acme).await, "invalid_target");
    // One that stands in the policy needs no service, but can be exchanged under as well.
    let token = exchanged(&rig, &own, "&delegated_tenant_id=initech").await;
    assert_eq!(claims(&token)["delegation_id"], "initech-lets-alice-read");
    assert_eq!(refused(&rig, &bob, "&delegated_tenant_id=initech").await, "invalid_target");

    delegate(&rig, "for-bob", json!({"principals": ["platform/bob"]})).await;
    assert_eq!(refused(&rig, &own, "&delegation_id=for-bob").await, "invalid_target");
    exchanged(&rig, &bob, acme).await;
    delegate(&rig, "d1", json!({})).await;
    assert_eq!(claims(&exchanged(&rig, &own, acme).await)["delegation_id"], "d1");
    assert_eq!(refused(&rig, &bob, acme).await, "invalid_target", "two would do");
    assert_eq!(claims(&exchanged(&rig, &bob, "&delegation_id=d1").await)["delegation_id"], "d1");

    // A token that names a delegation is exchanged under that one alone.
    let naming = alice(&rig.key).claim("delegation_id", "d1").sign(&rig.key);
    exchanged(&rig, &naming, "").await;
    assert_eq!(refused(&rig, &naming, "&delegation_id=for-bob").await, "invalid_target");

    let others = alice(&rig.key).claim("tenant_id", "initech").sign(&rig.key);
    assert_eq!(refused(&rig, &others, "&delegation_id=d1").await, "invalid_target");
    delegate(&rig, "files", json!({"audiences": ["files.example.com"]})).await;
    assert_eq!(refused(&rig, &own, "&delegation_id=files").await, "invalid_target");
    for (verb, is_live) in [("suspend", false), ("resume", true), ("revoke", false)] {
        change(&rig, "d1", verb).await;
        let status = exchange(&rig, &own, "&delegation_id=d1").await.status;
        assert_eq!(status == 200, is_live, "{verb}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_an_exchange_says_so() {
    let rig = Rig::new().await;
    for path in ["/.well-known/jwks.json", "/.well-known/oauth-authorization-server"] {
        assert_eq!(rig.get("edge", path).await.code(), "not_configured", "{path}");
    }
    assert_eq!(exchange(&rig, "a.b.c", "").await.status, 501);
}
