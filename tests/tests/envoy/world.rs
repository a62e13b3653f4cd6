//! An Envoy with the filter between a client and two cells' upstreams, and what came of a request
//! seen from all sides.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use libtest_mimic::Failed;
use serde_json::Value;
use tenantguard_e2e::client::{self, Response};
use tenantguard_e2e::corpus::{Corpus, Prepared};
use tenantguard_e2e::envoy::{Config, Envoy, Options, filter_wasm};
use tenantguard_e2e::policy;
use tenantguard_e2e::upstream::{CASE_HEADER, Seen, Upstream};

/// The Envoy that most tests share; started by the first that needs it.
#[derive(Default)]
pub(crate) struct Shared {
    world: OnceLock<Result<World, String>>,
}

impl Shared {
    pub(crate) fn world(&self) -> Result<&World, Failed> {
        let start = || World::start(|_| Ok(())).map_err(|error| format!("{error:#}"));
        self.world.get_or_init(start).as_ref().map_err(Failed::from)
    }

    pub(crate) fn print_log(&self) {
        if let Some(Ok(world)) = self.world.get() {
            eprintln!("The shared Envoy's log:\n{}", world.envoy.log_text());
        }
    }
}

pub(crate) struct World {
    pub(crate) envoy: Envoy,
    cells: [Upstream; 2],
    corpus: Corpus,
}

/// A request and what came of it.
pub(crate) struct Outcome {
    pub(crate) response: Response,
    /// The request as it arrived, if it did.
    pub(crate) upstream: Option<Seen>,
    /// The audit id, if client or upstream were told one.
    pub(crate) audit_id: Option<String>,
}

impl World {
    /// Starts the deployed configuration with the corpus policy, after `change`.
    pub(crate) fn start(change: impl FnOnce(&mut Config) -> Result<()>) -> Result<Self> {
        let policy = policy::plugin_configuration();
        let policy = policy.map_err(|findings| anyhow::anyhow!("policy.yaml: {findings}"))?;
        Self::start_as(Config::deployed()?, &policy, Options::default(), change)
    }

    /// Starts another configuration, with this plugin configuration, after `change`.
    pub(crate) fn start_as(
        mut config: Config,
        plugin: &str,
        options: Options,
        change: impl FnOnce(&mut Config) -> Result<()>,
    ) -> Result<Self> {
        let cells = [Upstream::start("shared")?, Upstream::start("acme-eu")?];
        config.filter(&filter_wasm()?, plugin)?;
        for (name, cell) in ["shared", "acme-eu"].iter().zip(&cells) {
            config.upstream(name, cell.address())?;
        }
        change(&mut config)?;
        let envoy = Envoy::start(config, options)?;
        Ok(Self { envoy, cells, corpus: Corpus::load()? })
    }

    /// Runs a test in a world of its own, and shows Envoy's log if it fails.
    pub(crate) fn with(
        change: impl FnOnce(&mut Config) -> Result<()>,
        test: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<()> {
        let world = Self::start(change)?;
        test(&world).with_context(|| format!("Envoy's log:\n{}", world.envoy.log_text()))
    }

    /// A request from the corpus's format: the same tokens, placeholders and defaults.
    pub(crate) fn prepare(&self, case: &str) -> Result<Prepared> {
        let mut case: Value = serde_json::from_str(case).context("the test's own JSON")?;
        let fields = case.as_object_mut().context("the test's own JSON")?;
        fields.insert("name".to_owned(), "".into());
        fields.insert("expect".to_owned(), serde_json::json!({"decision": "deny", "reason": ""}));
        Ok(Prepared::new(&serde_json::from_value(case)?, &self.corpus.personas, unix_now()?)?)
    }

    /// Prepares and sends.
    pub(crate) fn ask(&self, case: &str) -> Result<Outcome> {
        self.send(&self.prepare(case)?)
    }

    /// Sends a request and sees where it came out.
    pub(crate) fn send(&self, request: &Prepared) -> Result<Outcome> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let id = format!("test-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let wire = request.http1(&[(CASE_HEADER, &id)]);
        let response = client::send(self.envoy.address(), &wire).context("send the request")?;
        let mut seen = self.seen(&id);
        ensure!(seen.len() <= 1, "one request arrived {} times", seen.len());
        let upstream = seen.pop();
        let audit_id = match &upstream {
            Some(seen) => seen.header("x-audit-id"),
            None => response.header("x-audit-id"),
        };
        let audit_id = audit_id.map(str::to_owned);
        Ok(Outcome { response, upstream, audit_id })
    }

    /// What arrived at any cell with this in the case header.
    pub(crate) fn seen(&self, case: &str) -> Vec<Seen> {
        self.cells.iter().flat_map(|cell| cell.seen(case)).collect()
    }

    /// The audit record of an outcome.
    pub(crate) fn audit(&self, outcome: &Outcome) -> Result<Value> {
        let Some(id) = &outcome.audit_id else {
            let body = String::from_utf8_lossy(&outcome.response.body).into_owned();
            bail!("no audit id; Envoy answered {}: {body}", outcome.response.status);
        };
        let line = self.envoy.access_log().audit(id)?;
        line.get("audit").cloned().context("the line has no audit record")
    }

    /// Waits until whatever was sent before is in the log: lines come in the order of requests'
    /// ends, and those have ended.
    pub(crate) fn settle_log(&self) -> Result<()> {
        let marker = self.ask(r#"{"request": {"path": "/api/v1/reports/settle"}}"#)?;
        self.audit(&marker).map(drop)
    }
}

pub(crate) fn unix_now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_secs())
}

/// A string field of a record.
pub(crate) fn text<'a>(record: &'a Value, field: &str) -> Option<&'a str> {
    record.get(field).and_then(Value::as_str)
}
