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
#[cfg(feature = "analysis")]
pub mod diff;
#[cfg(feature = "what-if")]
pub mod explain;
mod finding;
mod json;
#[cfg(feature = "yaml")]
pub mod layout;
mod lint;
mod load;
#[cfg(feature = "analysis")]
mod meaning;
mod merge;
mod ordered;
pub mod place;
#[cfg(feature = "analysis")]
pub mod reach;
mod read;
mod report;
#[cfg(feature = "schema")]
pub mod schema;
#[cfg(feature = "analysis")]
mod signature;
pub mod source;
mod source_map;
#[cfg(feature = "what-if")]
pub mod test;
#[cfg(feature = "analysis")]
mod thumbprint;
pub mod tree;
#[cfg(feature = "yaml")]
mod yaml;

use tenantguard::artifact::{Policy, PolicyDigest, Trusted};

pub use self::finding::{Code, Finding, Findings, Severity, Stage};
pub use self::load::{FileError, Files, NoFiles};
use self::report::Report;
#[cfg(feature = "analysis")]
pub use self::signature::{SignError, sign};
use self::source::Source;
pub use self::source_map::SourceMap;

/// The language that a policy's text is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON (RFC 8259).
    Json,
    /// YAML 1.2.
    #[cfg(feature = "yaml")]
    Yaml,
}

/// One file of a policy.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile<'t> {
    /// Its path within the policy's directory, with `/`; what messages and explanations call it.
    pub name: &'t str,
    /// What is in it.
    pub text: &'t str,
    /// The language that it is in.
    pub format: Format,
}

/// A policy without findings, not compiled yet.
#[derive(Debug)]
pub struct Checked {
    source: Source,
    resolved: check::Resolved,
    canonical: String,
    source_map: SourceMap,
}

impl Checked {
    /// The policy as it was written.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The policy as one line of JSON with all keys in it: what the filter takes. The same for YAML
    /// and JSON of the same policy, for one file and several, and in whatever order lists stand
    /// whose order means nothing.
    #[must_use]
    pub fn canonical_json(&self) -> &str {
        &self.canonical
    }

    /// Finds the files and lines of places in the source.
    #[must_use]
    pub fn source_map(&self) -> &SourceMap {
        &self.source_map
    }

    /// The permissions that the policy declares.
    pub fn permissions(&self) -> impl Iterator<Item = &str> {
        self.resolved.declared.names().map(|name| name.as_str())
    }

    /// How many permissions the policy declares.
    #[must_use]
    pub fn permission_count(&self) -> usize {
        self.resolved.declared.names().len()
    }

    /// What compiles and is probably not meant, in the order of the text.
    #[must_use]
    pub fn warnings(&self) -> Findings {
        Findings::new(lint::source(&self.source, &self.resolved, &[]))
    }

    /// Names the policy in audit records: the SHA-256 digest of its canonical form.
    #[must_use]
    pub fn digest(&self) -> PolicyDigest {
        compile::digest(&self.canonical)
    }

    /// The artifact's bytes: what the gate reads in place, not signed.
    ///
    /// # Errors
    /// [`Findings`] if the policy is too large for the format.
    pub fn artifact(&self) -> Result<Vec<u8>, Findings> {
        let input = compile::Input {
            source: &self.source,
            resolved: &self.resolved,
            map: &self.source_map,
        };
        compile::artifact(&input, &self.canonical).map_err(|e| Findings::whole(e.to_string()))
    }

    /// The policy, ready to decide by.
    ///
    /// # Errors
    /// [`Findings`] if the core refuses what the checks let through.
    pub fn compile(&self) -> Result<Policy, Findings> {
        let bytes = self.artifact()?;
        Policy::load(bytes.into(), Trusted::Anybody).map_err(|e| Findings::whole(e.to_string()))
    }
}

/// Reads and checks a policy of one file.
///
/// # Errors
/// [`Findings`]: everything that is wrong with it.
pub fn check(text: &str, format: Format, files: &dyn Files) -> Result<Checked, Findings> {
    check_all(&[SourceFile { name: "policy", text, format }], files)
}

/// Reads and checks a policy of several files, which are named from its directory. A file that one
/// of them names is looked for beside it.
///
/// # Errors
/// [`Findings`]: everything that is wrong with it.
pub fn check_all(sources: &[SourceFile<'_>], files: &dyn Files) -> Result<Checked, Findings> {
    let mut report = Report::new();
    let checked = checked(sources, files, &mut report);
    report.conclude(checked)
}

/// What [`review`] makes of a policy.
#[derive(Debug)]
pub struct Review {
    /// The policy, if nothing in it is an error.
    pub checked: Option<Checked>,
    /// Errors and warnings in the order of the text; empty for a policy with neither.
    pub findings: Findings,
}

/// Reads and checks a policy of one file or several, and warns of what looks wrong in it: for people
/// who write policies. [`check_all`] is enough to run one.
#[must_use]
pub fn review(sources: &[SourceFile<'_>], files: &dyn Files) -> Review {
    let mut report = Report::new();
    let checked = checked(sources, files, &mut report);
    let errors = report.into_findings();
    let mut findings = match &checked {
        Some(Checked { source, resolved, .. }) => lint::source(source, resolved, &errors),
        None => Vec::new(),
    };
    let checked = checked.filter(|_| errors.is_empty());
    findings.extend(errors);
    Review { checked, findings: Findings::new(findings) }
}

/// Reads and checks; the result means something only if nothing was reported.
fn checked(sources: &[SourceFile<'_>], files: &dyn Files, report: &mut Report) -> Option<Checked> {
    let tree = load::tree(sources, files, report)?;
    let source = read::policy(&tree, report)?;
    let resolved = check::source(&source, report);
    let canonical = load::canonical(&tree);
    Some(Checked { source, resolved, canonical, source_map: SourceMap::of(sources) })
}

/// Reads, checks and compiles a policy.
///
/// # Errors
/// [`Findings`]: everything that is wrong with it.
pub fn compile(text: &str, format: Format, files: &dyn Files) -> Result<Policy, Findings> {
    check(text, format, files)?.compile()
}
