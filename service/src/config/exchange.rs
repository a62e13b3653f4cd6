//! How tokens are exchanged, checked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::ConfigError;
use super::source::ExchangeSource;
use super::units::Span;
use crate::exchange::SigningAlgorithm;

/// What proxies let a delegation token live at most.
const LIFETIME_LIMIT: Span = Span::seconds(5 * 60);
/// Keys that come and go faster than proxies fetch them would be known to none.
const ROTATION_LIMIT: Span = Span::seconds(60 * 60);

/// How tokens are exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeSettings {
    /// The file that the keys are kept in.
    pub keys: PathBuf,
    /// What the exchange calls itself in tokens, if that is not where clients reach it.
    pub issuer: Option<String>,
    /// What new keys sign with.
    pub algorithm: SigningAlgorithm,
    /// How long one key signs.
    pub rotate: Duration,
    /// How long a token lives at most.
    pub lifetime: Duration,
}

impl ExchangeSettings {
    /// Relative paths are relative to `directory`.
    pub(super) fn check(source: ExchangeSource, directory: &Path) -> Result<Self, ConfigError> {
        let ExchangeSource { keys, issuer, algorithm, rotate, lifetime } = source;
        if lifetime > LIFETIME_LIMIT || lifetime < Span::seconds(1) || rotate < ROTATION_LIMIT {
            return Err(ConfigError::Exchange { rotate, lifetime });
        }
        let (rotate, lifetime) = (rotate.get(), lifetime.get());
        Ok(Self { keys: directory.join(keys), issuer, algorithm, rotate, lifetime })
    }
}
