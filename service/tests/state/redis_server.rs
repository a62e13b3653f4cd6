//! A Redis of the test's own: the machine's `redis-server` on a free port, in a folder of its own.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

/// A running Redis; it ends with this value.
pub(crate) struct Redis {
    child: Child,
    pub(crate) port: u16,
    pub(crate) dir: TempDir,
    args: Vec<String>,
}

impl Redis {
    /// Starts one that syncs each write. Without `redis-server` the test is skipped, but in CI it
    /// fails.
    pub(crate) fn start() -> Result<Option<Self>> {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    pub(crate) fn start_with(args: &[&str]) -> Result<Option<Self>> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            if std::env::var("CI").is_ok_and(|ci| ci == "true") {
                bail!("redis-server is not installed: apt-get install redis-server");
            }
            println!("skipped: redis-server is not installed (apt-get install redis-server)");
            return Ok(None);
        }
        let (port, dir) = (free_port()?, tempfile::tempdir()?);
        let place = dir.path().display().to_string();
        let port_text = port.to_string();
        let own = ["--port", &port_text, "--bind", "127.0.0.1", "--save", "", "--dir", &place];
        let args = own.iter().chain(args).map(|arg| (*arg).to_owned()).collect();
        Self::run(port, dir, args).map(Some)
    }

    /// One that watches a master, together with another one.
    pub(crate) fn sentinel_of(master: u16) -> Result<Self> {
        let (port, dir) = (free_port()?, tempfile::tempdir()?);
        let config = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor main 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 4000\n",
            dir.path().display()
        );
        // It rewrites the file as it learns.
        let file = dir.path().join("sentinel.conf");
        std::fs::write(&file, config)?;
        let args = vec![file.display().to_string(), "--sentinel".to_owned()];
        Self::run(port, dir, args)
    }

    fn run(port: u16, dir: TempDir, args: Vec<String>) -> Result<Self> {
        let redis = Self { child: spawn(&args)?, port, dir, args };
        redis.until_it_answers()?;
        Ok(redis)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// As `kill -9` does it.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    pub(crate) fn restart(&mut self) -> Result<()> {
        self.child = spawn(&self.args)?;
        self.until_it_answers()
    }

    /// Stops it in the middle of whatever it does, or lets it go on.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &pid]).status()?;
        if status.success() { Ok(()) } else { bail!("kill -{name} {pid} failed") }
    }

    pub(crate) fn client(&self) -> Result<redis::Connection> {
        Ok(redis::Client::open(self.url())?.get_connection()?)
    }

    fn until_it_answers(&self) -> Result<()> {
        let started = Instant::now();
        loop {
            let pong =
                self.client().and_then(|mut it| Ok(redis::cmd("PING").query::<String>(&mut it)?));
            match pong {
                Ok(_) => return Ok(()),
                Err(error) if started.elapsed() > Duration::from_secs(10) => {
                    return Err(error).context("redis-server does not answer");
                }
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn spawn(args: &[String]) -> Result<Child> {
    Command::new("redis-server")
        .args(args)
        .stdout(Stdio::null())
        .spawn()
        .context("redis-server does not start")
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
