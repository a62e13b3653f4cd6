//! Who may do what: every route by every role, and tenants' administrators at the fence.

use serde_json::{Value, json};
use tenantguard::control::{Handle, TokenName};
use tenantguard::identity::TenantId;

use crate::rig::{CALLERS, ISSUER, Rig};

fn hash_of(tenant: &str, jti: &str) -> String {
    let tenant = &TenantId::parse(tenant).unwrap();
    Handle::Token { issuer: ISSUER, tenant, name: TokenName::Id(jti) }.hash().to_string()
}

/// Whether a token of globex is refused at the service.
async fn is_refused(rig: &Rig, token: &str) -> bool {
    let answer = rig.form("edge", "/oauth2/introspect", &format!("token={token}")).await;
    !answer.json()["active"].as_bool().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_lets_in_the_roles_of_its_row_and_no_others() {
    let rig = Rig::new().await;
    let tenant = json!({"reason": "x", "targets": [{"kind": "tenant", "tenant": "acme"}]});
    let create = json!({"tenant": "new", "isolation": "shared", "reason": "x"});
    let session = json!({"issuer": ISSUER, "namespace": "platform", "subject": "alice"});
    let question = json!({"subject": {"type": "t", "id": "x"}, "action": {"name": "GET"},
        "resource": {"type": "route", "id": "/x"}});
    // Columns: root, acme-admin, globex-admin, edge, looker.
    let rows: [(&str, Option<&Value>, [u16; 5]); 12] = [
        ("/v1/status", None, [200, 403, 403, 403, 200]),
        ("/metrics", None, [200, 403, 403, 403, 200]),
        ("/v1/proxies", None, [200, 403, 403, 403, 200]),
        ("/v1/tenants", None, [200, 200, 200, 403, 200]),
        ("/v1/tenants/acme/sessions", None, [200, 200, 403, 403, 200]),
        ("/v1/tenants/acme/sessions", Some(&session), [200, 200, 403, 403, 403]),
        ("/v1/feed?proxy=p", None, [403, 403, 403, 200, 403]),
        ("/v1/revocations", Some(&tenant), [200, 200, 403, 403, 403]),
        ("/v1/restorations", Some(&tenant), [200, 200, 403, 403, 403]),
        ("/v1/tenants", Some(&create), [200, 403, 403, 403, 403]),
        ("/access/v1/evaluation", Some(&question), [200, 200, 200, 200, 200]),
        ("/v1/nothing", None, [404, 404, 404, 404, 404]),
    ];
    for (path, body, expected) in rows {
        for ((caller, ..), status) in CALLERS.iter().zip(expected) {
            let answer = match body {
                Some(body) => rig.post(caller, path, body).await,
                None => rig.get(caller, path).await,
            };
            assert_eq!(answer.status, status, "{caller} {path}: {answer:?}");
        }
        if expected != [404; 5] {
            let nobody = rig.get("tgc_nobody", path).await;
            let is_refused = nobody.status == 401 || (body.is_some() && nobody.status == 405);
            assert!(is_refused, "{path}: {nobody:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_administrator_cannot_reach_another_tenant() {
    let rig = Rig::new().await;
    let (own, other) = (rig.token("acme", "viewer", "1"), rig.token("globex", "viewer", "2"));
    let targets = [
        json!({"kind": "token", "token": other}),
        json!({"kind": "token", "tenant": "globex", "issuer": ISSUER, "jti": "2"}),
        json!({"kind": "token", "tenant": "globex", "hash": hash_of("globex", "2")}),
        json!({"kind": "session", "tenant": "globex", "issuer": ISSUER, "sid": "session-1"}),
        json!({"kind": "principal", "tenant": "globex", "namespace": "platform",
            "subject": "alice"}),
        json!({"kind": "tenant", "tenant": "globex"}),
        json!({"kind": "tenant", "tenant": "no-such-tenant"}),
        json!({"kind": "key", "issuer": ISSUER, "kid": "1"}),
    ];
    for target in targets {
        let answer = rig.revoke("acme-admin", target.clone()).await;
        assert_eq!((answer.status, &*answer.code()), (403, "tenant.forbidden"), "{target}");
        let restore = json!({"reason": "x", "targets": [target]});
        let answer = rig.post("acme-admin", "/v1/restorations", &restore).await;
        assert_eq!(answer.status, 403, "{target}");
    }
    // One that is another's spoils all: nothing of such a request is done.
    let both = json!({"reason": "x", "targets": [
        {"kind": "token", "token": own}, {"kind": "tenant", "tenant": "globex"}]});
    assert_eq!(rig.post("acme-admin", "/v1/revocations", &both).await.status, 403);
    assert!(!is_refused(&rig, &own).await && !is_refused(&rig, &other).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hash_of_anothers_token_hits_nothing_under_ones_own_tenant() {
    let rig = Rig::new().await;
    let other = rig.token("globex", "viewer", "2");
    let target = json!({"kind": "token", "hash": hash_of("globex", "2")});
    assert_eq!(rig.revoke("acme-admin", target.clone()).await.status, 200);
    assert!(!is_refused(&rig, &other).await);
    // The same hash in the right hands does.
    assert_eq!(rig.revoke("globex-admin", target).await.status, 200);
    assert!(is_refused(&rig, &other).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_gives_the_role_that_its_permissions_say() {
    let rig = Rig::new().await;
    let tenant = |name: &str| json!({"kind": "tenant", "tenant": name});
    let (root, admin, viewer) = (
        rig.token("acme", "root", "r"),
        rig.token("acme", "admin", "a"),
        rig.token("acme", "viewer", "v"),
    );
    assert_eq!(rig.get(&root, "/v1/status").await.status, 200);
    assert_eq!(rig.get(&admin, "/v1/tenants").await.status, 200);
    assert_eq!(rig.revoke(&admin, tenant("globex")).await.status, 403);
    assert_eq!(rig.get(&viewer, "/v1/tenants").await.code(), "auth.invalid");
    // A revoked token is nobody any more, here as at a proxy.
    let own = json!({"kind": "token", "issuer": ISSUER, "jti": "a"});
    assert_eq!(rig.revoke(&admin, own).await.status, 200);
    assert_eq!(rig.get(&admin, "/v1/tenants").await.code(), "auth.invalid");
    assert_eq!(rig.get(&root, "/v1/status").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_two_tenants_never_meet() {
    let rig = Rig::new().await;
    let new = json!({"id": "a:{globex}*\n", "issuer": ISSUER, "namespace": "platform",
        "subject": "alice", "data": "secret"});
    assert_eq!(rig.post("acme-admin", "/v1/tenants/acme/sessions", &new).await.status, 200);
    let name = json!({"id": "a:{globex}*\n"});
    let lookup = async |caller: &str, tenant: &str| {
        let path = format!("/v1/tenants/{tenant}/sessions/lookup");
        let answer = rig.post(caller, &path, &name).await;
        (answer.status, answer.json()["data"].as_str().map(str::to_owned))
    };
    assert_eq!(lookup("acme-admin", "acme").await, (200, Some("secret".into())));
    assert_eq!(lookup("globex-admin", "globex").await.0, 404);
    assert_eq!(lookup("globex-admin", "acme").await.0, 403);
    let again = rig.post("acme-admin", "/v1/tenants/acme/sessions", &new).await;
    assert_eq!((again.status, &*again.code()), (409, "exists"));
    // Ending it refuses the tokens that carry its id, at once.
    let end = rig.post("acme-admin", "/v1/tenants/acme/sessions/end", &name).await;
    assert_eq!((end.status, end.json()["ended"].as_u64()), (200, Some(1)));
    assert_eq!(lookup("acme-admin", "acme").await.0, 404);
}
