//! An artifact's bytes, section by section. Whatever the bytes are, a look-up answers or says
//! that there is nothing.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use super::layout::{Entry, Header, Section, Span, Text};
use super::load::ArtifactError;

/// A kind of row.
pub(super) trait Row: FromBytes + Immutable + KnownLayout + Unaligned {}

impl<T: FromBytes + Immutable + KnownLayout + Unaligned> Row for T {}

/// The bytes and where the sections stand in them.
#[derive(Clone)]
pub(super) struct Tables {
    bytes: Arc<[u8]>,
    sections: [(usize, usize); Section::ALL.len()],
}

/// The rows of one section.
pub(super) struct Rows<'t, R> {
    bytes: &'t [u8],
    rows: PhantomData<R>,
}

impl<R> Clone for Rows<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Rows<'_, R> {}

impl Tables {
    /// Finds the sections, which must stand in order and fill the artifact.
    pub(super) fn new(bytes: Arc<[u8]>) -> Result<Self, ArtifactError> {
        let mut sections = [(0, 0); Section::ALL.len()];
        let directory = size_of::<Header>();
        let mut end = directory + Section::ALL.len() * size_of::<Entry>();
        for ((slot, section), nth) in sections.iter_mut().zip(Section::ALL).zip(0..) {
            let at = directory + nth * size_of::<Entry>();
            let entry = bytes.get(at..).and_then(|rest| Entry::ref_from_prefix(rest).ok());
            let (entry, _) = entry.ok_or(ArtifactError::Truncated)?;
            let (start, length) = (entry.offset.get() as usize, entry.length.get() as usize);
            if entry.kind.get() != section as u32 || start != end {
                return Err(ArtifactError::Section(section.name()));
            }
            end = start.checked_add(length).ok_or(ArtifactError::Truncated)?;
            *slot = (start, end);
        }
        match end.cmp(&bytes.len()) {
            std::cmp::Ordering::Equal => Ok(Self { bytes, sections }),
            std::cmp::Ordering::Greater => Err(ArtifactError::Truncated),
            std::cmp::Ordering::Less => Err(ArtifactError::TooLong),
        }
    }

    /// All bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of a section.
    pub(super) fn section(&self, section: Section) -> &[u8] {
        let range = self.sections.get(section as usize);
        range.and_then(|(start, end)| self.bytes.get(*start..*end)).unwrap_or_default()
    }

    /// The rows of a section.
    pub(super) fn rows<R: Row>(&self, section: Section) -> Rows<'_, R> {
        Rows::of(self.section(section))
    }

    /// A text; empty if there is none at that place.
    pub(super) fn text(&self, text: Text) -> &str {
        self.find_text(text).unwrap_or_default()
    }

    /// A text, if there is one at that place.
    pub(super) fn find_text(&self, text: Text) -> Option<&str> {
        std::str::from_utf8(self.find_text_bytes(text)?).ok()
    }

    /// The bytes of a text: cheaper to compare with than the text.
    pub(super) fn text_bytes(&self, text: Text) -> &[u8] {
        self.find_text_bytes(text).unwrap_or_default()
    }

    fn find_text_bytes(&self, text: Text) -> Option<&[u8]> {
        let start = text.offset.get() as usize;
        let end = start.checked_add(text.length.get() as usize)?;
        self.section(Section::Texts).get(start..end)
    }
}

impl<'t, R: Row> Rows<'t, R> {
    /// Rows that stand in these bytes.
    pub(super) fn of(bytes: &'t [u8]) -> Self {
        Self { bytes, rows: PhantomData }
    }

    /// How many there are.
    pub(super) fn len(self) -> usize {
        self.bytes.len() / size_of::<R>()
    }

    /// The row at a position.
    pub(super) fn get(self, position: u32) -> Option<&'t R> {
        let start = (position as usize).checked_mul(size_of::<R>())?;
        let rest = self.bytes.get(start..)?;
        R::ref_from_prefix(rest).ok().map(|(row, _)| row)
    }

    /// The rows at these positions; none if they are not all there.
    pub(super) fn span(self, span: Span) -> &'t [R] {
        self.find_span(span).unwrap_or_default()
    }

    /// The rows at these positions, if they are all there.
    pub(super) fn find_span(self, span: Span) -> Option<&'t [R]> {
        let range = positions(span);
        let start = (range.start as usize).checked_mul(size_of::<R>())?;
        let rest = self.bytes.get(start..)?;
        let (rows, _) = <[R]>::ref_from_prefix_with_elems(rest, range.len()).ok()?;
        Some(rows)
    }

    /// All rows.
    pub(super) fn all(self) -> &'t [R] {
        let whole = self.len() * size_of::<R>();
        self.bytes.get(..whole).and_then(|b| <[R]>::ref_from_bytes(b).ok()).unwrap_or_default()
    }

    /// Whether the section holds whole rows only.
    pub(super) fn is_whole(self) -> bool {
        self.bytes.len().is_multiple_of(size_of::<R>())
    }
}

/// The positions that a span covers.
pub(super) fn positions(span: Span) -> Range<u32> {
    let start = span.start.get();
    start..start.saturating_add(span.count.get())
}
