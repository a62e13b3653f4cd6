//! Maps with known fields: what is missing, and what is unknown.

use super::shapes::Shape;
use crate::finding::{Code, Finding};
use crate::place::{Path, Place, Quoted, Span};
use crate::report::Report;
use crate::tree::{Entry, Kind, Node};

/// A value of the tree with the path that led to it.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub(super) node: &'a Node,
    pub(super) path: Path,
    key_span: Option<Span>,
}

impl<'a> At<'a> {
    pub(super) fn new(node: &'a Node, path: Path, key_span: Option<Span>) -> Self {
        Self { node, path, key_span }
    }

    pub(super) fn root(node: &'a Node) -> Self {
        Self::new(node, Path::root(), None)
    }

    pub(super) fn entry(&self, entry: &'a Entry) -> Self {
        Self::new(&entry.value, self.path.key(&entry.key), entry.key_span)
    }

    /// The items of a list, each counted within its file: lists may come from several.
    pub(super) fn items(&self, nodes: &'a [Node]) -> impl Iterator<Item = Self> {
        let file = |node: &Node| node.span.map(|span| span.file);
        let of_one_file = nodes.chunk_by(move |a, b| file(a) == file(b));
        of_one_file
            .flat_map(|nodes| nodes.iter().zip(0..))
            .map(|(node, index)| Self::new(node, self.path.index(index), None))
    }

    /// Where to point: at a value, but at the key of a map or list, which may fill the screen.
    pub(super) fn place(&self) -> Place {
        let span = match &self.node.kind {
            Kind::Map(entries) => match (self.key_span, entries.first()) {
                (None, Some(first)) => first.key_span,
                (key, _) => key.or(self.node.span),
            },
            Kind::List(_) | Kind::Null => self.key_span.or(self.node.span),
            _ => self.node.span,
        };
        Place { path: self.path.clone(), span }
    }

    /// The place of the value's name: its key, if it has one.
    pub(super) fn key_place(&self) -> Place {
        Place { path: self.path.clone(), span: self.key_span.or(self.node.span) }
    }

    /// Where a field that is missing would stand.
    pub(super) fn place_of_key(&self, key: &str) -> Place {
        Place { path: self.path.key(key), span: self.place().span }
    }

    /// Reports a value of the wrong type, unless the parser has said so already.
    pub(super) fn wrong_type<T>(&self, expected: &str, report: &mut Report) -> Option<T> {
        if self.node.kind == Kind::Refused {
            return None;
        }
        let found = self.node.kind.describe();
        report.refuse(
            Code::WrongType,
            &self.place(),
            format!("{expected} is expected here, but this is {found}"),
        )
    }

    pub(super) fn map(&self, expected: &str, report: &mut Report) -> Option<&'a [Entry]> {
        match &self.node.kind {
            Kind::Map(entries) => Some(entries),
            _ => self.wrong_type(expected, report),
        }
    }
}

/// A map whose keys have been compared with its shape.
pub(super) struct Fields<'a> {
    at: At<'a>,
    what: &'static str,
}

impl<'a> Fields<'a> {
    /// Reports every key that the shape does not have.
    pub(super) fn of(at: &At<'a>, shape: &Shape, report: &mut Report) -> Option<Self> {
        let entries = at.map(&format!("{} (a map)", shape.what()), report)?;
        for entry in entries.iter().filter(|e| !shape.fields().contains(&e.key.as_str())) {
            unknown(at, entry, shape, report);
        }
        Some(Self { at: at.clone(), what: shape.what() })
    }

    /// The value of a field, if it is there. YAML's empty value counts as absent.
    pub(super) fn optional(&self, name: &str) -> Option<At<'a>> {
        self.at.node.get(name).map(|entry| self.at.entry(entry))
    }

    /// The value of a field, or a finding.
    pub(super) fn required(&self, name: &str, report: &mut Report) -> Option<At<'a>> {
        self.optional(name).or_else(|| {
            let message = format!("{} needs the field `{name}`", self.what);
            report.refuse(Code::MissingField, &self.at.place_of_key(name), message)
        })
    }

    /// Whether the field is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.at.node.get(name).is_some()
    }
}

fn unknown(at: &At<'_>, entry: &Entry, shape: &Shape, report: &mut Report) {
    let place = at.entry(entry).key_place();
    let message = format!("{} has no field {}", shape.what(), Quoted(&entry.key));
    let help = report
        .suggest(&entry.key, shape.fields().iter().copied())
        .unwrap_or_else(|| format!("its fields are {}", shape.fields().join(", ")));
    report.push(Finding::new(Code::UnknownField, place, message).help(help));
}
