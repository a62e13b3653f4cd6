//! Where the service is and who asks: the same options on every verb.

use std::path::{Path, PathBuf};

use clap::Args;

/// Where the control service is, and who asks.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "The control service")]
pub(crate) struct Options {
    /// Where it is
    #[arg(
        long,
        env = "TENANTGUARD_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:7070",
        hide_env_values = true
    )]
    pub(super) url: String,
    /// A file with the credential or the token to show; `-` reads standard input
    #[arg(long, env = "TENANTGUARD_CREDENTIAL_FILE", value_name = "FILE", hide_env_values = true)]
    pub(super) credential_file: Option<PathBuf>,
    /// A file with the certificate to show, in PEM
    #[arg(long, value_name = "FILE", requires = "client_key")]
    pub(super) client_certificate: Option<PathBuf>,
    /// A file with its private key, in PEM
    #[arg(long, value_name = "FILE", requires = "client_certificate")]
    pub(super) client_key: Option<PathBuf>,
    /// A file with the authority that the service's certificate is signed by, in PEM
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

impl Options {
    /// Whether standard input is taken already.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.credential_file.as_deref().is_some_and(|path: &Path| path.as_os_str() == "-")
    }
}
