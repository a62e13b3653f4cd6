//! The policy language of TenantGuard: from text to the artifact that the gate decides by.
//!
//! text -> `json` or `yaml` -> [`tree`] -> `read` -> [`source`] -> `check` -> `compile` -> the core's
//! [`Policy`]. Each step collects every mistake with its place ([`Finding`]); a policy with
//! findings does not compile. No I/O: files come through [`Files`]. Compiles for wasm32.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test fails by panicking"
    )
)]

mod check;
mod claim_map;
mod compile;
mod finding;
mod json;
mod load;
pub mod place;
mod read;
mod report;
pub mod source;
pub mod tree;
#[cfg(feature = "yaml")]
mod yaml;

use tenantguard::artifact::{Policy, PolicyDigest};

pub use self::finding::{Code, Finding, Findings};
pub use self::load::{FileError, Files, NoFiles};
use self::report::Report;
use self::source::Source;

/// The language that a policy's text is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON (RFC 8259).
    Json,
    /// YAML 1.2.
    #[cfg(feature = "yaml")]
    Yaml,
}

/// A policy without findings, not compiled yet.
#[derive(Debug)]
pub struct Checked {
    source: Source,
    resolved: check::Resolved,
    canonical: String,
}

impl Checked {
    /// The policy as it was written.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The policy as one line of JSON with all keys in it: what the filter takes. The same for YAML
    /// and JSON of the same policy.
    #[must_use]
    pub fn canonical_json(&self) -> &str {
        &self.canonical
    }

    /// How many permissions the policy declares.
    #[must_use]
    pub fn permission_count(&self) -> usize {
        self.resolved.declared.names().len()
    }

    /// Names the policy in audit records: the SHA-256 digest of its canonical form.
    #[must_use]
    pub fn digest(&self) -> PolicyDigest {
        compile::digest(&self.canonical)
    }

    /// The artifact.
    ///
    /// # Errors
    /// [`Findings`] if the core refuses what the checks let through.
    pub fn compile(self) -> Result<Policy, Findings> {
        compile::policy(self.source, self.resolved, &self.canonical).map_err(Findings::from)
    }
}

/// Reads and checks a policy.
///
/// # Errors
/// [`Findings`]: everything that is wrong with it.
pub fn check(text: &str, format: Format, files: &dyn Files) -> Result<Checked, Findings> {
    let mut report = Report::new();
    let checked = load::tree(text, format, files, &mut report).and_then(|tree| {
        let source = read::policy(&tree, &mut report)?;
        let resolved = check::source(&source, &mut report);
        Some(Checked { source, resolved, canonical: load::canonical(&tree) })
    });
    report.conclude(checked)
}

/// Reads, checks and compiles a policy.
///
/// # Errors
/// [`Findings`]: everything that is wrong with it.
pub fn compile(text: &str, format: Format, files: &dyn Files) -> Result<Policy, Findings> {
    check(text, format, files)?.compile()
}
