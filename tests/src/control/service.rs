//! One `tenantguard serve` process: its state in a directory of its own, its port the same for as
//! long as the value lives, so that it can be ended and started again.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::certificates::{ClientFiles, Pki};
use super::{Control, ServiceError, io};
use crate::policy;
use crate::process::watch;

/// How long it may take to be ready, and to end.
const PATIENCE: Duration = Duration::from_secs(20);
/// The SPIFFE id of every proxy's certificate. What tells them apart is what they call themselves.
const MESH: &str = "spiffe://cluster.local/ns/edge/sa/envoy";
/// The administrator's secret; a test has none.
pub(super) const ADMIN: &str = "tgc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// The credential of the administrator of [`DELEGATOR`].
pub(super) const TENANT_ADMIN: &str = "tgc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE";
/// A tenant whose administrator consents to delegations.
pub const DELEGATOR: &str = "acme";

/// How a service is started.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// Where its state is: `file:control.redb`, or `redis://...`.
    pub store: String,
    /// How long a proxy may decide alone.
    pub lease: Duration,
    /// How long a poll is held.
    pub hold: Duration,
    /// Its policy, whose key files are those of the corpus.
    pub policy: String,
    /// More of its configuration, in TOML: tables of their own.
    pub more: String,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            store: "file:control.redb".to_owned(),
            lease: Duration::from_secs(5),
            hold: Duration::from_secs(1),
            policy: policy::YAML.to_owned(),
            more: String::new(),
        }
    }
}

/// A control service. Ends when dropped; prints its log then if the test failed.
pub struct ControlService {
    running: Option<Running>,
    address: SocketAddr,
    authority: CertificateDer<'static>,
    proxy: ClientFiles,
    directory: TempDir,
}

struct Running {
    child: Child,
    guard: Child,
}

impl ControlService {
    /// Starts a service and waits until it serves.
    ///
    /// # Errors
    /// [`ServiceError`] says what could not be had, or why it did not start.
    pub fn start(options: &ServiceOptions) -> Result<Self, ServiceError> {
        let mut service = Self::prepare(options)?;
        service.start_again()?;
        Ok(service)
    }

    /// A service that has all it takes and does not run yet.
    ///
    /// # Errors
    /// [`ServiceError`] says what could not be had.
    pub fn prepare(options: &ServiceOptions) -> Result<Self, ServiceError> {
        let directory = TempDir::with_prefix("tenantguard-").map_err(io("make a directory"))?;
        let pki = Pki::new()?;
        pki.write_service(directory.path())?;
        let proxy = pki.client(directory.path(), "proxy", MESH)?;
        let address = free_port()?;
        let write = |name: &str, text: &str| {
            fs::write(directory.path().join(name), text).map_err(io(format!("write {name}")))
        };
        write("control.toml", &configuration(options))?;
        write("policy.yaml", &options.policy)?;
        for (name, text) in policy::key_files() {
            write(&name, &text)?;
        }
        let authority = pki.authority();
        Ok(Self { running: None, address, authority, proxy, directory })
    }

    /// Starts it after it has ended, at the same place and with the same state.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn start_again(&mut self) -> Result<(), ServiceError> {
        self.kill();
        let log = OpenOptions::new().create(true).append(true).open(self.log_path());
        let log = log.map_err(io("open serve.log"))?;
        let child = self.command(log)?.spawn().map_err(io("start `tenantguard serve`"))?;
        // The directory is this value's own; it goes with it.
        let nothing = self.directory.path().join("nothing");
        let guard = watch(child.id(), &nothing).map_err(io("start the watching shell"))?;
        self.running = Some(Running { child, guard });
        self.wait_until_ready()
    }

    fn command(&self, log: File) -> Result<Command, ServiceError> {
        let mut command = Command::new(command()?);
        command
            .args(["serve", "--config", "control.toml", "--log-format", "json"])
            .args(["--listen", &self.address.to_string()])
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        Ok(command)
    }

    fn wait_until_ready(&mut self) -> Result<(), ServiceError> {
        let start = Instant::now();
        let failed = |service: &Self, what: &str| {
            Err(ServiceError::Start { what: what.to_owned(), log: service.log_text() })
        };
        loop {
            if self.control()?.status().is_ok() {
                return Ok(());
            }
            let running = self.running.as_mut().map(|running| running.child.try_wait());
            if !matches!(running, Some(Ok(None))) {
                return failed(self, "ended at once");
            }
            if start.elapsed() > PATIENCE {
                return failed(self, "was not ready in time");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it in order, and waits for it.
    ///
    /// # Errors
    /// [`ServiceError`] if it goes on.
    pub fn stop(&mut self) -> Result<(), ServiceError> {
        self.signal("TERM")?;
        let start = Instant::now();
        while let Some(running) = &mut self.running {
            if running.child.try_wait().map_err(io("wait for the service"))?.is_some() {
                self.kill();
            } else if start.elapsed() > PATIENCE {
                let log = self.log_text();
                return Err(ServiceError::Start { what: "does not end".to_owned(), log });
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        // The guard first, so that it never kills another process that got the same number.
        if let Some(Running { mut child, mut guard }) = self.running.take() {
            for process in [&mut guard, &mut child] {
                let _ = process.kill();
                let _ = process.wait();
            }
        }
    }

    /// Lets it hang: it answers nothing, and its connections stay open.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn pause(&self) -> Result<(), ServiceError> {
        self.signal("STOP")?;
        let start = Instant::now();
        // A signal takes a moment to reach the last thread.
        while !self.is_stopped().map_err(io("look at the service's threads"))? {
            if start.elapsed() > PATIENCE {
                let log = self.log_text();
                return Err(ServiceError::Start { what: "goes on".to_owned(), log });
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn is_stopped(&self) -> std::io::Result<bool> {
        let Some(running) = &self.running else { return Ok(true) };
        for task in fs::read_dir(format!("/proc/{}/task", running.child.id()))? {
            let stat = fs::read_to_string(task?.path().join("stat"))?;
            // What follows the name in parentheses.
            let state = stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next());
            if state != Some('T') {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn resume(&self) -> Result<(), ServiceError> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> Result<(), ServiceError> {
        let Some(running) = &self.running else { return Ok(()) };
        let mut kill = Command::new("kill");
        kill.args([&format!("-{name}"), &running.child.id().to_string()]);
        kill.status().map(drop).map_err(io(format!("send SIG{name}")))
    }

    /// Where it listens, or did.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a proxy shows to it.
    #[must_use]
    pub fn proxy(&self) -> &ClientFiles {
        &self.proxy
    }

    /// Who has signed its certificate.
    #[must_use]
    pub fn authority(&self) -> CertificateDer<'static> {
        self.authority.clone()
    }

    /// Its interface, as an administrator.
    ///
    /// # Errors
    /// [`ServiceError::Tls`]
    pub fn control(&self) -> Result<Control, ServiceError> {
        Control::new(self.address, self.authority.clone())
    }

    /// The directory of its configuration and state.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log_text(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    fn log_path(&self) -> PathBuf {
        self.directory.path().join("serve.log")
    }
}

impl Drop for ControlService {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("The control service's log:\n{}", self.log_text());
        }
    }
}

fn configuration(options: &ServiceOptions) -> String {
    let ServiceOptions { store, lease, hold, more, .. } = options;
    let [operator, tenant_admin] = [ADMIN, TENANT_ADMIN].map(digest);
    format!(
        "policy = \"policy.yaml\"\n\
         [tls]\ncertificate = \"server.pem\"\nkey = \"server.key.pem\"\nclient_ca = \"ca.pem\"\n\
         [store]\nurl = \"{store}\"\n\
         [feed]\nlease = \"{}ms\"\nhold = \"{}ms\"\n\
         [[auth.credentials]]\nname = \"root\"\nrole = \"admin\"\nsha256 = \"{operator}\"\n\
         [[auth.credentials]]\nname = \"{DELEGATOR}-admin\"\nrole = \"tenant_admin\"\n\
         tenant = \"{DELEGATOR}\"\nsha256 = \"{tenant_admin}\"\n\
         [[auth.certificates]]\nsan = \"{MESH}\"\nname = \"edge\"\nrole = \"proxy\"\n\
         {more}",
        lease.as_millis(),
        hold.as_millis()
    )
}

/// What the configuration has of a credential.
fn digest(credential: &str) -> String {
    let digest = Sha256::digest(credential.as_bytes());
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn free_port() -> Result<SocketAddr, ServiceError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(io("find a free port"))?;
    listener.local_addr().map_err(io("find a free port"))
}

/// The command line tool, beside the test's own program.
fn command() -> Result<PathBuf, ServiceError> {
    let test = std::env::current_exe().map_err(io("find the test's own program"))?;
    // A test is built into a directory of its own beside it.
    let places = test.ancestors().skip(1).take(2);
    let name = Path::new("tenantguard").with_extension(std::env::consts::EXE_EXTENSION);
    let mut commands = places.map(|place| place.join(&name));
    let missing = || ServiceError::Missing(test.with_file_name(&name));
    commands.find(|command| command.is_file()).ok_or_else(missing)
}
