//! Revocation by RFC 7009 and introspection by RFC 7662.

use serde_json::json;
use tenantguard::control::{Handle, TokenName};
use tenantguard::identity::{Namespace, TenantId};

use crate::rig::{ISSUER, Rig};

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_no_longer_active() {
    let rig = Rig::new().await;
    let token = rig.token("acme", "viewer", "1");
    let ask = format!("token={token}&nonce=n-1&epoch=0");
    let before = rig.form("edge", "/oauth2/introspect", &ask).await.json();
    assert_eq!(before["active"], true);
    assert_eq!((&before["nonce"], &before["epoch"]), (&json!("n-1"), &json!(0)));
    assert_eq!(before["sub"], "alice");
    assert_eq!(before["tenant_id"], "acme");
    assert_eq!(before["scope"], "reports:read");

    let revoked = rig.form("acme-admin", "/oauth2/revoke", &format!("token={token}")).await;
    assert_eq!((revoked.status, revoked.body.len()), (200, 0));
    let after = rig.form("edge", "/oauth2/introspect", &ask).await.json();
    assert_eq!((&after["active"], &after["reason"]), (&json!(false), &json!("revoked.token")));
    assert_eq!((&after["nonce"], &after["sub"]), (&json!("n-1"), &json!(null)));
}

/// A tenant that the policy does not list is one as soon as the directory has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_tenant_that_has_signed_up_is_known_and_can_be_revoked() {
    let rig = Rig::new().await;
    let token = rig.token("newco", "viewer", "1");
    let ask = format!("token={token}");
    let active = async || {
        let answer = rig.form("edge", "/oauth2/introspect", &ask).await.json();
        (answer["active"].as_bool().unwrap(), answer["tenant_id"].clone())
    };
    assert_eq!(active().await, (false, json!(null)));
    let newco = json!({"tenant": "newco", "isolation": "shared", "reason": "a sign-up"});
    assert_eq!(rig.post("root", "/v1/tenants", &newco).await.status, 200);
    assert_eq!(active().await, (true, json!("newco")));

    assert_eq!(rig.form("root", "/oauth2/revoke", &ask).await.status, 200);
    assert_eq!(active().await, (false, json!(null)));

    let other = rig.token("newco", "viewer", "2");
    let ask = format!("token={other}");
    let active =
        async || rig.form("edge", "/oauth2/introspect", &ask).await.json()["active"].clone();
    assert_eq!(active().await, json!(true));
    let delete = json!({"change": "delete", "reason": "it has left"});
    assert_eq!(rig.post("root", "/v1/tenants/newco", &delete).await.status, 200);
    assert_eq!(active().await, json!(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_names_a_token_revokes_it() {
    let rig = Rig::new().await;
    let token = rig.token("acme", "viewer", "1");
    let targets = [
        ("token", json!({"kind": "token", "issuer": ISSUER, "tenant": "acme", "jti": "1"})),
        (
            "session",
            json!({"kind": "session", "issuer": ISSUER, "tenant": "acme", "sid": "session-1"}),
        ),
        (
            "principal",
            json!({"kind": "principal", "tenant": "acme", "namespace": "platform",
            "subject": "alice"}),
        ),
        ("tenant", json!({"kind": "tenant", "tenant": "acme"})),
    ];
    let active = async || {
        let answer = rig.form("edge", "/oauth2/introspect", &format!("token={token}")).await;
        let answer = answer.json();
        (answer["active"].as_bool().unwrap(), answer["reason"].as_str().map(str::to_owned))
    };
    for (kind, target) in targets {
        assert_eq!(active().await, (true, None), "{kind}");
        assert_eq!(rig.revoke("root", target.clone()).await.status, 200);
        assert_eq!(active().await, (false, Some(format!("revoked.{kind}"))));
        let restore = json!({"reason": "x", "targets": [target]});
        assert_eq!(rig.post("root", "/v1/restorations", &restore).await.status, 200);
    }
    assert_eq!(active().await, (true, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_asks_by_handles_without_showing_the_token() {
    let rig = Rig::new().await;
    let tenant = &TenantId::parse("acme").unwrap();
    let namespace = &Namespace::parse("platform").unwrap();
    let token = Handle::Token { issuer: ISSUER, tenant, name: TokenName::Id("1") }.hash();
    let principal = Handle::Principal { tenant, namespace, subject: "alice" }.hash();
    let ask = format!(
        "token_hash={token}&principal_hash={principal}&tenant=acme&iat=1&skew=60&nonce=x&epoch=0"
    );
    let active = async || {
        let answer = rig.form("edge", "/oauth2/introspect", &ask).await;
        assert_eq!(answer.json()["nonce"], "x");
        answer.json()["active"].as_bool().unwrap()
    };
    assert!(active().await);
    let target = json!({"kind": "principal", "tenant": "acme", "hash": principal.to_string()});
    assert_eq!(rig.revoke("root", target).await.status, 200);
    assert!(!active().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_question_gets_no_answer() {
    let rig = Rig::new().await;
    let token = rig.token("acme", "viewer", "1");
    for (body, status, error) in [
        (String::new(), 400, "invalid_request"),
        (format!("token={token}&token_hash=x"), 400, "invalid_request"),
        ("token_hash=zz&tenant=acme&iat=1".to_owned(), 400, "invalid_request"),
        (format!("token={token}&epoch=-1"), 400, "invalid_request"),
        (format!("token={token}&nonce={}", "x".repeat(65)), 400, "invalid_request"),
        // A copy that is ahead of this service would be answered by what is too old.
        (format!("token={token}&epoch=99"), 503, "server_error"),
    ] {
        let answer = rig.form("edge", "/oauth2/introspect", &body).await;
        let said = answer.json()["error"].as_str().map(str::to_owned);
        assert_eq!((answer.status, said.as_deref()), (status, Some(error)), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_administrator_learns_nothing_of_anothers_token() {
    let rig = Rig::new().await;
    let other = rig.token("globex", "viewer", "1");
    let ask = format!("token={other}");
    let seen = rig.form("acme-admin", "/oauth2/introspect", &ask).await.json();
    let unknown = rig.form("acme-admin", "/oauth2/introspect", "token=a.b.c").await.json();
    assert_eq!(seen, unknown);
    assert_eq!(seen["active"], false);
    let revoke = rig.form("acme-admin", "/oauth2/revoke", &ask).await;
    assert_eq!((revoke.status, revoke.json()["error"].as_str()), (403, Some("invalid_client")));
    assert_eq!(rig.form("edge", "/oauth2/introspect", &ask).await.json()["active"], true);
    // A token that is not good need not be revoked.
    assert_eq!(rig.form("acme-admin", "/oauth2/revoke", "token=a.b.c").await.status, 200);
}
