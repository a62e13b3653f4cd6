//! Reads Envoy's access log: one JSON object a line, and it is an error if one is not.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{EnvoyError, io};

const PATIENCE: Duration = Duration::from_secs(10);

/// The access log of one Envoy.
#[derive(Debug, Clone)]
pub struct AccessLog {
    pub(super) path: PathBuf,
}

impl AccessLog {
    /// The bytes that Envoy has written so far.
    ///
    /// # Errors
    /// The file's.
    pub fn bytes(&self) -> Result<Vec<u8>, EnvoyError> {
        match fs::read(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read.map_err(io(format!("read {}", self.path.display()))),
        }
    }

    /// The whole lines so far as JSON.
    ///
    /// # Errors
    /// `InvalidData` with the line when one is not a JSON object.
    pub fn lines(&self) -> Result<Vec<Value>, EnvoyError> {
        let bytes = self.bytes()?;
        let mut lines: Vec<&[u8]> = bytes.split(|&b| b == b'\n').collect();
        // What follows the last line feed is empty or not yet whole.
        lines.pop();
        lines.into_iter().map(parse).collect()
    }

    /// Waits until `is_wanted` holds for a line, and gives that line.
    ///
    /// # Errors
    /// [`EnvoyError::Timeout`] says what did not come.
    pub fn wait_for(
        &self,
        what: &str,
        is_wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, EnvoyError> {
        let start = Instant::now();
        loop {
            if let Some(line) = self.lines()?.into_iter().find(&is_wanted) {
                return Ok(line);
            }
            if start.elapsed() > PATIENCE {
                return Err(EnvoyError::Timeout(format!("the log line of {what}"), PATIENCE));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the audit record with this id.
    ///
    /// # Errors
    /// [`EnvoyError::Timeout`] when it does not come.
    pub fn audit(&self, audit_id: &str) -> Result<Value, EnvoyError> {
        let id = |line: &Value| line.pointer("/audit/audit_id") == Some(&Value::from(audit_id));
        self.wait_for(&format!("audit id {audit_id}"), id)
    }
}

fn parse(line: &[u8]) -> Result<Value, EnvoyError> {
    let value: Value = serde_json::from_slice(line).map_err(|cause| {
        let text = String::from_utf8_lossy(line);
        io(format!("this access log line is no JSON: {text}"))(cause.into())
    })?;
    if value.is_object() {
        Ok(value)
    } else {
        let cause = std::io::ErrorKind::InvalidData.into();
        Err(io(format!("this access log line is no JSON object: {value}"))(cause))
    }
}
