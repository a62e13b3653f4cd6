//! Streams that are open when what let them in is over: downloads without an end here.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tenantguard_e2e::control::Target;
use tenantguard_e2e::upstream::{CASE_HEADER, ENDLESS};

use crate::controlled::{Controlled, ISSUER, Setup};
use crate::world::text;

const PATIENCE: Duration = Duration::from_secs(10);

/// A download that is under way.
struct Download(TcpStream);

impl Download {
    fn start(it: &Controlled, path: &str, token: &Value) -> Result<Self> {
        let request = it.reader(path, token)?;
        let mut stream = TcpStream::connect(it.world.envoy.address())?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(&request.http1(&[(CASE_HEADER, ENDLESS)]))?;
        let mut download = Self(stream);
        let head = download.read()?;
        ensure!(head.starts_with("HTTP/1.1 200"), "{head}");
        Ok(download)
    }

    /// The next part of it; empty once it is over.
    fn read(&mut self) -> Result<String> {
        let mut part = [0; 4096];
        match self.0.read(&mut part) {
            Ok(count) => Ok(String::from_utf8_lossy(&part[..count]).into_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Ok(String::new()),
            Err(error) => Err(error).context("read the download"),
        }
    }

    /// Reads on until it is over; says how long that took.
    fn until_over(mut self) -> Result<Duration> {
        let start = Instant::now();
        while !self.read()?.is_empty() {
            ensure!(start.elapsed() < PATIENCE, "it goes on");
        }
        Ok(start.elapsed())
    }
}

/// The record of a stream that was ended.
fn ended(it: &Controlled, path: &str) -> Result<Value> {
    let is_ours = |line: &Value| {
        line.pointer("/audit/ended").is_some()
            && line.pointer("/audit/route").and_then(Value::as_str) == Some(path)
    };
    let line = it.world.envoy.access_log().wait_for("the ended stream", is_ours)?;
    line.get("audit").cloned().context("no record")
}

pub(crate) fn revoked() -> Result<()> {
    Controlled::with(Setup::default(), |it| {
        let token = json!({"subject": "alice", "claims": {"jti": "streaming"}});
        let other = json!({"subject": "alice", "claims": {"jti": "other"}});
        let streams: Vec<Download> = (0..6)
            .map(|_| Download::start(it, "/api/v1/reports/7", &token))
            .collect::<Result<_>>()?;
        let mut bystander = Download::start(it, "/api/v1/reports/7", &other)?;
        let mut kept = Download::start(it, "/api/v1/kept/7", &token)?;
        it.control()?.revoke(&[Target::token_id("acme", ISSUER, "streaming")])?;
        for stream in streams {
            let took = stream.until_over()?;
            // Many tests share the machine; alone it is a tenth of a second.
            ensure!(took < Duration::from_secs(3), "it ended after {took:?}");
        }
        for _ in 0..20 {
            ensure!(!bystander.read()?.is_empty(), "another one's stream ended");
            ensure!(!kept.read()?.is_empty(), "a stream that is to be kept ended");
        }
        let record = ended(it, "/api/v1/reports/{report}")?;
        ensure!(text(&record, "decision") == Some("permit"), "{record}");
        let reason = record.pointer("/ended/reason").and_then(Value::as_str);
        ensure!(reason == Some("revoked.token"), "{record}");
        ensure!(it.metric("streams.ended")? == 6, "{} ended", it.metric("streams.ended")?);
        Ok(())
    })
}

pub(crate) fn expired() -> Result<()> {
    Controlled::with(Setup::default(), |it| {
        // The issuer's skew comes on top.
        let token = json!({"subject": "alice", "claims": {"iat": "now-600", "exp": "now-27"}});
        let stream = Download::start(it, "/api/v1/reports/7", &token)?;
        let took = stream.until_over()?;
        ensure!(took < Duration::from_secs(5), "it ended after {took:?}");
        let record = ended(it, "/api/v1/reports/{report}")?;
        let reason = record.pointer("/ended/reason").and_then(Value::as_str);
        ensure!(reason == Some("token.expired"), "{record}");
        Ok(())
    })
}
