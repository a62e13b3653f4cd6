//! A Redis of the test's own: the machine's `redis-server` on a free port, in a directory of its own,
//! which syncs each write.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::process::watch;

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running Redis; it ends with this value.
pub struct Redis {
    running: Option<(Child, Child)>,
    address: SocketAddr,
    directory: TempDir,
}

impl Redis {
    /// Starts one; `None` if the machine has no `redis-server`.
    ///
    /// # Errors
    /// The process's, or that it does not answer.
    pub fn start() -> io::Result<Option<Self>> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            return Ok(None);
        }
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let directory = TempDir::with_prefix("tenantguard-")?;
        let mut redis = Self { running: None, address, directory };
        redis.start_again()?;
        Ok(Some(redis))
    }

    /// Starts it after it was killed, at the same place and with what it had.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_again(&mut self) -> io::Result<()> {
        self.kill();
        let child = Command::new("redis-server")
            .args(["--port", &self.address.port().to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "yes", "--appendfsync", "always", "--dir"])
            .arg(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        // The directory is this value's own; it goes with it.
        let guard = watch(child.id(), &self.directory.path().join("nothing"))?;
        self.running = Some((child, guard));
        let start = Instant::now();
        while !self.answers() {
            if start.elapsed() > PATIENCE {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "redis-server does not answer",
                ));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// As `kill -9` does it.
    pub fn kill(&mut self) {
        // The guard first, so that it never kills another process that got the same number.
        if let Some((mut child, mut guard)) = self.running.take() {
            for process in [&mut guard, &mut child] {
                let _ = process.kill();
                let _ = process.wait();
            }
        }
    }

    /// How the control service is told of it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    fn answers(&self) -> bool {
        let ping = || {
            let mut stream = TcpStream::connect(self.address)?;
            stream.write_all(b"PING\r\n")?;
            let mut pong = [0; 5];
            stream.read_exact(&mut pong).map(|()| pong)
        };
        ping().is_ok_and(|pong: [u8; 5]| pong == *b"+PONG")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
