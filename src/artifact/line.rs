//! Where a rule stands in the policy's source: for people who ask why, never for a decision.

use std::fmt;

use super::layout::{Line, Name, Section};
use super::tables::Tables;

/// A line of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLine<'p> {
    /// The file, as it was named to the compiler.
    pub file: &'p str,
    /// Counted from one.
    pub line: u32,
}

impl<'p> SourceLine<'p> {
    /// Reads a line; `None` where it is not known.
    pub(super) fn of(tables: &'p Tables, line: Line) -> Option<Self> {
        let name: &Name = tables.rows(Section::Files).get(u32::from(line.file.get()))?;
        let file = tables.text(name.text);
        Some(Self { file, line: line.line.get() }).filter(|known| known.line > 0)
    }
}

impl fmt::Display for SourceLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
