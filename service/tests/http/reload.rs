//! A policy and the files beside it change while the service runs: good ones count, bad ones change
//! nothing and are told of.

use tenantguard_mint::{Algorithm, DevKey, jwks};

use crate::rig::{POLICY, Rig, token, until};

async fn scope(rig: &Rig, token: &str) -> String {
    let ask = format!("token={token}");
    let told = rig.form("edge", "/oauth2/introspect", &ask).await.json();
    told["scope"].as_str().unwrap_or_default().to_owned()
}

const TAKEN: &str = r#"tenantguard_reloads_total{part="policy",outcome="taken"}"#;
const REFUSED: &str = r#"tenantguard_reloads_total{part="policy",outcome="refused"}"#;
const OUTDATED: &str = r#"tenantguard_outdated{part="policy"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_good_policy_is_taken_and_a_bad_one_leaves_the_last_good_one() {
    let rig = Rig::new().await;
    let alice = rig.token("acme", "viewer", "1");
    assert_eq!(scope(&rig, &alice).await, "reports:read");
    let digest = async || rig.get("root", "/v1/status").await.json()["policy"].to_string();
    let before = digest().await;

    let other = POLICY.replace(
        "viewer: {permissions: ['reports:read']}",
        "viewer: {permissions: ['tenant:revoke']}",
    );
    rig.write("policy.yaml", &other);
    until("the new policy", async || scope(&rig, &alice).await == "tenant:revoke").await;
    assert_ne!(digest().await, before, "the status names the policy that counts");
    assert_eq!((rig.metric(TAKEN).await, rig.metric(OUTDATED).await), (Some(1), Some(0)));

    rig.write("policy.yaml", &POLICY.replace("version: 1", "version: 7"));
    until("the refusal", async || rig.metric(REFUSED).await == Some(1)).await;
    assert_eq!(rig.metric(OUTDATED).await, Some(1));
    assert_eq!(scope(&rig, &alice).await, "tenant:revoke", "the last good one serves on");

    std::fs::remove_file(rig.directory.path().join("policy.yaml")).unwrap();
    until("another refusal", async || rig.metric(REFUSED).await == Some(2)).await;
    assert_eq!(scope(&rig, &alice).await, "tenant:revoke");

    rig.write("policy.yaml", POLICY);
    until("the old policy", async || scope(&rig, &alice).await == "reports:read").await;
    assert_eq!(rig.metric(OUTDATED).await, Some(0));
    assert_eq!(digest().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_beside_the_policy_count_when_they_change() {
    let rig = Rig::new().await;
    let (old, key) =
        (rig.token("acme", "viewer", "1"), DevKey::derive(Algorithm::Es256, "another"));
    let new = token(&key, "acme", "viewer", "1");
    assert_eq!(scope(&rig, &new).await, "");
    rig.write("dev.jwks.json", &jwks(&[&key]).to_string());
    until("the new key", async || scope(&rig, &new).await == "reports:read").await;
    assert_eq!(scope(&rig, &old).await, "", "what the old key signed is not good any more");
}
