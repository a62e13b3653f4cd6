//! A real Envoy for a test: found or installed ([`binary`]), configured from what users deploy
//! ([`config`]), started on free ports and ended with the test ([`process`]), its access log read
//! ([`access_log`]).

pub mod access_log;
pub mod binary;
pub mod config;
pub mod process;

pub use access_log::AccessLog;
pub use config::Config;
pub use process::{Envoy, Options};

use std::path::PathBuf;

/// Why there is no Envoy to test with.
#[derive(Debug, thiserror::Error)]
pub enum EnvoyError {
    /// No Envoy was found, and it could not be installed.
    #[error("there is no Envoy: {0}. Set ENVOY to the path of an Envoy binary, or put one on PATH")]
    NotFound(String),
    /// A file of ours is missing.
    #[error("{path} is missing: {advice}")]
    Missing {
        /// The file.
        path: PathBuf,
        /// What makes it.
        advice: &'static str,
    },
    /// A file of ours is older than what it is made of.
    #[error("{path} is older than what it is made of: {advice}")]
    Stale {
        /// The file.
        path: PathBuf,
        /// What makes it.
        advice: &'static str,
    },
    /// The configuration does not have the part that is to be changed.
    #[error("the Envoy configuration has no {0}")]
    Shape(String),
    /// The configuration is no YAML.
    #[error("the Envoy configuration is no YAML: {0}")]
    Yaml(String),
    /// Envoy ended, or was not ready in time.
    #[error("Envoy {what}. Its log ends:\n{log}")]
    Start {
        /// What happened.
        what: String,
        /// The end of its log.
        log: String,
    },
    /// Nothing came in time.
    #[error("{0} did not come within {1:?}")]
    Timeout(String, std::time::Duration),
    /// A file, a process or a socket.
    #[error("{what}: {cause}")]
    Io {
        /// What was attempted.
        what: String,
        /// Why it failed.
        cause: std::io::Error,
    },
}

/// Says what was attempted when an I/O operation fails.
pub(crate) fn io<S: Into<String>>(what: S) -> impl FnOnce(std::io::Error) -> EnvoyError {
    let what = what.into();
    move |cause| EnvoyError::Io { what, cause }
}

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.parent().map(PathBuf::from).unwrap_or(tests)
}

/// Where cargo builds to.
#[must_use]
pub fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from)
}

/// The filter as `cargo xtask build` leaves it.
///
/// # Errors
/// [`EnvoyError::Missing`] and [`EnvoyError::Stale`] say how to build it.
pub fn filter_wasm() -> Result<PathBuf, EnvoyError> {
    let path = filter_path();
    let time = |path: &PathBuf| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let Some(written) = time(&path) else {
        return Err(EnvoyError::Missing { path, advice: BUILD });
    };
    match time(&built_filter("tenantguard_filter")) {
        Some(built) if built > written => Err(EnvoyError::Stale { path, advice: BUILD }),
        _ => Ok(path),
    }
}

/// Where `cargo xtask build` leaves the filter.
#[must_use]
pub fn filter_path() -> PathBuf {
    target_directory().join("tenantguard.wasm")
}

/// A filter as cargo leaves it, before `cargo xtask build` has taken out what Envoy need not call.
#[must_use]
pub fn built_filter(name: &str) -> PathBuf {
    target_directory().join("wasm32-wasip1/filter").join(name).with_extension("wasm")
}

const BUILD: &str = "run `cargo xtask build`";
