//! The keys of the exchange over time, and where a proxy finds them.

use serde_json::{Value, json};

use crate::exchange::{EXCHANGE, GRANT, alice, delegate, exchanged, now, of_proxies, rig};
use crate::proxy::{Proxy, header};
use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_without_a_token_that_is_refused() {
    let rig = rig().await;
    delegate(&rig, "d1", json!({})).await;
    let own = alice(&rig.key).sign(&rig.key);
    let keys = async |rig: &Rig| -> Vec<String> {
        let set = rig.get("edge", "/.well-known/jwks.json").await;
        assert_eq!(set.header("cache-control"), Some("public, max-age=300"));
        let set = set.json()["keys"].as_array().unwrap().clone();
        set.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let first = exchanged(&rig, &own, "&delegation_id=d1").await;
    assert_eq!(keys(&rig).await, [header(&first)["kid"].as_str().unwrap()]);

    // Its time is over in ten minutes: the next one is shown at once, and does not sign yet.
    let rig = aged(rig, &[now() - 24 * 3600 + 600]).await;
    let shown = keys(&rig).await;
    let still = exchanged(&rig, &own, "&delegation_id=d1").await;
    assert_eq!((shown.len(), header(&still)["kid"].as_str()), (2, Some(&*shown[0])));

    let rig = aged(rig, &[now() - 24 * 3600, now() - 5]).await;
    assert_eq!(keys(&rig).await, shown);
    let second = exchanged(&rig, &own, "&delegation_id=d1").await;
    assert_eq!(header(&second)["kid"].as_str(), Some(&*shown[1]));
    let proxy = Proxy::new(&rig, &of_proxies()).await;
    proxy.follow(&rig).await;
    for token in [&first, &still, &second] {
        assert_eq!(proxy.get("/tenants/acme/reports/7", token).0, "permit");
    }
    // Nothing that the first one signed is good any more, and it goes.
    let rig = aged(rig, &[now() - 48 * 3600, now() - 3600]).await;
    assert_eq!(keys(&rig).await, shown[1..]);

    let path = rig.directory.path().join("exchange.keys.json");
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    let about = rig.get("edge", "/.well-known/oauth-authorization-server").await.json();
    assert_eq!(about["issuer"], EXCHANGE);
    assert_eq!(about["grant_types_supported"], json!([GRANT]));
    assert!(about["jwks_uri"].as_str().unwrap().ends_with("/.well-known/jwks.json"));
}

/// Starts the service again, with keys that sign from these times on.
async fn aged(rig: Rig, signs_from: &[u64]) -> Rig {
    let path = rig.directory.path().join("exchange.keys.json");
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for (key, from) in kept["keys"].as_array_mut().unwrap().iter_mut().zip(signs_from) {
        key["signs_from"] = json!(from);
    }
    std::fs::write(&path, kept.to_string()).unwrap();
    rig.restart().await
}
