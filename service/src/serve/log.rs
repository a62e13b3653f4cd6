//! Structured logs on standard error: a line of text for people, a JSON object for machines.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::{LogFormat, LogSource};

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The level is none.
    #[error("[log] level: {0}")]
    Level(#[from] ParseError),
}

/// Begins to log; a panic is logged like anything else. A second call in one process, as in tests, changes nothing.
///
/// # Errors
/// [`LogError::Level`]
pub fn start_log(source: &LogSource) -> Result<(), LogError> {
    let filter = EnvFilter::builder().parse(&source.level)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match source.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Human => {
            let is_terminal = std::io::stderr().is_terminal();
            let is_coloured = is_terminal && std::env::var_os("NO_COLOR").is_none();
            builder.with_target(false).with_ansi(is_coloured).try_init()
        }
    };
    if started.is_ok() {
        std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a defect")));
    }
    Ok(())
}
