//! Where in a policy something stands: by its path (`routes[2].methods.GET`) for people and logs,
//! and by its span in the text for a terminal or an editor.

use std::fmt;
use std::sync::Arc;

/// How much of a long key a path shows, in characters.
const KEY_SHOWN: usize = 64;

/// One of the files that a policy was read from, by its position among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in the text of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Where it begins.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Finds the lines of `text`.
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// Line and column of the span's beginning, both counted from one, the column in characters.
    #[must_use]
    pub fn position(&self, span: Span) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= span.start);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..span.start).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// The length of the line with this number, in bytes.
    #[must_use]
    pub fn length(&self, line: usize) -> usize {
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        self.starts.get(line).copied().unwrap_or(self.text.len()).saturating_sub(start)
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Segment {
    Key(Box<str>),
    Index(usize),
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Link {
    parent: Path,
    segment: Segment,
}

/// The keys and positions that lead from the policy's root to a value. Cheap to clone and extend.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Option<Arc<Link>>);

impl Path {
    /// The path of the whole policy.
    #[must_use]
    pub fn root() -> Self {
        Self(None)
    }

    /// The path of the value under `key`.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.then(Segment::Key(key.into()))
    }

    /// The path of the item at `index`, counted from zero.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.then(Segment::Index(index))
    }

    /// The key that it begins with: the section of the policy that it leads into.
    #[must_use]
    pub fn first_key(&self) -> Option<&str> {
        let mut link = self.0.as_deref()?;
        while let Some(parent) = link.parent.0.as_deref() {
            link = parent;
        }
        match &link.segment {
            Segment::Key(key) => Some(key),
            Segment::Index(_) => None,
        }
    }

    fn then(&self, segment: Segment) -> Self {
        Self(Some(Arc::new(Link { parent: self.clone(), segment })))
    }
}

impl fmt::Display for Path {
    /// `a.b[0].c`. A key that is not a plain word is quoted and escaped: a path goes into logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(link) = &self.0 else { return Ok(()) };
        link.parent.fmt(f)?;
        match &link.segment {
            Segment::Index(index) => write!(f, "[{index}]"),
            Segment::Key(key) => {
                if link.parent.0.is_some() {
                    f.write_str(".")?;
                }
                let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/');
                match !key.is_empty() && key.len() <= KEY_SHOWN && key.bytes().all(is_word) {
                    true => f.write_str(key),
                    false => write!(f, "{}", Quoted(key)),
                }
            }
        }
    }
}

/// A path together with the span, if the text's format gives one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The path from the root.
    pub path: Path,
    /// The range in the text.
    pub span: Option<Span>,
}

impl Place {
    /// The file that it stands in; the first one when there is no span.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.span.map(|span| span.file).unwrap_or_default()
    }
}

/// A value with the place where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// A text from the policy as a message shows it: quoted, escaped, and not too long.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(KEY_SHOWN) {
            Some((end, _)) => write!(f, "{:?}...", self.0.get(..end).unwrap_or_default()),
            None => write!(f, "{:?}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_the_policy_and_escapes_what_is_no_word() {
        let path = Path::root().key("routes").index(2).key("methods").key("GET");
        assert_eq!(path.to_string(), "routes[2].methods.GET");
        assert_eq!(Path::root().key("tenants").key("a.b\n").to_string(), r#"tenants."a.b\n""#);
        let long = Path::root().key(&"x".repeat(1000)).to_string();
        assert!(long.len() < 100, "{long}");
    }

    #[test]
    fn a_span_has_its_line_and_column() {
        let text = "a: é\nbc: d\n";
        let lines = Lines::of(text);
        let position = |needle| {
            let start = text.find(needle).unwrap();
            lines.position(Span { file: FileId(0), start, end: start + 1 })
        };
        assert_eq!(position("a"), (1, 1));
        assert_eq!(position("é"), (1, 4));
        assert_eq!(position("bc"), (2, 1));
        assert_eq!(position("d"), (2, 5));
        assert_eq!(
            lines.position(Span { file: FileId(0), start: text.len(), end: text.len() }),
            (3, 1)
        );
        assert_eq!((lines.length(1), lines.length(2), lines.length(3)), (6, 6, 0));
    }
}
