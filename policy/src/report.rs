//! Where findings are collected while a policy is read and checked, and where "did you mean" comes
//! from.

use crate::finding::{Code, Finding, Findings};
use crate::place::Place;

/// How many suggestions one policy gets: each compares with every candidate, so ten thousand
/// misspelt tenants must not each search ten thousand names.
const SUGGESTIONS: u32 = 100;
/// Longer words are not compared.
const WORD_LIMIT: usize = 64;

/// Collects findings.
#[derive(Debug)]
pub(crate) struct Report {
    findings: Vec<Finding>,
    suggestions_left: u32,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { findings: Vec::new(), suggestions_left: SUGGESTIONS }
    }

    /// Called from everywhere: in line, it would make the filter 5 kB larger.
    #[inline(never)]
    pub(crate) fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Adds a finding that needs no help, and gives `None` so that a reader can end with it.
    pub(crate) fn refuse<T>(
        &mut self,
        code: Code,
        place: &Place,
        message: impl Into<String>,
    ) -> Option<T> {
        self.push(Finding::new(code, place.clone(), message));
        None
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    pub(crate) fn count(&self) -> usize {
        self.findings.len()
    }

    /// The result, or everything that is wrong.
    pub(crate) fn conclude<T>(self, result: Option<T>) -> Result<T, Findings> {
        match result {
            Some(result) if self.findings.is_empty() => Ok(result),
            _ => Err(Findings::new(self.findings)),
        }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// `did you mean ...?`, if one of the candidates is near enough.
    pub(crate) fn suggest<'c>(
        &mut self,
        word: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<String> {
        if self.suggestions_left == 0 || word.len() > WORD_LIMIT {
            return None;
        }
        self.suggestions_left -= 1;
        let limit = (word.chars().count() / 3).max(1);
        candidates
            .into_iter()
            .filter(|c| c.len() <= WORD_LIMIT && c.len().abs_diff(word.len()) <= 4 * limit)
            .map(|c| (strsim::osa_distance(&word.to_lowercase(), &c.to_lowercase()), c))
            .filter(|(distance, _)| *distance <= limit)
            .min()
            .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_is_not() {
        let mut report = Report::new();
        let mut near = |word| report.suggest(word, ["viewer", "editor", "admin"]);
        assert_eq!(near("veiwer").as_deref(), Some("did you mean `viewer`?"));
        assert_eq!(near("Editor").as_deref(), Some("did you mean `editor`?"));
        assert_eq!(near("auditor"), Some("did you mean `editor`?".to_owned()));
        assert_eq!(near("owner"), None);
        assert_eq!(near(""), None);
    }

    #[test]
    fn suggestions_are_bounded() {
        let mut report = Report::new();
        let given = (0..1000).filter(|_| report.suggest("vewer", ["viewer"]).is_some()).count();
        assert_eq!(given, SUGGESTIONS as usize);
    }
}
