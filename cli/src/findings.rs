//! Findings about a policy, as a compiler shows them to people, and as lines of JSON for scripts.

mod human;
mod json;

use tenantguard_policy::place::{Lines, Place, Span};

pub(crate) use self::human::{human, summary};
pub(crate) use self::json::json;
use crate::files::{PolicyFile, PolicyText};

/// The files of a policy, their lines found once.
struct Texts<'p> {
    files: Vec<(&'p PolicyFile, Lines<'p>)>,
}

/// Where something stands in a file.
struct Position<'p> {
    file: &'p PolicyFile,
    span: Span,
    /// Counted from one, the column in characters.
    line: usize,
    column: usize,
}

impl<'p> Texts<'p> {
    fn of(policy: &'p PolicyText) -> Self {
        let lines = |file: &'p PolicyFile| (file, Lines::of(&file.text));
        Self { files: policy.files().iter().map(lines).collect() }
    }

    /// `None` for what stands nowhere, such as a limit of the whole policy.
    fn position(&self, place: &Place) -> Option<Position<'p>> {
        let span = place.span?;
        let (file, lines) = self.files.get(usize::try_from(span.file.0).ok()?)?;
        let (line, column) = lines.position(span);
        Some(Position { file, span, line, column })
    }
}
