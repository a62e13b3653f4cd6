//! A service with a policy, callers of every role, and a client that shows everything it gets.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tempfile::TempDir;
use tenantguard_mint::{Algorithm, DevKey, TokenSpec, jwks};
use tenantguard_service::auth::Secret;
use tenantguard_service::config::{Config, Flags};
use tenantguard_service::serve::{Server, StartError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::redis_server::Redis;

pub(crate) const ISSUER: &str = "https://id.example.com";

/// Has every service of these tests keep its state in a Redis of its own.
pub(crate) const IN_REDIS: &str = "TENANTGUARD_TEST_IN_REDIS";

pub(crate) const POLICY: &str = "\
version: 1
audiences: [api.example.com]
issuers:
  platform:
    issuer: https://id.example.com
    keys: {jwks_file: dev.jwks.json}
    asserts: {tenants: any, roles: any}
    max_lifetime: 1h
tenants:
  acme: {isolation: shared}
  globex: {isolation: shared}
roles:
  viewer: {permissions: ['reports:read']}
  admin: {extends: [viewer], permissions: ['tenant:revoke']}
  root: {permissions: ['control:admin']}
  partner-manager: {permissions: ['cross_tenant:manage']}
  owner: {extends: [admin, partner-manager]}
routes:
  - path: /reports/{report}
    methods: {GET: 'reports:read'}
  - path: /control
    methods: {GET: 'tenant:revoke', POST: 'control:admin', PUT: 'cross_tenant:manage'}
";

/// The callers: name, role, tenant.
pub(crate) const CALLERS: [(&str, &str, Option<&str>); 5] = [
    ("root", "admin", None),
    ("acme-admin", "tenant_admin", Some("acme")),
    ("globex-admin", "tenant_admin", Some("globex")),
    ("edge", "proxy", None),
    ("looker", "auditor", None),
];

/// A running service.
pub(crate) struct Rig {
    pub(crate) address: SocketAddr,
    pub(crate) directory: TempDir,
    redis: Option<Redis>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) running: JoinHandle<()>,
    pub(crate) key: DevKey,
}

/// What a client gets.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// The secret of a caller; everybody can compute it, as fits a test.
pub(crate) fn secret(name: &str) -> String {
    let mut entropy = [0; 32];
    entropy.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
    Secret::from_entropy(entropy).reveal().to_owned()
}

/// The entries of all callers.
pub(crate) fn callers() -> String {
    let entry = |(name, role, tenant): (&str, &str, Option<&str>)| {
        let digest = Secret::parse(&secret(name)).unwrap().digest();
        let tenant = tenant.map(|tenant| format!("tenant = {tenant:?}\n")).unwrap_or_default();
        format!(
            "[[auth.credentials]]\nname = {name:?}\nrole = {role:?}\nsha256 = \"{digest}\"\n\
             {tenant}"
        )
    };
    CALLERS.map(entry).concat()
}

/// A service; one that has just ended may hold its files for a moment.
async fn started(config: Config) -> Server {
    for _ in 0..100 {
        match Server::start(config.clone()).await {
            Ok(server) => return server,
            Err(StartError::State(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the state could not be opened within five seconds");
}

fn redis() -> Option<Redis> {
    std::env::var_os(IN_REDIS).and_then(|_| Redis::start().expect("a Redis"))
}

/// The value of a line of the metrics.
pub(crate) fn metric(text: &[u8], name: &str) -> Option<u64> {
    let text = String::from_utf8_lossy(text).into_owned();
    let mut lines = text.lines().filter_map(|line| line.rsplit_once(' '));
    lines.find(|(own, _)| *own == name).and_then(|(_, value)| value.parse().ok())
}

/// Waits until something holds, or fails after ten seconds.
pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not come about within ten seconds");
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::with("", "").await
    }

    /// With more settings, at the top level and in tables.
    pub(crate) async fn with(settings: &str, tables: &str) -> Self {
        let policy = "policy = \"policy.yaml\"\n";
        let tokens = "[auth.tokens]\nadmin = \"control:admin\"\ntenant_admin = \"tenant:revoke\"\n";
        let text = format!(
            "listen = \"127.0.0.1:0\"\n{policy}{settings}\n{tables}\n{tokens}{}",
            callers()
        );
        Self::start(&text, POLICY).await
    }

    pub(crate) async fn start(config: &str, policy: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let key = DevKey::derive(Algorithm::Es256, "service tests");
        let write = |name: &str, text: &str| {
            std::fs::write(directory.path().join(name), text).unwrap();
        };
        write("policy.yaml", policy);
        write("dev.jwks.json", &jwks(&[&key]).to_string());
        write("control.toml", config);
        Self::open(directory, redis(), key).await
    }

    /// Ends the service in order, and starts it again with what it has left.
    pub(crate) async fn restart(self) -> Self {
        let Self { directory, redis, shutdown, running, key, .. } = self;
        shutdown.cancel();
        running.await.unwrap();
        Self::open(directory, redis, key).await
    }

    async fn open(directory: TempDir, redis: Option<Redis>, key: DevKey) -> Self {
        let config = Some(directory.path().join("control.toml"));
        let store = redis.as_ref().map(Redis::url);
        let config = Config::load(Flags { config, store, ..Flags::default() }, std::iter::empty());
        let server = started(config.unwrap_or_else(|error| panic!("{error}"))).await;
        let address = server.address();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(server.run(shutdown.clone()));
        Self { address, directory, redis, shutdown, running, key }
    }

    /// Writes a file beside the configuration, as an editor does: in place of the old one.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let (new, path) = (self.directory.path().join("new"), self.directory.path().join(name));
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, path).unwrap();
    }

    /// A token of alice, valid now.
    pub(crate) fn token(&self, tenant: &str, role: &str, jti: &str) -> String {
        token(&self.key, tenant, role, jti)
    }

    pub(crate) async fn metric(&self, name: &str) -> Option<u64> {
        metric(&self.get("root", "/metrics").await.body, name)
    }

    pub(crate) async fn get(&self, caller: &str, path: &str) -> Answer {
        self.ask(&request("GET", path, &[("authorization", &bearer(caller))], "")).await
    }
    pub(crate) async fn post(&self, caller: &str, path: &str, body: &Value) -> Answer {
        let headers = [("authorization", &*bearer(caller)), ("content-type", "application/json")];
        self.ask(&request("POST", path, &headers, &body.to_string())).await
    }

    pub(crate) async fn form(&self, caller: &str, path: &str, body: &str) -> Answer {
        let form = "application/x-www-form-urlencoded";
        let headers = [("authorization", &*bearer(caller)), ("content-type", form)];
        self.ask(&request("POST", path, &headers, body)).await
    }

    pub(crate) async fn revoke(&self, caller: &str, target: Value) -> Answer {
        let body = json!({"reason": "a test", "targets": [target]});
        self.post(caller, "/v1/revocations", &body).await
    }

    pub(crate) async fn ask(&self, bytes: &[u8]) -> Answer {
        ask(self.address, bytes.to_vec()).await
    }
}

/// A token of alice, valid now, signed by a key.
pub(crate) fn token(key: &DevKey, tenant: &str, role: &str, jti: &str) -> String {
    token_with(key, tenant, role, jti, "reports:read tenant:revoke control:admin")
}

/// The same with these scopes.
pub(crate) fn token_with(key: &DevKey, tenant: &str, role: &str, jti: &str, scope: &str) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    TokenSpec::new(key)
        .claim("iss", ISSUER)
        .claim("aud", "api.example.com")
        .claim("sub", "alice")
        .claim("tenant_id", tenant)
        .claim("tenant_role", role)
        .claim("scope", scope)
        .claim("jti", jti)
        .claim("sid", "session-1")
        .claim("iat", now - 60)
        .claim("exp", now + 600)
        .sign(key)
}

/// Sends bytes on a connection of their own, and reads what comes until it is closed.
pub(crate) async fn ask(address: SocketAddr, bytes: Vec<u8>) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A service that has seen enough may close before it has read everything.
    let _ = stream.write_all(&bytes).await;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let read = tokio::time::timeout(Duration::from_secs(30), read).await;
    let _ = read.expect("the service closes the connection");
    parse(&answer)
}

pub(crate) fn bearer(caller: &str) -> String {
    match CALLERS.iter().any(|(name, _, _)| *name == caller) {
        true => format!("Bearer {}", secret(caller)),
        false => format!("Bearer {caller}"),
    }
}

/// A request after which the connection is closed.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: control\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    text.into_bytes()
}

pub(crate) fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    Answer { status, head, body: bytes[end + 4..].to_vec() }
}
