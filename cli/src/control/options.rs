//! Where the service is and who asks: the same options on every verb.

use std::path::{Path, PathBuf};

use clap::Args;

/// Where the control service is, and who asks.
#[derive(Debug, Clone, Args)]
#[command(
    next_help_heading = "The control service ($TENANTGUARD_URL, $TENANTGUARD_CREDENTIAL_FILE)"
)]
pub(crate) struct Options {
    /// Where it is [http://127.0.0.1:7070]
    #[arg(
        long,
        env = "TENANTGUARD_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:7070",
        hide_env = true,
        hide_default_value = true
    )]
    pub(super) url: String,
    /// The credential or token, `-` is stdin
    #[arg(long, env = "TENANTGUARD_CREDENTIAL_FILE", value_name = "FILE", hide_env = true)]
    pub(super) credential_file: Option<PathBuf>,
    /// A certificate to show, PEM
    #[arg(long, value_name = "FILE", requires = "client_key")]
    pub(super) client_certificate: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE", requires = "client_certificate")]
    pub(super) client_key: Option<PathBuf>,
    /// The authority to trust, PEM
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

impl Options {
    /// Whether somebody asks at all.
    pub(crate) fn has_caller(&self) -> bool {
        self.credential_file.is_some() || self.client_certificate.is_some()
    }

    /// Whether standard input is taken already.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.credential_file.as_deref().is_some_and(|path: &Path| path.as_os_str() == "-")
    }
}
