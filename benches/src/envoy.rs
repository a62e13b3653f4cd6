//! The Envoy under measurement: started with one worker in a temporary directory, ended
//! with the value that stands for it. When a run fails, the end of its log is shown.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::{http::Connection, variant::Variant};

/// Compiling wasm and policy on a slow machine takes a while.
const START_TIME: Duration = Duration::from_secs(60);
const LOG_LINES: usize = 40;

/// A running Envoy.
#[derive(Debug)]
pub(crate) struct Envoy {
    child: Child,
    directory: TempDir,
    admin: Option<u16>,
}

impl Envoy {
    pub(crate) fn start(binary: &Path, config: &Value) -> Result<Self> {
        let directory = TempDir::with_prefix("tenantguard-bench-")?;
        let at = |name: &str| directory.path().join(name);
        fs::write(at("envoy.json"), config.to_string())?;
        let child = Command::new(binary)
            .arg("--config-path")
            .arg(at("envoy.json"))
            .arg("--log-path")
            .arg(at("envoy.log"))
            .arg("--admin-address-path")
            .arg(at("admin"))
            .args(["--log-level", "warning", "--concurrency", "1"])
            .arg("--disable-hot-restart")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut envoy = Self { child, directory, admin: None };
        let ready = envoy.wait_until_ready();
        envoy.explain(ready)?;
        Ok(envoy)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The ports that the variants' listeners got, in their order.
    pub(crate) fn listeners(&self, variants: &[Variant]) -> Result<Vec<u16>> {
        let body = self.ask("/listeners?format=json")?;
        let listing: Value = serde_json::from_slice(&body)?;
        let statuses = listing["listener_statuses"].as_array();
        let statuses = statuses.context("Envoy's admin lists no listeners")?;
        let port = |variant: &Variant| {
            let status = statuses.iter().find(|status| status["name"] == variant.id());
            let port = status?["local_address"]["socket_address"]["port_value"].as_u64()?;
            u16::try_from(port).ok()
        };
        variants
            .iter()
            .map(|variant| port(variant).with_context(|| format!("no listener {}", variant.id())))
            .collect()
    }

    /// What one of Envoy's counters stands at; one that nothing has counted in yet is at 0.
    pub(crate) fn counter(&self, name: &str) -> Result<u64> {
        self.stat("/stats?type=Counters&usedonly", name)
    }

    /// What one of Envoy's gauges stands at.
    pub(crate) fn gauge(&self, name: &str) -> Result<u64> {
        self.stat("/stats?type=Gauges", name)
    }

    fn stat(&self, path: &str, name: &str) -> Result<u64> {
        let body = self.ask(path)?;
        let text = String::from_utf8_lossy(&body);
        let mut lines = text.lines().filter_map(|line| line.split_once(": "));
        let count = lines.find(|(counter, _)| *counter == name).map(|(_, count)| count.parse());
        count.unwrap_or(Ok(0)).with_context(|| format!("{name} is no number"))
    }

    /// Shows the end of Envoy's log if `result` is a failure.
    pub(crate) fn explain<T>(&self, result: Result<T>) -> Result<T> {
        if result.is_err() {
            let log = fs::read_to_string(self.directory.path().join("envoy.log"));
            let log = log.unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.split_at(lines.len().saturating_sub(LOG_LINES)).1;
            eprintln!("the end of Envoy's log:\n{}\n", last.join("\n"));
        }
        result
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("Envoy ended while starting ({status}): it refused its configuration");
            }
            if self.admin.is_none() {
                let address = fs::read_to_string(self.directory.path().join("admin"));
                let port = address.ok().and_then(|a| a.rsplit_once(':')?.1.parse().ok());
                self.admin = port;
            }
            match self.ask("/ready") {
                Ok(_) => return Ok(()),
                Err(error) if begin.elapsed() > START_TIME => {
                    return Err(error.context("Envoy was not ready in time"));
                }
                Err(_) => {}
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// An answer of Envoy's admin interface; only a 200 is one.
    fn ask(&self, path: &str) -> Result<Vec<u8>> {
        let port = self.admin.context("Envoy's admin port is not known yet")?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\n\r\n");
        let response = Connection::open(port)?.exchange(request.as_bytes())?;
        ensure!(response.status == 200, "Envoy's admin answered {} to {path}", response.status);
        Ok(response.body)
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        // Both fail only if it has ended already, which is what they are for.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
