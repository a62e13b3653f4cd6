//! An Envoy that follows a control service: `envoy/control.yaml` with the policy of the corpus and
//! a few routes more.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tenantguard_e2e::control::{Control, ControlService, ServiceOptions};
use tenantguard_e2e::corpus::Prepared;
use tenantguard_e2e::envoy::{Config, Options};
use tenantguard_e2e::policy;

use crate::world::{Outcome, World, text};

pub(crate) const ISSUER: &str = "https://id.example.com";
/// How long things take that take a moment.
const PATIENCE: Duration = Duration::from_secs(15);

/// Routes that differ in what a stale copy, an open stream and an answer mean to them.
const ROUTES: &str = "routes:
  - path: /api/v1/exports/{report}
    methods: {GET: \"reports:read\"}
    revocation: ask
  - path: /api/v1/strict/{report}
    methods: {GET: \"reports:read\"}
    on_stale: deny
  - path: /api/v1/lenient/{report}
    methods: {GET: \"reports:read\"}
    on_stale: {allow: 30s}
  - path: /api/v1/kept/{report}
    methods: {GET: \"reports:read\"}
    streams: keep
";

/// A world and the service that it follows.
pub(crate) struct Controlled {
    pub(crate) world: World,
    pub(crate) service: ControlService,
}

/// How a test wants it.
pub(crate) struct Setup {
    pub(crate) service: ServiceOptions,
    /// `control` in the plugin configuration.
    pub(crate) control: Value,
    /// Whether the service runs before Envoy starts.
    pub(crate) is_running: bool,
    pub(crate) envoy: Options,
}

impl Default for Setup {
    fn default() -> Self {
        let control = json!({"cluster": "tenantguard-control"});
        let (service, envoy) = (ServiceOptions::default(), Options::default());
        Self { service, control, is_running: true, envoy }
    }
}

impl Setup {
    /// Short times, for tests of faults.
    pub(crate) fn hasty() -> Self {
        let (lease, hold) = (Duration::from_secs(2), Duration::from_millis(500));
        Self {
            service: ServiceOptions { lease, hold, ..ServiceOptions::default() },
            ..Self::default()
        }
    }
}

/// The policy of the corpus and more routes, with a control service.
pub(crate) fn plugin(control: &Value) -> Result<String> {
    let yaml = policy::YAML.replacen("routes:\n", ROUTES, 1);
    let plugin = policy::plugin_configuration_of(&yaml, &policy::key_files());
    let plugin = plugin.map_err(|findings| anyhow::anyhow!("the test's policy: {findings}"))?;
    let mut plugin: Value = serde_json::from_str(&plugin)?;
    if let Some(plugin) = plugin.as_object_mut() {
        plugin.insert("control".to_owned(), control.clone());
    }
    Ok(plugin.to_string())
}

impl Controlled {
    pub(crate) fn start(
        setup: Setup,
        change: impl FnOnce(&mut Config) -> Result<()>,
    ) -> Result<Self> {
        let mut service = ControlService::start(&setup.service)?;
        if !setup.is_running {
            service.kill();
        }
        Self::follow(service, &setup, change)
    }

    /// Starts Envoy beside a service that runs already.
    pub(crate) fn follow(
        service: ControlService,
        setup: &Setup,
        change: impl FnOnce(&mut Config) -> Result<()>,
    ) -> Result<Self> {
        let mut config = Config::deployed_with_control()?;
        config.control(service.address(), service.proxy())?;
        let world = World::start_as(config, &plugin(&setup.control)?, setup.envoy, change)?;
        Ok(Self { world, service })
    }

    /// Runs a test, and shows both logs if it fails.
    pub(crate) fn with(setup: Setup, test: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        Self::with_changed(setup, |_| Ok(()), test)
    }

    /// The same, with a change to Envoy's configuration.
    pub(crate) fn with_changed(
        setup: Setup,
        change: impl FnOnce(&mut Config) -> Result<()>,
        test: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let mut controlled = Self::start(setup, change)?;
        let tested = test(&mut controlled);
        tested.with_context(|| {
            let (envoy, service) =
                (controlled.world.envoy.log_text(), controlled.service.log_text());
            format!("Envoy's log:\n{envoy}\nThe service's log:\n{service}")
        })
    }

    pub(crate) fn control(&self) -> Result<Control> {
        Ok(self.service.control()?)
    }

    /// A request to read, with a token of its own.
    pub(crate) fn reader(&self, path: &str, token: &Value) -> Result<Prepared> {
        self.world.prepare(&json!({"token": token, "request": {"path": path}}).to_string())
    }

    /// Fails unless a request is decided like this: `permit`, or the reason of a refusal.
    pub(crate) fn expect(&self, request: &Prepared, expected: &str) -> Result<Outcome> {
        let outcome = self.world.send(request)?;
        let reason = reason(&outcome);
        ensure!(reason == expected, "expected {expected}, got {reason}");
        ensure!(outcome.upstream.is_some() == (expected == "permit"), "{expected}, but upstream");
        Ok(outcome)
    }

    /// Waits until a request is decided like this.
    pub(crate) fn expect_soon(&self, request: &Prepared, expected: &str) -> Result<Duration> {
        soon(expected, || Ok(reason(&self.world.send(request)?) == expected))
    }

    /// The value of one of the filter's metrics.
    pub(crate) fn metric(&self, name: &str) -> Result<u64> {
        let name = format!("wasmcustom.tenantguard.{name}");
        let stats = self.world.envoy.admin(&format!("/stats?filter=^{name}$"))?;
        let stats = String::from_utf8_lossy(&stats.body).into_owned();
        let value = stats.trim().rsplit(' ').next().unwrap_or_default();
        value.parse().with_context(|| format!("{name} is not in {stats:?}"))
    }
}

/// How a request was decided, as its client is told.
pub(crate) fn reason(outcome: &Outcome) -> String {
    if outcome.response.status == 200 {
        return "permit".to_owned();
    }
    let code = outcome.response.json().ok().and_then(|it| text(&it, "code").map(str::to_owned));
    code.unwrap_or_else(|| format!("status {}", outcome.response.status))
}

/// Waits until something is so; says how long that took.
pub(crate) fn soon(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<Duration> {
    let start = Instant::now();
    while !is_so()? {
        if start.elapsed() > PATIENCE {
            bail!("{what}: not within {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(start.elapsed())
}
