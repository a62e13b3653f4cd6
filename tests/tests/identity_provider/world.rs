//! Envoy with the filter, whose policy has issuers with keys at the provider.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};
use tenantguard_e2e::client;
use tenantguard_e2e::envoy::{Config, Envoy, Options, filter_wasm};
use tenantguard_e2e::idp::{IdentityProvider, Realm};
use tenantguard_e2e::policy::plugin_configuration_of;
use tenantguard_e2e::upstream::Upstream;

/// What every policy here has beside its issuers.
const REST: &str = "
tenants:
  acme: {isolation: shared}
  globex: {isolation: shared}
roles:
  editor: {permissions: [\"reports:read\", \"reports:write\"]}
routes:
  - path: /reports/{report}
    methods: {GET: \"reports:read\", PUT: \"reports:write\"}
";

/// The policy of a test, issuer by issuer.
pub(crate) struct Policy {
    issuers: String,
    files: BTreeMap<String, String>,
}

impl Policy {
    pub(crate) fn new() -> Self {
        Self { issuers: String::new(), files: BTreeMap::new() }
    }

    /// An issuer at the provider. `more` continues its keys, such as `refresh: 5s`.
    pub(crate) fn realm(self, name: &str, realm: Realm<'_>, more: &str) -> Self {
        let keys = format!("{{cluster: idp, path: {}, {more}}}", realm.keys_path());
        self.issuer(name, &realm.issuer(), &keys)
    }

    /// An issuer whose keys are in the policy.
    pub(crate) fn inline(mut self, name: &str, issuer: &str, jwks: &Value) -> Self {
        let file = format!("{name}.jwks.json");
        self.files.insert(file.clone(), jwks.to_string());
        self.issuer(name, issuer, &format!("{{jwks_file: {file}}}"))
    }

    fn issuer(mut self, name: &str, issuer: &str, keys: &str) -> Self {
        let asserts = "{tenants: any, roles: any}";
        let _ = writeln!(
            self.issuers,
            "  {name}: {{issuer: \"{issuer}\", keys: {keys}, asserts: {asserts}, max_lifetime: 1h}}"
        );
        self
    }

    fn plugin_configuration(&self) -> Result<String> {
        let issuers = &self.issuers;
        let yaml = format!("version: 1\naudiences: [api.example.com]\nissuers:\n{issuers}{REST}");
        plugin_configuration_of(&yaml, &self.files)
            .map_err(|findings| anyhow!("the test's policy: {findings}\n{yaml}"))
    }
}

fn request(token: &str) -> String {
    format!(
        "GET /reports/7 HTTP/1.1\r\nhost: api.example.com\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\n\r\n"
    )
}

/// One Envoy.
pub(crate) struct World {
    envoy: Envoy,
    _cell: Upstream,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The reason code of a refusal.
    pub(crate) code: Option<String>,
    /// The tenant that the upstream saw.
    pub(crate) tenant: Option<String>,
    pub(crate) took: Duration,
}

impl Answer {
    /// Fails unless the request was permitted.
    pub(crate) fn permitted(&self) -> Result<()> {
        ensure!(self.status == 200, "not permitted: {self:?}");
        ensure!(self.tenant.as_deref() == Some("acme"), "the upstream saw no tenant: {self:?}");
        Ok(())
    }

    /// Fails unless the request was refused for this reason.
    pub(crate) fn refused(&self, status: u16, code: &str) -> Result<()> {
        let is_so = self.status == status && self.code.as_deref() == Some(code);
        ensure!(is_so, "expected {status} {code}: {self:?}");
        Ok(())
    }
}

impl World {
    /// Starts Envoy with the policy, runs the test, and shows Envoy's log if it fails.
    pub(crate) fn with(
        provider: &IdentityProvider,
        policy: &Policy,
        workers: u32,
        test: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<()> {
        let cell = Upstream::start("shared")?;
        let mut config = Config::deployed()?;
        config.filter(&filter_wasm()?, &policy.plugin_configuration()?)?;
        config.upstream("shared", cell.address())?;
        let clusters = config.value_mut().pointer_mut("/static_resources/clusters");
        let clusters = clusters.and_then(Value::as_array_mut).context("no clusters")?;
        clusters.push(cluster(provider));
        let options = Options { concurrency: workers, ..Options::default() };
        let world = Self { envoy: Envoy::start(config, options)?, _cell: cell };
        test(&world).with_context(|| format!("Envoy's log:\n{}", world.envoy.log_text()))
    }

    /// Asks, and leaves after a while without waiting for the answer.
    pub(crate) fn ask_and_leave(&self, token: &str, after: Duration) -> Result<()> {
        let mut stream = TcpStream::connect(self.envoy.address())?;
        stream.write_all(request(token).as_bytes())?;
        thread::sleep(after);
        Ok(())
    }

    /// How many audit records have this reason.
    pub(crate) fn recorded(&self, reason: &str) -> Result<usize> {
        let reason = Some(&Value::from(reason));
        let lines = self.envoy.access_log().lines()?;
        Ok(lines.iter().filter(|line| line.pointer("/audit/reason") == reason).count())
    }

    /// Asks for a report with this token, over a connection of its own.
    pub(crate) fn ask(&self, token: &str) -> Result<Answer> {
        let start = Instant::now();
        let response = client::send(self.envoy.address(), request(token).as_bytes());
        let response = response.context("send the request")?;
        let body = response.json().unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let headers = body.get("headers").and_then(Value::as_array).into_iter().flatten();
        let tenant = headers
            .filter(|header| header.get(0) == Some(&json!("x-tenant-id")))
            .find_map(|header| header.get(1).and_then(text));
        let code = body.get("code").and_then(text);
        Ok(Answer { status: response.status, code, tenant, took: start.elapsed() })
    }

    /// Asks until it is permitted, for at most `patience`.
    pub(crate) fn ask_until_permitted(&self, token: &str, patience: Duration) -> Result<()> {
        wait_until("a permit", patience, || Ok(self.ask(token)?.permitted().is_ok()))
    }
}

/// Waits until `is_so`.
pub(crate) fn wait_until(
    what: &str,
    patience: Duration,
    mut is_so: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let start = Instant::now();
    while !is_so()? {
        ensure!(start.elapsed() < patience, "{what} did not come within {patience:?}");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn cluster(provider: &IdentityProvider) -> Value {
    let address = provider.address();
    let socket = json!({"address": address.ip().to_string(), "port_value": address.port()});
    let endpoint = json!({"endpoint": {"address": {"socket_address": socket}}});
    json!({
        "name": "idp",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": "idp",
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    })
}

/// An ordinary token of a realm: an editor of acme who reads.
pub(crate) fn token(realm: Realm<'_>) -> Result<String> {
    Ok(realm.token("acme", "editor", "reports:read")?)
}
