//! A Redis beside the benchmark, on the same machine.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// It ends with this value.
pub(crate) struct Redis {
    child: Child,
    pub(crate) url: String,
}

impl Redis {
    pub(crate) fn start(dir: &Path, appendfsync: &str) -> Result<Option<Self>> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            println!("redis-server is not installed: nothing is measured with Redis");
            return Ok(None);
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let dir = dir.join(appendfsync);
        std::fs::create_dir(&dir)?;
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", appendfsync, "--dir"])
            .arg(&dir)
            .stdout(Stdio::null())
            .spawn()
            .context("redis-server does not start")?;
        std::thread::sleep(Duration::from_millis(500));
        Ok(Some(Self { child, url: format!("redis://127.0.0.1:{port}") }))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
