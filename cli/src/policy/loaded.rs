//! A policy ready to decide by, beside its source: for verbs that decide and say where it is written.

use std::path::Path;
use std::sync::Arc;

use tenantguard::artifact::Policy;
use tenantguard_policy::Checked;
use tenantguard_policy::place::Place;
use tenantguard_policy::source::Source;

use crate::failure::Failure;
use crate::files::PolicyText;

/// A policy without findings, as it was written and compiled.
pub(super) struct Loaded {
    text: PolicyText,
    checked: Checked,
    pub(super) policy: Arc<Policy>,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileLine {
    pub(super) file: String,
    pub(super) line: usize,
}

impl std::fmt::Display for FileLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl Loaded {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let (text, checked) = PolicyText::read(path)?.check()?;
        let (text, again) = text.check()?;
        let policy = again.compile().map_err(|findings| Failure::Option {
            option: "--policy",
            value: path.display().to_string(),
            reason: findings.to_string(),
        })?;
        Ok(Self { text, checked, policy: Arc::new(policy) })
    }

    pub(super) fn source(&self) -> &Source {
        self.checked.source()
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The policy's file, as it was given.
    pub(super) fn name(&self) -> String {
        self.text.name()
    }

    /// The line where something stands.
    pub(super) fn line(&self, place: &Place) -> Option<FileLine> {
        let (file, line) = self.text.line(place)?;
        Some(FileLine { file: file.to_owned(), line })
    }
}
