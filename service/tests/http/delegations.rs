//! Delegations as two tenants and the operator make them.

use serde_json::{Value, json};

use crate::rig::{Rig, token_with};

fn proposal() -> Value {
    json!({"id": "d1", "from": "acme", "to": "globex", "principals": "any",
        "permissions": ["reports:read"], "expires": soon(3600), "reason": "a project"})
}

/// A proposal whose id the service makes.
fn unnamed() -> Value {
    let mut body = proposal();
    body.as_object_mut().unwrap().remove("id");
    body
}

fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

fn soon(seconds: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    tenantguard::time::UnixTime::from_secs(now.as_secs() + seconds).to_string()
}

async fn propose(rig: &Rig, caller: &str, body: &Value) -> (u16, Value) {
    let answer = rig.post(caller, "/v1/delegations", body).await;
    (answer.status, answer.json())
}

async fn change(rig: &Rig, caller: &str, id: &str, body: Value) -> (u16, Value) {
    let answer = rig.post(caller, &format!("/v1/delegations/{id}"), &body).await;
    (answer.status, answer.json())
}

fn consent(terms: &Value) -> Value {
    json!({"change": "consent", "terms": terms, "reference": "DPA-114", "reason": "we agree"})
}

fn plain(change: &str) -> Value {
    json!({"change": change, "reason": "because"})
}

async fn ids(rig: &Rig, caller: &str, query: &str) -> Vec<String> {
    let found = rig.get(caller, &format!("/v1/delegations{query}")).await.json();
    let found = found["delegations"].as_array().unwrap_or_else(|| panic!("{found}")).clone();
    found.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_partner_proposes_and_the_delegator_consents() {
    let rig = Rig::new().await;
    let (status, proposed) = propose(&rig, "globex-admin", &proposal()).await;
    assert_eq!((status, &proposed["changed"]), (200, &json!(1)), "{proposed}");
    let delegation = &proposed["delegation"];
    assert_eq!(
        (&delegation["stage"], &delegation["principals"]),
        (&json!("proposed"), &json!("any"))
    );
    assert_eq!(delegation["proposed"]["by"], "globex-admin");
    let terms = &delegation["terms"];

    for (caller, code) in [("globex-admin", "auth.forbidden"), ("root", "auth.forbidden")] {
        let (status, refused) = change(&rig, caller, "d1", consent(terms)).await;
        assert_eq!((status, &refused["code"]), (403, &json!(code)), "{caller}: {refused}");
        let told = refused["detail"].as_str().unwrap().to_owned();
        assert!(told.contains("acme"), "{told}");
    }
    let (status, agreed) = change(&rig, "acme-admin", "d1", consent(terms)).await;
    assert_eq!((status, &agreed["delegation"]["stage"]), (200, &json!("consented")), "{agreed}");
    let (_, again) = change(&rig, "acme-admin", "d1", consent(terms)).await;
    assert_eq!((&again["changed"], &again["unchanged"]), (&json!(0), &json!(1)));

    let shown = rig.get("globex-admin", "/v1/delegations/d1").await.json();
    assert_eq!(shown["proposed"]["by"], "globex-admin");
    assert_eq!(shown["consent"]["by"], "acme-admin");
    assert_eq!(shown["consent"]["reference"], "DPA-114");
    assert_eq!(shown["last_change"], json!(null), "why is the delegator's business");
    let seen = rig.get("looker", "/v1/delegations/d1").await.json();
    assert_eq!(seen["last_change"]["reason"], "we agree");

    let begun = with(proposal(), "not_before", shown["not_before"].clone());
    let begun = with(begun, "expires", shown["expires"].clone());
    assert_eq!(propose(&rig, "globex-admin", &begun).await.1["changed"], 0);
    let (status, taken) =
        propose(&rig, "globex-admin", &with(begun, "permissions", json!(["tenant:revoke"]))).await;
    assert_eq!(status, 409, "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_agrees_to_what_was_changed_meanwhile() {
    let rig = Rig::new().await;
    let (_, proposed) = propose(&rig, "globex-admin", &proposal()).await;
    let terms = &proposed["delegation"]["terms"];
    let amend = |terms: &Value, expires: u64| json!({"change": "amend", "terms": terms, "expires": soon(expires), "reason": "longer"});
    let (_, amended) = change(&rig, "globex-admin", "d1", amend(terms, 7200)).await;
    let newer = &amended["delegation"]["terms"];
    assert_ne!(terms, newer, "{amended}");
    let (status, refused) = change(&rig, "acme-admin", "d1", consent(terms)).await;
    assert_eq!((status, &refused["code"]), (409, &json!("delegation.changed")));
    assert_eq!(change(&rig, "acme-admin", "d1", consent(newer)).await.0, 200);

    // The partner's change takes another consent; the delegator's is one.
    let (_, wider) = change(&rig, "globex-admin", "d1", amend(newer, 9000)).await;
    assert_eq!(wider["delegation"]["stage"], "proposed");
    assert_eq!(wider["delegation"]["consent"], json!(null));
    let blind = amend(newer, 60);
    assert_eq!(change(&rig, "acme-admin", "d1", blind).await.1["code"], "delegation.changed");
    let (_, own) = change(&rig, "acme-admin", "d1", amend(&wider["delegation"]["terms"], 60)).await;
    assert_eq!(own["delegation"]["stage"], "consented", "{own}");
    let typo = json!({"change": "amend", "terms": newer, "expiry": soon(60), "reason": "x"});
    assert_eq!(change(&rig, "acme-admin", "d1", typo).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_stopped_resumed_and_ended_by_whom_it_concerns() {
    let rig = Rig::new().await;
    let at_once = with(proposal(), "consent", json!({"reference": "DPA-7"}));
    for caller in ["globex-admin", "root"] {
        assert_eq!(propose(&rig, caller, &at_once).await.0, 403, "{caller}");
    }
    let (_, made) = propose(&rig, "acme-admin", &at_once).await;
    let made = &made["delegation"];
    assert_eq!(
        (&made["stage"], &made["consent"]["by"]),
        (&json!("consented"), &json!("acme-admin"))
    );
    assert_eq!(made["proposed"]["by"], "acme-admin", "both steps are put down");
    let rows = [
        ("globex-admin", "suspend", 403, "auth.forbidden"),
        ("root", "suspend", 200, "suspended"),
        ("acme-admin", "suspend", 200, "suspended"),
        ("root", "resume", 403, "auth.forbidden"),
        ("globex-admin", "resume", 403, "auth.forbidden"),
        ("acme-admin", "resume", 200, "consented"),
        ("globex-admin", "revoke", 200, "revoked"),
        ("acme-admin", "revoke", 200, "revoked"),
        ("acme-admin", "resume", 409, "delegation.stage"),
        ("root", "suspend", 409, "delegation.stage"),
    ];
    for (caller, verb, status, expected) in rows {
        let (found, told) = change(&rig, caller, "d1", plain(verb)).await;
        let word = told["delegation"]["stage"].as_str().or(told["code"].as_str());
        assert_eq!((found, word), (status, Some(expected)), "{caller} {verb}: {told}");
    }
    let shown = rig.get("root", "/v1/delegations/d1").await.json();
    assert_eq!(shown["ended"]["by"], "globex-admin", "the first word counts");
    let waited = rig.post("root", "/v1/delegations/d1?wait=true", &plain("revoke")).await.json();
    assert_eq!(waited["acknowledged"]["pending"], json!([]), "{waited}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_what_their_tenant_is_an_end_of() {
    let rig = Rig::new().await;
    for tenant in ["newco", "otherco"] {
        let body = json!({"tenant": tenant, "isolation": "shared", "reason": "a sign-up"});
        assert_eq!(rig.post("root", "/v1/tenants", &body).await.status, 200);
    }
    for (id, from, to) in
        [("d1", "acme", "globex"), ("d2", "newco", "acme"), ("d3", "newco", "otherco")]
    {
        let body = with(with(proposal(), "from", json!(from)), "to", json!(to));
        assert_eq!(propose(&rig, "root", &with(body, "id", json!(id))).await.0, 200, "{id}");
    }
    let stopped = rig.post("acme-admin", "/v1/delegations/d2", &plain("revoke")).await;
    assert_eq!(stopped.status, 200, "{stopped:?}");
    let rows: [(&str, &str, &[&str]); 8] = [
        ("root", "", &["d1", "d2", "d3"]),
        ("looker", "", &["d1", "d2", "d3"]),
        ("acme-admin", "", &["d1", "d2"]),
        ("globex-admin", "", &["d1"]),
        ("globex-admin", "?from=newco", &[]),
        ("acme-admin", "?to=acme", &["d2"]),
        ("acme-admin", "?stage=revoked", &["d2"]),
        ("acme-admin", "?after=d1", &["d2"]),
    ];
    for (caller, query, expected) in rows {
        assert_eq!(ids(&rig, caller, query).await, expected, "{caller} {query}");
    }
    // What is between others is as good as not there, to read and to change.
    for (caller, id) in [("globex-admin", "d3"), ("globex-admin", "nothing")] {
        let (read, changed) = (
            rig.get(caller, &format!("/v1/delegations/{id}")).await,
            rig.post(caller, &format!("/v1/delegations/{id}"), &plain("revoke")).await,
        );
        assert_eq!((read.status, changed.status), (404, 404), "{id}");
        let told = changed.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(told, format!("there is no delegation {id}"));
    }
    assert_eq!(rig.get("edge", "/v1/delegations").await.status, 403);
    assert_eq!(rig.post("looker", "/v1/delegations/d1", &plain("revoke")).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administrator_of_another_tenant_learns_nothing_by_proposing() {
    let rig = Rig::new().await;
    let mut told = Vec::new();
    for to in ["globex", "nowhere"] {
        let body = with(with(proposal(), "from", json!("otherco")), "to", json!(to));
        let (status, refused) = propose(&rig, "acme-admin", &body).await;
        assert_eq!((status, &refused["code"]), (403, &json!("tenant.forbidden")), "{refused}");
        told.push(refused["detail"].clone());
    }
    assert_eq!(told[0], told[1]);
    for (member, value, code) in [
        ("to", json!("nowhere"), "delegation.terms"),
        ("to", json!("acme"), "delegation.terms"),
        ("permissions", json!(["reports:burn"]), "delegation.terms"),
        ("permissions", json!([]), "delegation.terms"),
        ("expires", json!("2020-01-01T00:00:00Z"), "delegation.terms"),
        ("expires", json!(soon(91 * 86_400)), "delegation.terms"),
        ("expires", json!("tomorrow"), "request.malformed"),
        ("id", json!("a b"), "request.malformed"),
        ("principals", json!(["alice"]), "request.malformed"),
        ("audiences", json!(["\n"]), "request.malformed"),
        ("surprise", json!(1), "request.malformed"),
    ] {
        let body = with(proposal(), member, value.clone());
        let (_, refused) = propose(&rig, "acme-admin", &body).await;
        assert_eq!(refused["code"], code, "{member} {value}: {refused}");
    }
    let (_, made) = propose(&rig, "acme-admin", &unnamed()).await;
    let id = made["delegation"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    assert!(id.starts_with("dlg-") && id.len() == 20, "{id}");
}

/// Tokens: the permission for delegations is one of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_needs_the_permission_for_delegations_and_that_gives_nothing_else() {
    let rig = Rig::new().await;
    let token = |tenant: &str, role: &str| {
        token_with(&rig.key, tenant, role, "1", "reports:read tenant:revoke cross_tenant:manage")
    };
    let (partners, admin, both) =
        (token("acme", "partner-manager"), token("acme", "admin"), token("acme", "owner"));
    let elsewhere = token("globex", "partner-manager");
    let rows = [
        // who; propose, list, directory of tenants, introspect
        (&partners, [200, 200, 403, 403]),
        (&admin, [403, 403, 200, 200]),
        (&both, [200, 200, 200, 200]),
        (&elsewhere, [200, 200, 403, 403]),
    ];
    for (caller, expected) in rows {
        let found = [
            rig.post(caller, "/v1/delegations", &unnamed()).await.status,
            rig.get(caller, "/v1/delegations").await.status,
            rig.get(caller, "/v1/tenants").await.status,
            rig.form(caller, "/oauth2/introspect", "token=x").await.status,
        ];
        assert_eq!(found, expected);
    }
    let (_, proposed) = propose(&rig, &elsewhere, &proposal()).await;
    let terms = &proposed["delegation"]["terms"];
    for (caller, status) in [(&elsewhere, 403), (&admin, 403), (&partners, 200)] {
        assert_eq!(change(&rig, caller, "d1", consent(terms)).await.0, status);
    }
    let shown = rig.get("root", "/v1/delegations/d1").await.json();
    assert_eq!(shown["consent"]["by"], "platform/alice");
}

#[tokio::test(flavor = "multi_thread")]
async fn delegations_are_there_after_a_restart() {
    let rig = Rig::new().await;
    let (_, made) = propose(&rig, "acme-admin", &with(proposal(), "consent", json!({}))).await;
    let rig = rig.restart().await;
    let found = rig.get("acme-admin", "/v1/delegations/d1").await.json();
    assert_eq!(found, made["delegation"]);
}
