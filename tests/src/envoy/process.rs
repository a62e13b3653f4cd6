//! One Envoy process: started on free ports in a temporary directory, waited for, and ended with
//! the value that stands for it. A watching shell ends it also when the test is killed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::{AccessLog, Config, EnvoyError, binary, io};
use crate::client::{self, Response};
use crate::process::watch;

/// Compiling the module takes Envoy a second or two, more on a busy machine.
const STARTUP: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_millis(20);

/// How an Envoy is started, beside its configuration.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The number of worker threads.
    pub concurrency: u32,
    /// The log level of the Wasm component; the rest logs warnings.
    pub wasm_log: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self { concurrency: 2, wasm_log: "info" }
    }
}

/// A running Envoy. Ends when dropped; prints its log then if the test failed.
#[derive(Debug)]
pub struct Envoy {
    child: Child,
    guard: Child,
    log: PathBuf,
    admin: SocketAddr,
    listeners: BTreeMap<String, SocketAddr>,
    access_log: AccessLog,
    _directory: TempDir,
}

impl Envoy {
    /// Starts Envoy and waits until it serves. The configuration's access logs are sent to a file.
    ///
    /// # Errors
    /// [`EnvoyError::Start`], with the end of Envoy's log, when it ends or is not ready in time.
    pub fn start(mut config: Config, options: Options) -> Result<Self, EnvoyError> {
        let binary = binary::find_or_install(|message| eprintln!("{message}"))?;
        let directory = TempDir::with_prefix("tenantguard-").map_err(io("make a directory"))?;
        let access_log = AccessLog { path: directory.path().join("access.log") };
        // Listeners that Envoy is given later bring their own logs.
        if config.has_listeners() {
            config.access_log(&access_log.path)?;
        }
        let file = directory.path().join("envoy.json");
        fs::write(&file, config.to_json()).map_err(io("write the configuration"))?;

        let log = directory.path().join("envoy.log");
        let admin_file = directory.path().join("admin");
        let output = File::create(&log).map_err(io("create envoy.log"))?;
        let errors = output.try_clone().map_err(io("share envoy.log"))?;
        let child = Command::new(&binary)
            .args(["--config-path".into(), file])
            .args(["--admin-address-path".into(), admin_file.clone()])
            .args(["--concurrency", &options.concurrency.to_string()])
            .args(["--file-flush-interval-msec", "50", "--disable-hot-restart"])
            .args(["--log-level", "warning", "--component-log-level"])
            .arg(format!("wasm:{}", options.wasm_log))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(io(format!("start {}", binary.display())))?;
        let guard = watch(child.id(), directory.path()).map_err(io("start the watching shell"))?;
        // From here on a failure drops the value, which ends the process.
        let mut envoy = Self {
            child,
            guard,
            log,
            admin: SocketAddr::from(([127, 0, 0, 1], 0)),
            listeners: BTreeMap::new(),
            access_log,
            _directory: directory,
        };
        envoy.wait_until_ready(&admin_file)?;
        Ok(envoy)
    }

    fn wait_until_ready(&mut self, admin_file: &Path) -> Result<(), EnvoyError> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().map_err(io("wait for Envoy"))? {
                return Err(self.start_error(format!("ended at once ({status})")));
            }
            let address = fs::read_to_string(admin_file).unwrap_or_default();
            if let Ok(admin) = address.trim().parse() {
                self.admin = admin;
                if client::get(admin, "/ready").is_ok_and(|response| response.status == 200) {
                    self.listeners = self.ask_listeners()?;
                    return Ok(());
                }
            }
            if start.elapsed() > STARTUP {
                return Err(self.start_error(format!("was not ready within {STARTUP:?}")));
            }
            thread::sleep(TICK);
        }
    }

    fn start_error(&self, what: String) -> EnvoyError {
        EnvoyError::Start { what, log: self.log_text() }
    }

    fn ask_listeners(&self) -> Result<BTreeMap<String, SocketAddr>, EnvoyError> {
        let answer = self.admin("/listeners?format=json")?;
        let shape = || EnvoyError::Shape("listener with an address".to_owned());
        let answer = answer.json().map_err(|_| shape())?;
        let statuses = answer.get("listener_statuses").and_then(Value::as_array);
        let mut listeners = BTreeMap::new();
        for status in statuses.ok_or_else(shape)? {
            let text = |pointer| status.pointer(pointer).and_then(Value::as_str);
            let port = status.pointer("/local_address/socket_address/port_value");
            let ip = text("/local_address/socket_address/address").and_then(|ip| ip.parse().ok());
            let port = port.and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
            let name = text("/name").ok_or_else(shape)?;
            let address = SocketAddr::new(ip.ok_or_else(shape)?, port.ok_or_else(shape)?);
            listeners.insert(name.to_owned(), address);
        }
        Ok(listeners)
    }

    /// Where the first listener by name listens; the deployed configuration has one.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listeners.values().next().copied().unwrap_or(self.admin)
    }

    /// Where the listener of this name listens.
    #[must_use]
    pub fn listener(&self, name: &str) -> Option<SocketAddr> {
        self.listeners.get(name).copied()
    }

    /// Where the admin interface listens.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.admin
    }

    /// Asks the admin interface.
    ///
    /// # Errors
    /// The socket's.
    pub fn admin(&self, path: &str) -> Result<Response, EnvoyError> {
        client::get(self.admin, path).map_err(io(format!("ask Envoy's admin for {path}")))
    }

    /// The access log.
    #[must_use]
    pub fn access_log(&self) -> &AccessLog {
        &self.access_log
    }

    /// What Envoy itself has logged so far.
    #[must_use]
    pub fn log_text(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The process id, for measuring.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        // The guard first, so that it never kills another process that got the same number.
        for process in [&mut self.guard, &mut self.child] {
            let _ = process.kill();
            let _ = process.wait();
        }
        if thread::panicking() {
            eprintln!("Envoy's log:\n{}", self.log_text());
        }
    }
}
