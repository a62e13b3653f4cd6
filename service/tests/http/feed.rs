//! Proxies at the feed: snapshot, delta, acknowledgement, a thousand of them, and the end.

use std::time::{Duration, Instant};

use serde_json::json;
use tenantguard::control::{Delta, Entry, Keep, Manifest, Position, Shard};
use tokio::task::JoinSet;

use crate::rig::{Answer, ISSUER, Rig, ask, bearer, request};

async fn poll(rig: &Rig, proxy: &str, position: Option<&Position>) -> Answer {
    let position = position.map(|position| format!("&position={position}")).unwrap_or_default();
    rig.get("edge", &format!("/v1/feed?proxy={proxy}{position}")).await
}

fn tenant(name: &str) -> serde_json::Value {
    json!({"kind": "tenant", "tenant": name})
}

fn done(answer: &Answer) -> Position {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["position"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_begins_with_a_snapshot_and_goes_on_with_deltas() {
    let rig = Rig::new().await;
    done(&rig.revoke("root", tenant("acme")).await);
    let first = poll(&rig, "p", None).await;
    assert_eq!(first.header("content-type"), Some("application/vnd.tenantguard.manifest"));
    assert_eq!(first.header("x-tenantguard-lease"), Some("5000"));
    let manifest = Manifest::decode(&first.body).unwrap();
    let mut found = Vec::new();
    for shard in &manifest.shards {
        let digest: String = shard.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let answer = rig.get("edge", &format!("/v1/feed/shards/{digest}")).await;
        assert_eq!(answer.status, 200);
        let mut shard = Shard::open(&answer.body, shard).unwrap();
        while let Some(entry) = shard.next_entry().unwrap() {
            found.push(entry);
        }
    }
    assert!(matches!(&found[..], [Entry::CutOff(_)]), "{found:?}");

    // The poll is held until there is something new.
    let began = Instant::now();
    let (next, at) = tokio::join!(poll(&rig, "p", Some(&manifest.position)), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        done(&rig.revoke("root", tenant("globex")).await)
    });
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(200) && took < Duration::from_millis(900), "{took:?}");
    assert_eq!(next.header("content-type"), Some("application/vnd.tenantguard.delta"));
    let mut delta = Delta::read(&next.body, &manifest.position).unwrap();
    while delta.next_frame().unwrap().is_some() {}
    assert_eq!(delta.position(), at);

    // With nothing new it ends within a second, and so renews the lease.
    let began = Instant::now();
    assert_eq!(poll(&rig, "p", Some(&at)).await.status, 204);
    assert!((0.9..1.5).contains(&began.elapsed().as_secs_f64()), "{:?}", began.elapsed());
    // A position that this feed never had is answered with a snapshot.
    let forked = manifest.position.after(b"something else");
    let answer = poll(&rig, "p", Some(&forked)).await;
    assert_eq!(answer.header("content-type"), Some("application/vnd.tenantguard.manifest"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_when_every_proxy_knows_or_its_lease_has_run_out() {
    let rig = Rig::with("", "[feed]\nlease = \"2s\"\nhold = \"500ms\"").await;
    let start: Position =
        poll(&rig, "a", None).await.header("x-tenantguard-position").unwrap().parse().unwrap();
    poll(&rig, "dead", None).await;
    let following = async {
        let at = poll(&rig, "a", Some(&start)).await;
        let at = at.header("x-tenantguard-position").unwrap().parse().unwrap();
        poll(&rig, "a", Some(&at)).await
    };
    let body = json!({"reason": "x", "targets": [tenant("acme")]});
    let began = Instant::now();
    let (answer, _) = tokio::join!(rig.post("root", "/v1/revocations?wait=true", &body), following);
    let took = began.elapsed();
    let waited = &answer.json()["acknowledged"];
    assert_eq!(waited["acknowledged"], 1, "{answer:?}");
    assert_eq!(waited["silent"], json!(["edge/dead"]));
    assert_eq!(waited["pending"], json!([]));
    assert!(waited["max_ms"].as_f64().unwrap() < 1500.0, "{waited}");
    assert!(took > Duration::from_secs(1) && took < Duration::from_secs(4), "{took:?}");
    let proxies = rig.get("looker", "/v1/proxies").await.json();
    let states: Vec<_> =
        proxies["proxies"].as_array().unwrap().iter().map(|proxy| &proxy["proxy"]).collect();
    assert_eq!(states, ["edge/a", "edge/dead"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_proxies_hear_of_a_revocation() {
    let rig = Rig::new().await;
    let start: Position =
        poll(&rig, "first", None).await.header("x-tenantguard-position").unwrap().parse().unwrap();
    let mut polls = JoinSet::new();
    for nth in 0..1000 {
        let address = rig.address;
        polls.spawn(async move {
            let path = format!("/v1/feed?proxy=proxy-{nth}&position={start}");
            let bytes = request("GET", &path, &[("authorization", &bearer("edge"))], "");
            // As a proxy does: again and again, until there is something.
            let mut answer = ask(address, bytes.clone()).await;
            while answer.status == 204 {
                answer = ask(address, bytes.clone()).await;
            }
            (answer, Instant::now())
        });
    }
    let held = async || {
        let text = String::from_utf8(rig.get("root", "/metrics").await.body).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("tenantguard_polls "));
        line.and_then(|count| count.parse::<usize>().ok()).unwrap()
    };
    let mut most = 0;
    for _ in 0..50 {
        most = most.max(held().await);
        if most > 900 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let revoked = Instant::now();
    let at = done(&rig.revoke("root", tenant("acme")).await);
    let mut times = Vec::new();
    while let Some(polled) = polls.join_next().await {
        let (answer, when) = polled.unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-tenantguard-position"), Some(&*at.to_string()));
        times.push(when - revoked);
    }
    times.sort_unstable();
    println!("{most} polls held at once; p50 {:?}, max {:?}", times[500], times[999]);
    assert_eq!(times.len(), 1000);
    assert!(most > 500, "only {most} polls were held at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn going_down_ends_polls_at_once() {
    let rig = Rig::new().await;
    let position = done(&rig.revoke("root", tenant("acme")).await);
    let began = Instant::now();
    let mut polls = JoinSet::new();
    for nth in 0..20 {
        let path = format!("/v1/feed?proxy=p{nth}&position={position}");
        let bytes = request("GET", &path, &[("authorization", &bearer("edge"))], "");
        polls.spawn(ask(rig.address, bytes));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    rig.shutdown.cancel();
    while let Some(polled) = polls.join_next().await {
        assert_eq!(polled.unwrap().status, 204);
    }
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
    let ended = tokio::time::timeout(Duration::from_secs(5), rig.running).await;
    ended.expect("the service ends").expect("in order");
    assert!(tokio::net::TcpStream::connect(rig.address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expiry_that_is_given_is_the_one_that_proxies_get() {
    let rig = Rig::new().await;
    let start: Position =
        poll(&rig, "p", None).await.header("x-tenantguard-position").unwrap().parse().unwrap();
    let send = async |target: serde_json::Value, mode: &str, expires: &str| {
        let body = json!({"reason": "x", "targets": [target], "mode": mode, "expires": expires});
        rig.post("root", "/v1/revocations", &body).await
    };
    let by_parts = json!({"kind": "token", "tenant": "acme", "issuer": ISSUER, "jti": "1"});
    let by_itself = json!({"kind": "token", "token": rig.token("acme", "viewer", "2")});
    let key = json!({"kind": "key", "issuer": ISSUER, "kid": "k"});
    let session = json!({"kind": "session", "tenant": "acme", "issuer": ISSUER, "sid": "s"});
    let until = "2100-01-01T00:00:00Z";
    for target in [&by_parts, &key, &session, &by_itself] {
        done(&send(target.clone(), "cut_off", until).await);
    }
    let answer = poll(&rig, "p", Some(&start)).await;
    let mut delta = Delta::read(&answer.body, &start).unwrap();
    let mut kept = Vec::new();
    while let Some(frame) = delta.next_frame().unwrap() {
        for entry in frame.entries() {
            let Entry::Revoked(revocation) = entry.unwrap() else { panic!("no revocation") };
            kept.push(revocation.keep);
        }
    }
    // With the skew for which a token is good past its `exp`.
    let given = Keep::Until(4_102_444_800 + 300);
    assert_eq!(kept[..3], [given; 3]);
    assert!(matches!(kept[3], Keep::Expiry(at) if at < 4_102_444_800), "{kept:?}: its own exp");
    // Sooner than it is kept already changes nothing; past, or without an end of its own, is refused.
    let sooner = send(by_parts.clone(), "cut_off", "2099-01-01T00:00:00Z").await.json();
    assert_eq!((&sooner["changed"], &sooner["unchanged"]), (&json!(0), &json!(1)));
    for (target, mode, expires, said) in [
        (by_parts, "cut_off", "2020-01-01T00:00:00Z", "is past"),
        (tenant("acme"), "cut_off", until, "has no expiry of its own"),
        (tenant("acme"), "suspend", until, "a suspension has no expiry"),
    ] {
        let refused = send(target, mode, expires).await;
        assert_eq!((refused.status, &*refused.code()), (400, "request.malformed"), "{said}");
        assert!(refused.json()["detail"].as_str().unwrap().contains(said), "{refused:?}");
    }
}
