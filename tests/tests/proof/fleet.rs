//! Two proxies with two workers each, the service that they follow, its Redis, and somebody between.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tenantguard_e2e::control::{Control, ControlService, Meddler, ServiceOptions};
use tenantguard_e2e::corpus::{Corpus, Prepared};
use tenantguard_e2e::envoy::{Config, Envoy, Options, filter_wasm};
use tenantguard_e2e::policy;
use tenantguard_e2e::redis::Redis;
use tenantguard_e2e::upstream::Upstream;

use crate::load::Actor;

/// A path that the copy decides on, and one that the service is asked about every time.
pub(crate) const COPIED: &str = "/api/v1/reports/7";
pub(crate) const ASKED: &str = "/api/v1/exports/7";
/// The same of a tenant that the path names.
pub(crate) const ACMES: &str = "/api/v1/tenants/acme/reports/7";
/// How long a proxy may decide alone.
pub(crate) const LEASE: Duration = Duration::from_secs(2);
/// How long a poll is held.
const HOLD: Duration = Duration::from_millis(500);
/// How far the platform's clock may be off.
pub(crate) const SKEW: Duration = Duration::from_secs(120);

pub(crate) struct Fleet {
    pub(crate) redis: Redis,
    pub(crate) service: ControlService,
    pub(crate) meddler: Meddler,
    /// The second may be killed by a test.
    pub(crate) envoys: Vec<Envoy>,
    corpus: Corpus,
    _cells: [Upstream; 2],
}

impl Fleet {
    /// Starts all; `None` if the machine has no Redis.
    pub(crate) fn start() -> Result<Option<Self>> {
        let Some(redis) = Redis::start()? else { return Ok(None) };
        let options = ServiceOptions {
            store: redis.url(),
            lease: LEASE,
            hold: HOLD,
            ..ServiceOptions::default()
        };
        let service = ControlService::start(&options)?;
        let meddler = Meddler::start(&service)?;
        let cells = [Upstream::start("shared")?, Upstream::start("acme-eu")?];
        let plugin = plugin()?;
        let envoy = |nth: usize| -> Result<Envoy> {
            let mut config = Config::deployed_with_control()?;
            config.control(meddler.address(), service.proxy())?;
            config.filter(&filter_wasm()?, &plugin)?;
            for (name, cell) in ["shared", "acme-eu"].iter().zip(&cells) {
                config.upstream(name, cell.address())?;
            }
            let node =
                config.value_mut().pointer_mut("/node/id").context("the example has no node id")?;
            *node = json!(format!("edge-{nth}"));
            Ok(Envoy::start(config, Options::default())?)
        };
        let envoys = vec![envoy(1)?, envoy(2)?];
        let corpus = Corpus::load()?;
        Ok(Some(Self { redis, service, meddler, envoys, corpus, _cells: cells }))
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.envoys.iter().map(Envoy::address).collect()
    }

    pub(crate) fn control(&self) -> Result<Control> {
        Ok(self.service.control()?)
    }

    /// A request with a token of its own.
    fn request(&self, path: &str, token: &Value) -> Result<Prepared> {
        let case = json!({
            "name": "", "token": token, "request": {"path": path},
            "expect": {"decision": "deny", "reason": ""},
        });
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
        Ok(Prepared::new(&serde_json::from_value(case)?, &self.corpus.personas, now)?)
    }

    /// Somebody who asks for a path, and the text of the token.
    pub(crate) fn actor(
        &self,
        name: &str,
        path: &str,
        token: &Value,
    ) -> Result<(Arc<Actor>, String)> {
        let request = self.request(path, token)?;
        let bearer = request.headers.iter().find(|(name, _)| name == "authorization");
        let text = bearer.and_then(|(_, value)| std::str::from_utf8(value).ok());
        let text = text.and_then(|it| it.strip_prefix("Bearer ")).context("no token")?.to_owned();
        Ok((Actor::new(name, request.http1(&[])), text))
    }

    /// How many proxies the service has heard of that are fresh.
    pub(crate) fn fresh_proxies(&self) -> Result<usize> {
        let is_fresh = |proxy: &&Value| proxy.get("state").and_then(Value::as_str) == Some("fresh");
        Ok(self.control()?.proxies()?.iter().filter(is_fresh).count())
    }
}

/// The policy of the corpus, with a platform whose clock may be two minutes off, and a route that the
/// service is asked about.
fn plugin() -> Result<String> {
    let skew = format!("max_lifetime: 1h\n    skew: {}s", SKEW.as_secs());
    let yaml = policy::YAML.replacen("max_lifetime: 1h", &skew, 1);
    let asked = "routes:\n  - path: /api/v1/exports/{report}\n    \
                 methods: {GET: \"reports:read\"}\n    revocation: ask\n";
    let yaml = yaml.replacen("routes:\n", asked, 1);
    let plugin = policy::plugin_configuration_of(&yaml, &policy::key_files());
    let plugin = plugin.map_err(|findings| anyhow::anyhow!("the proof's policy: {findings}"))?;
    let mut plugin: Value = serde_json::from_str(&plugin)?;
    let control = json!({"cluster": "tenantguard-control", "ask_deadline": "1s"});
    plugin.as_object_mut().context("no object")?.insert("control".to_owned(), control);
    Ok(plugin.to_string())
}
