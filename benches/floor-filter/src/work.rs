//! What a filter does with each request, as its plugin configuration says: `nothing`, `least`,
//! `calls`, `calls and bell`, or `verify` and a line for each token that may pass: the token, a space,
//! and in base64 the argument with which Envoy's foreign function `verify_signature` is called for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proxy_wasm::types::Status;

use crate::calls::Calls;
use crate::least::{self, Prepared};

/// What to do with each request.
pub(crate) enum Work {
    Nothing,
    /// Reads the headers and sets four.
    Least,
    /// The same, and has the host verify the token.
    Verify(Vec<Prepared>),
    /// TenantGuard's calls into the host.
    Calls(Calls),
}

/// Why a request does not go on.
pub(crate) enum Refusal {
    /// Its token is none that was prepared, or the host does not verify it.
    Unverified,
    /// The host did not do what it was asked for.
    Host,
}

impl From<Status> for Refusal {
    fn from(_: Status) -> Self {
        Self::Host
    }
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error(
        "the floor filter's configuration is neither nothing, least, calls, calls and bell nor verify"
    )]
    Unknown,
    #[error("the floor filter's configuration lists a token without its argument in base64")]
    Argument,
    #[error("the host has no metrics")]
    Metrics,
}

impl Work {
    pub(crate) fn configured(configuration: &[u8]) -> Result<Self, ConfigError> {
        let text = str::from_utf8(configuration).map_err(|_| ConfigError::Unknown)?;
        let mut lines = text.lines();
        Ok(match lines.next() {
            Some("nothing") => Self::Nothing,
            Some("least") => Self::Least,
            Some("calls") => Self::Calls(Calls::default()),
            Some("calls and bell") => {
                Self::Calls(Calls::with_bell().map_err(|_| ConfigError::Metrics)?)
            }
            Some("verify") => Self::Verify(lines.map(prepared).collect::<Result<_, _>>()?),
            _ => return Err(ConfigError::Unknown),
        })
    }

    pub(crate) fn on_request(&self) -> Result<(), Refusal> {
        match self {
            Self::Nothing => Ok(()),
            Self::Least => least::set_four_headers(),
            Self::Verify(tokens) => least::verify(tokens),
            Self::Calls(calls) => calls.on_request(),
        }
    }
}

fn prepared(line: &str) -> Result<Prepared, ConfigError> {
    let (token, argument) = line.split_once(' ').ok_or(ConfigError::Argument)?;
    let argument = STANDARD.decode(argument).map_err(|_| ConfigError::Argument)?;
    Ok(Prepared { authorization: format!("Bearer {token}").into_bytes(), argument })
}
