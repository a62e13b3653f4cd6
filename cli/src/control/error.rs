//! What can go wrong with the control service, and what to do then. Whatever it wrote is escaped
//! before it gets to a terminal.

use std::path::PathBuf;
use std::time::Duration;

use crate::output::bytes_human;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    #[error("{url:?} is not where a control service can be: {reason}")]
    Url { url: String, reason: &'static str },
    #[error("there is no credential to show to {url}")]
    NoCredential { url: String },
    #[error("{}: it is no credential: {reason}", .path.display())]
    Credential { path: PathBuf, reason: &'static str },
    #[error("{}: {reason}", .path.display())]
    Pem { path: PathBuf, reason: &'static str },
    #[error("{url} was not reached: {reason}")]
    Unreachable { url: String, reason: String },
    #[error("{url} did not answer within {} s", .limit.as_secs())]
    Slow { url: String, limit: Duration },
    #[error("{url} answered {status}, {}", told(.code, .title, .detail))]
    Problem { url: String, status: u16, code: String, title: String, detail: Option<String> },
    #[error("{url} answered {status} with something that no control service says: {reason}")]
    Shape { url: String, status: u16, reason: String },
    #[error("line {number} of standard input: {reason}")]
    Line { number: usize, reason: String },
    #[error("the credential already exists: {}", .path.display())]
    Exists { path: PathBuf },
    #[error("standard input names nothing")]
    NothingNamed,
    #[error("the service cannot start: {0}")]
    Start(#[from] tenantguard_service::serve::StartError),
    #[error(transparent)]
    Log(#[from] tenantguard_service::serve::LogError),
    #[error(transparent)]
    Config(#[from] tenantguard_service::config::ConfigError),
}

fn told(code: &str, title: &str, detail: &Option<String>) -> String {
    let escaped = |text: &str| bytes_human(text.as_bytes());
    match detail {
        Some(detail) => format!("{}: {}", escaped(code), escaped(detail)),
        None => format!("{}: {}", escaped(code), escaped(title)),
    }
}

impl ControlError {
    /// What to do next.
    pub(crate) fn help(&self) -> Option<String> {
        Some(match self {
            Self::Url { .. } => {
                "give https://host[:port]; without TLS only an address of this machine".to_owned()
            }
            Self::NoCredential { .. } => {
                "give --credential-file or $TENANTGUARD_CREDENTIAL_FILE, or a client certificate"
                    .to_owned()
            }
            Self::Credential { .. } => {
                "the file has the credential alone, as `tenantguard serve credential` writes it"
                    .to_owned()
            }
            Self::Unreachable { .. } | Self::Slow { .. } => {
                "check --url or $TENANTGUARD_URL, and --ca; `tenantguard serve` must run there"
                    .to_owned()
            }
            Self::Problem { code, .. } => match code.as_str() {
                "auth.missing" | "auth.invalid" => {
                    "check that the credential is one of the service's configuration".to_owned()
                }
                "auth.forbidden" => "ask somebody whose role may do it".to_owned(),
                "rate.limited" | "overloaded" | "store.unavailable" | "shutting_down" => {
                    "nothing was changed; try again in a second".to_owned()
                }
                "delegation.changed" => {
                    "look at them with `tenantguard delegation show`, and decide anew".to_owned()
                }
                _ => return None,
            },
            Self::Line { .. } | Self::NothingNamed => {
                r#"write a name a line, as the verb takes it, or {"tenant": "acme", "hash": "..."}"#
                    .to_owned()
            }
            Self::Exists { .. } => {
                "give another --out; whoever shows the old one would no longer be known".to_owned()
            }
            Self::Config(error) => return error.help().map(str::to_owned),
            Self::Pem { .. } | Self::Shape { .. } | Self::Start(_) | Self::Log(_) => return None,
        })
    }
}
