//! Reads the policy that tokens and decisions are held against: the file that proxies get, or one
//! of its own. A change takes a restart.

use std::io;
use std::path::{Path, PathBuf};

use tenantguard::artifact::Policy;
use tenantguard_policy::{FileError, Files, Findings, Format};

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

/// Reads and compiles a policy.
pub(super) fn read(path: &Path) -> Result<Policy, PolicyError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| PolicyError::Read { path: path.to_owned(), source })?;
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Format::Json,
        _ => Format::Yaml,
    };
    let beside = Beside(path.parent().map(Path::to_owned).unwrap_or_default());
    tenantguard_policy::compile(&text, format, &beside)
        .map_err(|findings| PolicyError::Findings { path: path.to_owned(), findings })
}

/// The directory of a policy.
struct Beside(PathBuf);

impl Files for Beside {
    fn read(&self, name: &str) -> Result<String, FileError> {
        std::fs::read_to_string(self.0.join(name))
            .map_err(|error| FileError::new(error.to_string()))
    }
}
