//! Clients that hold connections and say little: others are served meanwhile, and they are put out.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::rig::{Rig, bearer, request};

/// How many connections say little.
const SLOW: usize = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_slow_connections_keep_nobody_out_and_are_put_out() {
    let rig = Rig::with("", "[limits]\nhead_timeout = \"2s\"\n").await;
    let mut slow = Vec::new();
    for nth in 0..SLOW {
        let mut stream = TcpStream::connect(rig.address).await.unwrap();
        // Nothing at all, half a line, or half a head.
        let said: &[u8] = match nth % 3 {
            0 => b"",
            1 => b"GET /v1/st",
            _ => b"GET /v1/status HTTP/1.1\r\nhost: x\r\nx-slow: ",
        };
        stream.write_all(said).await.unwrap();
        slow.push(stream);
    }
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let began = Instant::now();
        assert_eq!(rig.get("root", "/v1/status").await.status, 200);
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    println!("with {SLOW} slow connections the slowest of 20 requests took {slowest:?}");
    let mut rest = Vec::new();
    for mut stream in slow {
        let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest));
        let _ = ended.await.expect("a slow connection is put out");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_ends_its_request() {
    let rig = Rig::with("", "[limits]\nrequest_timeout = \"1s\"\n").await;
    let mut bytes = request(
        "POST",
        "/v1/tenants/acme/sessions/lookup",
        &[("authorization", &bearer("root")), ("content-type", "application/json")],
        r#"{"id": "x"}"#,
    );
    bytes.truncate(bytes.len() - 4);
    let began = Instant::now();
    let answer = rig.ask(&bytes).await;
    assert_eq!((answer.status, &*answer.code()), (408, "request.timeout"));
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_wait_until_there_is_room() {
    let tables = "[limits]\nconnections = 2\nhead_timeout = \"1s\"\n";
    let rig = Rig::with("", tables).await;
    let held = [
        TcpStream::connect(rig.address).await.unwrap(),
        TcpStream::connect(rig.address).await.unwrap(),
    ];
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    assert_eq!(rig.get("root", "/v1/status").await.status, 200);
    assert!(began.elapsed() > Duration::from_millis(500), "{:?}", began.elapsed());
    drop(held);
}
