//! What is wrong with a policy: all of it at once, each with a stable code and its place.

mod code;

use std::fmt;

pub use self::code::{Code, Severity, Stage};
use crate::place::{FileId, Path, Place, Span};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of mistake it is.
    pub code: Code,
    /// Where it stands.
    pub place: Place,
    /// What is wrong there.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where the other one stands, when two things collide.
    pub other: Option<Place>,
}

impl Finding {
    /// A finding without help.
    #[must_use]
    pub fn new(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { code, place, message: message.into(), help: None, other: None }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Says what to do, if there is a suggestion.
    #[must_use]
    pub fn maybe_help(self, help: Option<String>) -> Self {
        Self { help: help.or(self.help), ..self }
    }

    /// Names the place that this one collides with.
    #[must_use]
    pub fn other(self, other: Place) -> Self {
        Self { other: Some(other), ..self }
    }

    /// Names the place of the other one, if there is one.
    #[must_use]
    pub fn maybe_other(self, other: Option<&Place>) -> Self {
        Self { other: other.cloned(), ..self }
    }

    /// The path as text, such as `issuers.platform.keys`; empty for the whole policy.
    #[must_use]
    pub fn path(&self) -> String {
        self.place.path.to_string()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.path == Path::root() {
            true => write!(f, "policy: ")?,
            false => write!(f, "{}: ", self.place.path)?,
        }
        write!(f, "{} [{}]", self.message, self.code)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with one policy, in the order of its text. As an error, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Brings the findings into the order of the text.
    pub(crate) fn new(mut findings: Vec<Finding>) -> Self {
        // Stable: findings without a span keep their order, after those that have one.
        findings.sort_by_key(|f| {
            let span = f.place.span;
            span.map_or((true, FileId(0), 0), |Span { file, start, .. }| (false, file, start))
        });
        Self(findings)
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of them have this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|finding| finding.code.severity() == severity).count()
    }

    /// Those that are errors, and the warnings that are not among `allowed`.
    #[must_use]
    pub fn without(mut self, allowed: &[Code]) -> Self {
        let is_error = |finding: &Finding| finding.code.severity() == Severity::Error;
        self.0.retain(|finding| is_error(finding) || !allowed.contains(&finding.code));
        self
    }

    /// One finding that is about the policy as a whole.
    pub(crate) fn whole(message: impl Into<String>) -> Self {
        let place = Place { path: Path::root(), span: None };
        Self(vec![Finding::new(Code::Conflict, place, message)])
    }

    /// The findings, in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Findings {
    /// One line for each finding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (finding, nth) in self.0.iter().zip(0..) {
            if nth > 0 {
                f.write_str("\n")?;
            }
            finding.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}
