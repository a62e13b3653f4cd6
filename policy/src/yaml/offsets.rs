//! The parser counts characters; spans count bytes.

use saphyr_parser::{Marker, Span as YamlSpan};

use crate::place::{FileId, Span};

/// Turns the parser's positions in one text into byte offsets.
pub(super) struct Offsets {
    /// The byte offset of each character, or nothing where both are the same.
    of_char: Vec<usize>,
    length: usize,
    file: FileId,
}

impl Offsets {
    pub(super) fn of(text: &str, file: FileId) -> Self {
        let of_char = match text.is_ascii() {
            true => Vec::new(),
            false => text.char_indices().map(|(at, _)| at).collect(),
        };
        Self { of_char, length: text.len(), file }
    }

    fn byte(&self, marker: Marker) -> usize {
        match self.of_char.is_empty() {
            true => marker.index().min(self.length),
            false => self.of_char.get(marker.index()).copied().unwrap_or(self.length),
        }
    }

    pub(super) fn span(&self, span: YamlSpan) -> Span {
        let start = self.byte(span.start);
        Span { file: self.file, start, end: self.byte(span.end).max(start) }
    }
}
