//! Where and on what a run took place: a figure without this says nothing.

use std::{fs, process::Command, thread};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::arguments::Arguments;

/// The machine, the Envoy and the filters of a run.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) cpu_model: String,
    pub(crate) cores: usize,
    pub(crate) load_average: String,
    pub(crate) envoy_version: String,
    pub(crate) filter_bytes: Option<u64>,
    pub(crate) least_bytes: u64,
}

impl Setting {
    pub(crate) fn read(arguments: &Arguments) -> Result<Self> {
        let size = |path| -> Result<u64> { Ok(fs::metadata(path)?.len()) };
        Ok(Self {
            cpu_model: cpu_model(),
            cores: thread::available_parallelism().map_or(0, usize::from),
            load_average: fs::read_to_string("/proc/loadavg")
                .ok()
                .and_then(|text| Some(text.split_whitespace().next()?.to_owned()))
                .unwrap_or_else(|| "unknown".to_owned()),
            envoy_version: envoy_version(arguments)?,
            filter_bytes: arguments.filter.as_ref().map(size).transpose()?,
            least_bytes: size(&arguments.least)?,
        })
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "cpu_model": self.cpu_model,
            "cores": self.cores,
            "load_average_before": self.load_average,
            "envoy": self.envoy_version,
            "filter_wasm_bytes": self.filter_bytes,
            "least_wasm_bytes": self.least_bytes,
        })
    }
}

fn cpu_model() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    info.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == "model name")
        .map_or_else(|| "unknown CPU".to_owned(), |(_, model)| model.trim().to_owned())
}

/// `envoy --version` prints `… version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL`.
fn envoy_version(arguments: &Arguments) -> Result<String> {
    let output = Command::new(&arguments.envoy)
        .arg("--version")
        .output()
        .with_context(|| format!("cannot run {}", arguments.envoy.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text
        .split('/')
        .find(|part| part.starts_with(|c: char| c.is_ascii_digit()) && part.contains('.'))
    {
        Some(version) => Ok(format!("Envoy {version}")),
        None => bail!("{} --version names no version; is it Envoy?", arguments.envoy.display()),
    }
}
