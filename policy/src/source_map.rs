//! The files of one policy by name, and where their lines begin: a rule's line for explanations.

use crate::SourceFile;
use crate::place::Place;

/// Finds the file and line of a place.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<File>,
}

#[derive(Debug, Clone)]
struct File {
    name: Box<str>,
    line_starts: Vec<usize>,
}

impl SourceMap {
    pub(crate) fn of(sources: &[SourceFile<'_>]) -> Self {
        let file = |source: &SourceFile<'_>| {
            let after_breaks = source.text.match_indices('\n').map(|(at, _)| at + 1);
            File {
                name: source.name.into(),
                line_starts: std::iter::once(0).chain(after_breaks).collect(),
            }
        };
        Self { files: sources.iter().map(file).collect() }
    }

    /// The name of the file that the place is in, and its line, counted from one. `None` for what
    /// stands nowhere, such as a default.
    #[must_use]
    pub fn line(&self, place: &Place) -> Option<(&str, usize)> {
        let (file, line) = self.position(place)?;
        Some((&self.files.get(file)?.name, line))
    }

    /// The same, with the position of the file among [`Self::names`].
    pub(crate) fn position(&self, place: &Place) -> Option<(usize, usize)> {
        let span = place.span?;
        let at = usize::try_from(span.file.0).ok()?;
        let starts = &self.files.get(at)?.line_starts;
        Some((at, starts.partition_point(|start| *start <= span.start)))
    }

    /// The names of the files.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| &*file.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;
    use crate::place::{FileId, Path, Span};

    #[test]
    fn a_place_has_its_file_and_line() {
        let source = |name, text| SourceFile { name, text, format: Format::Json };
        let map = SourceMap::of(&[source("a.json", "{\n}"), source("b.json", "{\n\n1}")]);
        let line = |file, start| {
            let span = Some(Span { file: FileId(file), start, end: start });
            map.line(&Place { path: Path::root(), span })
        };
        assert_eq!(line(0, 0), Some(("a.json", 1)));
        assert_eq!(line(0, 2), Some(("a.json", 2)));
        assert_eq!(line(1, 3), Some(("b.json", 3)));
        assert_eq!(line(2, 0), None);
        assert_eq!(map.line(&Place::default()), None);
    }
}
