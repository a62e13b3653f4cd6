//! A new policy while Envoy runs: it takes the place of the old one as a whole, or not at all.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tenantguard_e2e::envoy::{Config, filter_wasm};
use tenantguard_e2e::policy;
use tenantguard_mint::{Algorithm, DevKey};
use tenantguard_policy::{Format, NoFiles};

use crate::world::{World, text};

const LISTENER: &str = "type.googleapis.com/envoy.config.listener.v3.Listener";
const PATIENCE: Duration = Duration::from_secs(30);
const WRITE: &str =
    r#"{"token": {"subject": "alice"}, "request": {"method": "PUT", "path": "/api/v1/reports/7"}}"#;

/// Envoy's listeners in a file that it watches.
pub(crate) struct Listeners {
    directory: TempDir,
    config: Config,
    version: u32,
}

impl Listeners {
    /// Takes the listeners out of the bootstrap configuration.
    pub(crate) fn take(config: &mut Config) -> Result<Self> {
        let directory = TempDir::with_prefix("tenantguard-lds-")?;
        let listeners = Self { config: config.clone(), directory, version: 0 };
        listeners.write()?;
        let bootstrap = config.value_mut().as_object_mut().context("no bootstrap")?;
        bootstrap.insert("node".to_owned(), json!({"id": "reload", "cluster": "test"}));
        let watched = json!({"path": listeners.directory.path()});
        let source = json!({"path": listeners.file(), "watched_directory": watched});
        let lds =
            json!({"lds_config": {"path_config_source": source, "resource_api_version": "V3"}});
        bootstrap.insert("dynamic_resources".to_owned(), lds);
        let fixed = bootstrap.get_mut("static_resources").and_then(Value::as_object_mut);
        fixed.context("no static resources")?.remove("listeners");
        Ok(listeners)
    }

    fn file(&self) -> std::path::PathBuf {
        self.directory.path().join("listeners.json")
    }

    /// Hands Envoy the same listeners with another plugin configuration.
    pub(crate) fn publish(&mut self, plugin: &Value) -> Result<()> {
        self.version += 1;
        self.config.filter(&filter_wasm()?, &plugin.to_string())?;
        self.write()
    }

    /// Whole or not at all: Envoy watches for the file to be moved in.
    fn write(&self) -> Result<()> {
        let mut config = self.config.clone();
        let listeners = config.value_mut().pointer_mut("/static_resources/listeners");
        let mut listeners = listeners.context("no listeners")?.take();
        for listener in listeners.as_array_mut().context("no list of listeners")? {
            let listener = listener.as_object_mut().context("a listener is no object")?;
            listener.insert("@type".to_owned(), LISTENER.into());
        }
        let file = json!({"version_info": self.version.to_string(), "resources": listeners});
        let beside = self.directory.path().join("next.json");
        fs::write(&beside, file.to_string())?;
        Ok(fs::rename(beside, self.file())?)
    }
}

/// The policies that are handed over.
struct Policies {
    source: Value,
    signer: DevKey,
}

impl Policies {
    fn of_corpus() -> Result<Self> {
        let plugin = policy::plugin_configuration().map_err(|e| anyhow::anyhow!("{e}"))?;
        let plugin: Value = serde_json::from_str(&plugin)?;
        let source = plugin.get("policy").cloned().context("no policy")?;
        Ok(Self { source, signer: DevKey::derive(Algorithm::EdDsa, "policy signer") })
    }

    /// The corpus policy, in which nobody may write reports.
    fn read_only(&self) -> Result<Value> {
        let mut source = self.source.clone();
        let roles = source.pointer_mut("/roles").and_then(Value::as_object_mut);
        for role in roles.context("no roles")?.values_mut() {
            let own = role.get_mut("permissions").and_then(Value::as_array_mut);
            own.into_iter().for_each(|own| own.retain(|name| name != "reports:write"));
        }
        Ok(source)
    }

    fn artifact(&self) -> Result<Vec<u8>> {
        let checked = tenantguard_policy::check(&self.source.to_string(), Format::Json, &NoFiles);
        let checked = checked.map_err(|findings| anyhow::anyhow!("{findings}"))?;
        checked.artifact().map_err(|findings| anyhow::anyhow!("{findings}"))
    }

    fn signed(&self, by: &DevKey) -> Result<Vec<u8>> {
        let mut artifact = self.artifact()?;
        tenantguard_policy::sign(&mut artifact, |message| by.sign(message))?;
        Ok(artifact)
    }

    fn plugin(&self, artifact: &[u8]) -> Value {
        json!({"artifact": STANDARD.encode(artifact), "signer": self.signer.public_jwk()})
    }
}

pub(crate) fn whole_or_not_at_all() -> Result<()> {
    let policies = Policies::of_corpus()?;
    let mut listeners = None;
    let take = |config: &mut Config| {
        listeners = Some(Listeners::take(config)?);
        Ok(())
    };
    let world = World::start(take)?;
    let mut listeners = listeners.context("no listeners")?;
    let mut run = || -> Result<()> {
        decided(&world, "permit")?;
        listeners.publish(&json!({"policy": policies.read_only()?}))?;
        decided(&world, "permission.missing")?;
        for (what, plugin, word) in refused(&policies)? {
            let before = rejected(&world)?;
            listeners.publish(&plugin)?;
            wait(what, || Ok(rejected(&world)? > before))?;
            let log = world.envoy.log_text();
            ensure!(log.contains(word), "{what}: Envoy's log does not say {word:?}");
            let reason = reason(&world)?;
            ensure!(reason == "permission.missing", "{what}: the next request is {reason}");
        }
        listeners.publish(&policies.plugin(&policies.signed(&policies.signer)?))?;
        decided(&world, "permit")?;
        // Also those of the VMs that are gone.
        wait("every decision is counted", || all_counted(&world))
    };
    run().with_context(|| format!("Envoy's log:\n{}", world.envoy.log_text()))
}

/// Configurations that must not take effect, each with what the log says of it.
fn refused(policies: &Policies) -> Result<Vec<(&'static str, Value, &'static str)>> {
    let signed = policies.signed(&policies.signer)?;
    let mut tampered = signed.clone();
    if let Some(byte) = tampered.last_mut() {
        *byte ^= 1;
    }
    let truncated = signed.get(..signed.len() / 2).unwrap_or_default();
    let mut other_version = signed.clone();
    if let Some(byte) = other_version.get_mut(8) {
        *byte = 9;
    }
    let mallory = DevKey::derive(Algorithm::EdDsa, "mallory");
    let mut broken = policies.source.clone();
    if let Some(routes) = broken.get_mut("routes") {
        *routes = json!([{"path": "/a", "methods": {"GET": "reports:raed"}, "publick": true}]);
    }
    Ok(vec![
        ("a policy with mistakes", json!({"policy": broken}), "routes[0].publick"),
        ("a tampered artifact", policies.plugin(&tampered), "digest does not match"),
        ("a truncated artifact", policies.plugin(truncated), "ends too early"),
        ("another version", policies.plugin(&other_version), "has version 9"),
        ("an unsigned artifact", policies.plugin(&policies.artifact()?), "is not signed"),
        ("somebody else's", policies.plugin(&policies.signed(&mallory)?), "not by the key"),
        ("no artifact", json!({"artifact": "AAAA"}), "not a compiled policy"),
        ("no base64", json!({"artifact": "%"}), "not base64"),
        ("two policies", json!({"policy": {}, "artifact": ""}), "one of `policy` and `artifact`"),
    ])
}

/// How many configurations of listeners Envoy has refused.
fn rejected(world: &World) -> Result<u64> {
    let stats = world.envoy.admin("/stats?filter=listener_manager.lds.update_rejected")?;
    let text = String::from_utf8_lossy(&stats.body).into_owned();
    let count = text.rsplit(' ').next().map(str::trim).unwrap_or_default();
    count.parse().with_context(|| format!("no count in {text:?}"))
}

/// Whether the filter has counted as many decisions as Envoy has had requests.
fn all_counted(world: &World) -> Result<bool> {
    let sum = |filter: &str| -> Result<u64> {
        let stats = world.envoy.admin(&format!("/stats?filter={filter}"))?;
        let text = String::from_utf8_lossy(&stats.body).into_owned();
        let ours = text.lines().filter(|line| !line.starts_with("http.admin."));
        ours.filter_map(|line| line.rsplit(' ').next()).map(|count| Ok(count.parse::<u64>()?)).sum()
    };
    Ok(sum("tenantguard.decisions")? == sum("^http.*downstream_rq_completed$")?)
}

/// The reason that a request to write gets, as the client is told it.
fn reason(world: &World) -> Result<String> {
    let response = world.ask(WRITE)?.response;
    if response.status == 200 {
        return Ok("permit".to_owned());
    }
    let problem = response.json().with_context(|| format!("status {}", response.status))?;
    Ok(text(&problem, "code").context("no code")?.to_owned())
}

/// Waits until a request to write is decided like this.
fn decided(world: &World, expected: &str) -> Result<()> {
    wait(expected, || Ok(reason(world)? == expected))
}

fn wait(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !is_so()? {
        if start.elapsed() > PATIENCE {
            bail!("{what}: not within {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
