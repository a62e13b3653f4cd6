//! A real control service for a test: `tenantguard serve` as a process of its own ([`service`]),
//! under mTLS ([`certificates`]), its interface as an operator's program would use it ([`api`]),
//! and somebody who stands between it and the proxies ([`meddler`]).

pub mod api;
pub mod certificates;
pub mod meddler;
pub mod service;

pub use api::{Control, Target};
pub use certificates::{ClientFiles, Pki};
pub use meddler::{Meddler, Meddling};
pub use service::{ControlService, DELEGATOR, ServiceOptions};

/// Why there is no control service to test with, or no answer from it.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The command has not been built.
    #[error(
        "{0} is missing: run `cargo build -p tenantguard-cli` first, with --release for a benchmark"
    )]
    Missing(std::path::PathBuf),
    /// It ended, or was not ready in time.
    #[error("the control service {what}. Its log ends:\n{log}")]
    Start {
        /// What happened.
        what: String,
        /// Its log.
        log: String,
    },
    /// A certificate.
    #[error("a certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The connection's keys.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// It refused.
    #[error("{what} was answered {status}: {body}")]
    Answer {
        /// What was asked.
        what: String,
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
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
pub(crate) fn io<S: Into<String>>(what: S) -> impl FnOnce(std::io::Error) -> ServiceError {
    let what = what.into();
    move |cause| ServiceError::Io { what, cause }
}
