//! Who can get at a tenant's data: what stands in the policy and what came later in one list.

use serde_json::json;

use crate::exchange::{delegate, rig};

#[tokio::test(flavor = "multi_thread")]
async fn static_and_living_grants_that_hold_are_listed_together() {
    let rig = rig().await;
    delegate(&rig, "d1", json!({})).await;
    delegate(&rig, "stopped", json!({})).await;
    let stop = json!({"change": "suspend", "reason": "x"});
    assert_eq!(rig.post("root", "/v1/delegations/stopped", &stop).await.status, 200);
    type Row<'a> = (&'a str, &'a str, Result<&'a [&'a str], u16>);
    let rows: [Row<'_>; 9] = [
        ("root", "tenant=acme", Ok(&["living d1"])),
        ("looker", "tenant=initech", Ok(&["static initech-lets-alice-read"])),
        ("acme-admin", "", Ok(&["living d1"])),
        ("acme-admin", "permission=reports:read", Ok(&["living d1"])),
        ("acme-admin", "permission=reports:write", Ok(&[])),
        ("root", "tenant=initech&at=2020-01-01T00:00:00Z", Ok(&[])),
        ("globex-admin", "tenant=acme", Err(403)),
        ("edge", "tenant=acme", Err(403)),
        ("root", "tenant=acme&at=soon", Err(400)),
    ];
    for (caller, query, expected) in rows {
        let answer = rig.get(caller, &format!("/v1/who-can?{query}")).await;
        let Ok(expected) = expected else {
            assert_eq!(Err(answer.status), expected, "{caller} {query}");
            continue;
        };
        let found = answer.json()["grants"].as_array().unwrap().clone();
        let name = |it: &serde_json::Value| {
            format!("{} {}", it["kind"].as_str().unwrap(), it["id"].as_str().unwrap())
        };
        assert_eq!(found.iter().map(name).collect::<Vec<_>>(), expected, "{caller} {query}");
    }
}
