//! Reads the policy that tokens and decisions are held against: the file that proxies get, or one
//! of its own, and the files beside it that it names.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tenantguard::artifact::Policy;
use tenantguard_policy::{FileError, Files, Findings, Format};

use super::reload::{Prints, Reload, ReloadError, print};
use crate::auth::Tokens;
use crate::state::Control;

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("cannot read the policy {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The policy is wrong.
    #[error("the policy {} has findings; `tenantguard policy check` shows where\n{findings}",
        .path.display())]
    Findings {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        findings: Findings,
    },
}

/// A policy's files.
#[derive(Debug, Clone)]
pub(super) struct PolicyFiles {
    path: PathBuf,
    /// All that was read last.
    read: Prints,
}

impl PolicyFiles {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), read: Prints::new() }
    }

    /// Reads and compiles the policy.
    pub(super) fn compile(&mut self) -> Result<Policy, PolicyError> {
        let path = &self.path;
        self.read = Prints::from([(path.clone(), print(path))]);
        let text = std::fs::read_to_string(path)
            .map_err(|source| PolicyError::Read { path: path.clone(), source })?;
        let format = match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Format::Json,
            _ => Format::Yaml,
        };
        let directory = path.parent().map(Path::to_owned).unwrap_or_default();
        let beside = Beside { directory, read: Mutex::new(std::mem::take(&mut self.read)) };
        let compiled = tenantguard_policy::compile(&text, format, &beside)
            .map_err(|findings| PolicyError::Findings { path: path.clone(), findings });
        self.read = beside.read.into_inner();
        compiled
    }
}

/// The directory of a policy.
struct Beside {
    directory: PathBuf,
    read: Mutex<Prints>,
}

impl Files for Beside {
    fn read(&self, name: &str) -> Result<String, FileError> {
        let path = self.directory.join(name);
        self.read.lock().insert(path.clone(), print(&path));
        std::fs::read_to_string(&path).map_err(|error| FileError::new(error.to_string()))
    }
}

/// The policy of a running service.
pub(super) struct LivePolicy {
    pub(super) files: PolicyFiles,
    pub(super) tokens: Arc<Tokens>,
    pub(super) control: Control,
}

impl Reload for LivePolicy {
    fn name(&self) -> &'static str {
        "policy"
    }

    fn files(&self) -> Prints {
        self.files.read.clone()
    }

    fn reload(&mut self) -> Result<(), ReloadError> {
        let policy = self.files.compile()?;
        // First: by the new policy, tokens may live longer than revocations were kept.
        for (_, issuer) in policy.issuers() {
            self.control.keep_for(issuer.max_lifetime, issuer.skew);
        }
        tracing::info!(policy = %policy.digest(), "the policy has changed");
        self.tokens.replace(policy.into());
        Ok(())
    }
}
