//! Requests that are wrong, too large, or too many: each gets a problem that says so, and the
//! service goes on.

use serde_json::json;

use crate::rig::{Answer, Rig, bearer, request};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_malformed_is_told_what_is_wrong_with_it() {
    let rig = Rig::new().await;
    let auth = bearer("root");
    let send = async |path: &str, kind: &str, body: &str| -> Answer {
        let headers = [("authorization", &*auth), ("content-type", kind)];
        rig.ask(&request("POST", path, &headers, body)).await
    };
    let json = "application/json";
    let rows = [
        ("/v1/revocations", json, "", 400, "request.malformed"),
        ("/v1/revocations", json, "{", 400, "request.malformed"),
        ("/v1/revocations", json, "[]", 400, "request.malformed"),
        ("/v1/revocations", json, r#"{"reason":"x","targets":[]}"#, 400, "request.malformed"),
        (
            "/v1/revocations",
            json,
            r#"{"reason":"","targets":[{"kind":"tenant","tenant":"a"}]}"#,
            400,
            "request.malformed",
        ),
        (
            "/v1/revocations",
            json,
            r#"{"reason":"x","targets":[{"kind":"token"}]}"#,
            400,
            "request.malformed",
        ),
        (
            "/v1/revocations",
            json,
            r#"{"reason":"x","targets":[{"kind":"person"}]}"#,
            400,
            "request.malformed",
        ),
        (
            "/v1/revocations",
            json,
            r#"{"reason":"x","targets":[{"kind":"token","tenant":"a","hash":"zz"}]}"#,
            400,
            "request.malformed",
        ),
        (
            "/v1/revocations",
            json,
            r#"{"reason":"x","targets":[{"kind":"tenant","tenant":"a","tennant":"b"}]}"#,
            400,
            "request.malformed",
        ),
        (
            "/v1/revocations",
            json,
            r#"{"reason":"x","targets":[{"kind":"key","issuer":"i","kid":"k"}],"expires":"soon"}"#,
            400,
            "request.malformed",
        ),
        ("/v1/revocations", "text/plain", "{}", 415, "request.media_type"),
        ("/v1/revocations?wiat=true", json, "{}", 400, "request.malformed"),
        (
            "/v1/tenants/a%2Fb/sessions",
            json,
            r#"{"issuer":"i","namespace":"n","subject":"s"}"#,
            400,
            "request.malformed",
        ),
        ("/v1/status", json, "{}", 405, "route.method"),
        ("/v1/nowhere", json, "{}", 404, "route.unknown"),
    ];
    for (path, kind, body, status, code) in rows {
        let answer = send(path, kind, body).await;
        assert_eq!((answer.status, &*answer.code()), (status, code), "{path} {body}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    let feed = rig.get("edge", "/v1/feed?proxy=p&position=1.2.3").await;
    assert_eq!((feed.status, &*feed.code()), (400, "request.malformed"));
    let unnamed = rig.get("edge", "/v1/feed?proxy=").await;
    assert_eq!(unnamed.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_request_end_their_connection_alone() {
    let rig = Rig::new().await;
    for garbage in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
    {
        let answer = rig.ask(garbage).await;
        assert!(matches!(answer.status, 400 | 505), "{answer:?}");
    }
    let headers: Vec<(String, String)> =
        (0..200).map(|nth| (format!("x-{nth}"), "y".to_owned())).collect();
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(rig.ask(&request("GET", "/healthz", &headers, "")).await.status, 431);
    let long = format!("/{}", "x".repeat(60_000));
    assert!(matches!(rig.ask(&request("GET", &long, &[], "")).await.status, 414 | 431));
    assert_eq!(rig.ask(&request("GET", "/healthz", &[], "")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_before_it_is_read() {
    let rig = Rig::new().await;
    let large = json!({"id": "x".repeat(100_000), "issuer": "i", "namespace": "n", "subject": "s"});
    let answer = rig.post("root", "/v1/tenants/acme/sessions", &large).await;
    assert_eq!((answer.status, &*answer.code()), (413, "request.too_large"));
    // It claims to be a terabyte. What counts is that the answer comes without it.
    let head = format!(
        "POST /v1/revocations HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\n\
         content-type: application/json\r\ncontent-length: 1099511627776\r\n\
         connection: close\r\n\r\n{{",
        bearer("root")
    );
    assert_eq!(rig.ask(head.as_bytes()).await.status, 413);
    let many: Vec<_> = (0..4097).map(|_| json!({"kind": "tenant", "tenant": "acme"})).collect();
    let answer =
        rig.post("root", "/v1/revocations", &json!({"reason": "x", "targets": many})).await;
    assert_eq!((answer.status, &*answer.code()), (400, "request.malformed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_waits_and_nobody_else_does() {
    let tables = "[limits]\nrequests_per_second = 5\nfailures_per_second = 3\n";
    let rig = Rig::with("", tables).await;
    let mut codes = Vec::new();
    for _ in 0..20 {
        codes.push(rig.get("root", "/v1/status").await.status);
    }
    assert_eq!(codes[..5], [200; 5], "{codes:?}");
    assert!(codes.contains(&429), "{codes:?}");
    assert_eq!(rig.get("looker", "/v1/status").await.status, 200);

    let mut strangers = Vec::new();
    for _ in 0..20 {
        strangers.push(rig.get("tgc_wrong", "/v1/status").await.status);
    }
    assert_eq!(strangers[..3], [401; 3], "{strangers:?}");
    assert!(strangers.contains(&429), "{strangers:?}");
    // They share an address with callers whose credential is good.
    assert_eq!(rig.get("edge", "/v1/feed?proxy=p").await.status, 200);
}
