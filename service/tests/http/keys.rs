//! Keys of an issuer at an endpoint: a real one, which changes its keys, goes away, hangs, and comes
//! back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tenantguard_mint::{Algorithm, DevKey, jwks};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::rig::{POLICY, Rig, callers, token, until};

/// How the endpoint answers.
#[derive(Clone)]
enum Manner {
    Keys(String),
    Status(u16),
    Nothing,
}

/// An endpoint with keys.
struct Endpoint {
    url: String,
    manner: Arc<Mutex<Manner>>,
    asked: Arc<AtomicUsize>,
    confirmed: Arc<AtomicUsize>,
}

impl Endpoint {
    async fn start(keys: &DevKey) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            manner: Arc::new(Mutex::new(Manner::Keys(jwks(&[keys]).to_string()))),
            asked: Arc::default(),
            confirmed: Arc::default(),
        };
        let (manner, asked) = (Arc::clone(&endpoint.manner), Arc::clone(&endpoint.asked));
        let confirmed = Arc::clone(&endpoint.confirmed);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                asked.fetch_add(1, Ordering::Relaxed);
                let manner = manner.lock().clone();
                tokio::spawn(answer(stream, manner, Arc::clone(&confirmed)));
            }
        });
        endpoint
    }

    fn becomes(&self, manner: Manner) {
        *self.manner.lock() = manner;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

async fn answer(mut stream: TcpStream, manner: Manner, confirmed: Arc<AtomicUsize>) {
    let mut request = vec![0; 8192];
    let length = stream.read(&mut request).await.unwrap_or_default();
    let request = String::from_utf8_lossy(&request[..length]).to_ascii_lowercase();
    let (status, etag, body) = match manner {
        Manner::Nothing => return tokio::time::sleep(Duration::from_secs(60)).await,
        Manner::Status(status) => (status, String::new(), String::new()),
        Manner::Keys(body) => {
            assert!(request.starts_with("get /keys http/1.1"), "{request}");
            let etag = format!("\"{}\"", body.bytes().map(usize::from).sum::<usize>());
            match request.contains(&format!("if-none-match: {etag}")) {
                true => (304, etag, String::new()),
                false => (200, etag, body),
            }
        }
    };
    confirmed.fetch_add(usize::from(status == 304), Ordering::Relaxed);
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\netag: {etag}\r\ncontent-length: {length}\r\n");
    let _ = stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).await;
}

fn policy(times: &str) -> String {
    POLICY.replace(
        "keys: {jwks_file: dev.jwks.json}",
        &format!("keys: {{cluster: idp, path: /keys, {times}}}"),
    )
}

async fn rig(endpoint: &Endpoint, times: &str) -> Rig {
    let config = format!(
        "listen = \"127.0.0.1:0\"\npolicy = \"policy.yaml\"\n[keys]\nidp = \"{}\"\n{}",
        endpoint.url,
        callers()
    );
    Rig::start(&config, &policy(times)).await
}

async fn is_active(rig: &Rig, token: &str) -> bool {
    let told = rig.form("edge", "/oauth2/introspect", &format!("token={token}")).await.json();
    told["active"] == true
}

fn key(name: &str) -> DevKey {
    DevKey::derive(Algorithm::Es256, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_fetched_confirmed_and_fetched_anew_when_the_issuer_changes_them() {
    let (first, second) = (key("first"), key("second"));
    let endpoint = Endpoint::start(&first).await;
    let rig = rig(&endpoint, "refresh: 1s, max_stale: 1h").await;
    let alice = |key: &DevKey| token(key, "acme", "viewer", "1");
    assert!(is_active(&rig, &alice(&first)).await, "the first token waits for the keys");
    until("a confirmation by ETag", async || endpoint.confirmed.load(Ordering::Relaxed) > 0).await;
    assert!(!is_active(&rig, &alice(&second)).await);
    endpoint.becomes(Manner::Keys(jwks(&[&second]).to_string()));
    until("the new key", async || is_active(&rig, &alice(&second)).await).await;
    assert!(!is_active(&rig, &alice(&first)).await, "a key that is gone is good no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_has_the_keys_fetched_once_however_many_tokens_name_it() {
    let (first, second) = (key("first"), key("second"));
    let endpoint = Endpoint::start(&first).await;
    let rig = rig(&endpoint, "refresh: 1h, max_stale: 2h").await;
    assert!(is_active(&rig, &token(&first, "acme", "viewer", "1")).await);
    let before = endpoint.asked();
    endpoint.becomes(Manner::Keys(jwks(&[&first, &second]).to_string()));
    assert!(is_active(&rig, &token(&second, "acme", "viewer", "1")).await, "fetched out of turn");
    for nth in 0..20 {
        let stranger = token(&key("third"), "acme", "viewer", &nth.to_string());
        assert!(!is_active(&rig, &stranger).await);
    }
    let fetches = endpoint.asked() - before;
    assert!((1..=2).contains(&fetches), "{fetches} fetches for 21 tokens");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_or_hangs_holds_nobody_up_and_keys_in_hand_serve_on() {
    let first = key("first");
    let endpoint = Endpoint::start(&first).await;
    let rig = rig(&endpoint, "refresh: 1s, max_stale: 4s").await;
    let alice = token(&first, "acme", "viewer", "1");
    assert!(is_active(&rig, &alice).await);
    endpoint.becomes(Manner::Status(503));
    let asked = endpoint.asked();
    until("a fetch that fails", async || endpoint.asked() > asked).await;
    assert!(is_active(&rig, &alice).await, "until they are stale");
    // A policy that changes meanwhile does not lose them.
    let changed = policy("refresh: 1s, max_stale: 4s")
        .replace("globex: {isolation: shared}", "globex: {isolation: dedicated, cell: g}");
    rig.write("policy.yaml", &changed);
    let taken = r#"tenantguard_reloads_total{part="policy",outcome="taken"}"#;
    until("the new policy", async || rig.metric(taken).await == Some(1)).await;
    assert!(is_active(&rig, &alice).await, "keys outlive a change of the policy");

    endpoint.becomes(Manner::Nothing);
    until("their end", async || !is_active(&rig, &alice).await).await;
    let began = Instant::now();
    assert!(!is_active(&rig, &alice).await);
    assert!(began.elapsed() < Duration::from_secs(3), "nobody waits longer than two seconds");
    assert_eq!(rig.get("root", "/v1/status").await.status, 200);
    endpoint.becomes(Manner::Keys(jwks(&[&first]).to_string()));
    until("their return", async || is_active(&rig, &alice).await).await;
}
