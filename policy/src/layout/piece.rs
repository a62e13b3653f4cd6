//! A text as the pieces that are laid out: the entries of maps and the items of lists, each with the
//! comments that belong to it. All of them lie in one list, in the order of the text.

use std::borrow::Cow;
use std::ops::Range;

use super::order::Form;
use crate::place::Span;
use crate::tree::{Kind, Node};

/// A piece, by its position in the text.
pub(super) type PieceId = usize;

/// What stands in a line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'t> {
    /// Nothing.
    Blank,
    /// A comment, with its `#`.
    Comment(&'t str),
}

/// An entry or an item.
#[derive(Debug)]
pub(super) struct Piece<'t> {
    /// Where it begins in the text.
    pub(super) start: usize,
    /// Whether it stands within braces or brackets.
    pub(super) in_flow: bool,
    /// What stands above it.
    pub(super) above: Vec<Line<'t>>,
    /// The comment in its first line.
    pub(super) beside: Option<&'t str>,
    /// What stands below it and belongs to nothing that follows.
    pub(super) below: Vec<Line<'t>>,
    /// The key of an entry, as it is written.
    pub(super) key: Option<Cow<'t, str>>,
    pub(super) value: Value<'t>,
}

/// What a piece holds.
#[derive(Debug)]
pub(super) enum Value<'t> {
    /// A scalar as it is written.
    Scalar(Cow<'t, str>),
    /// A map or a list.
    Container(Container),
}

/// A map or a list.
#[derive(Debug, Clone)]
pub(super) struct Container {
    pub(super) is_map: bool,
    /// Whether it is written with braces or brackets.
    pub(super) is_flow: bool,
    pub(super) pieces: Vec<PieceId>,
}

/// A whole text.
#[derive(Debug)]
pub(super) struct Pieces<'t> {
    text: &'t str,
    all: Vec<Piece<'t>>,
    /// The key of each entry as it is meant, for its order.
    names: Vec<String>,
    /// Where scalars and keys stand: what is in there is no comment.
    pub(super) scalars: Vec<Range<usize>>,
    pub(super) root: Container,
}

impl<'t> Pieces<'t> {
    /// The pieces of a text that is a map.
    pub(super) fn of(text: &'t str, tree: &Node) -> Option<Self> {
        let root = Container { is_map: true, is_flow: false, pieces: Vec::new() };
        let mut pieces =
            Self { text, all: Vec::new(), names: Vec::new(), scalars: Vec::new(), root };
        match pieces.value(tree, false) {
            Value::Container(root) if root.is_map => pieces.root = root,
            _ => return None,
        }
        pieces.scalars.sort_by_key(|range| range.start);
        Some(pieces)
    }

    pub(super) fn get(&self, id: PieceId) -> Option<&Piece<'t>> {
        self.all.get(id)
    }

    pub(super) fn get_mut(&mut self, id: PieceId) -> Option<&mut Piece<'t>> {
        self.all.get_mut(id)
    }

    pub(super) fn all(&self) -> &[Piece<'t>] {
        &self.all
    }

    fn value(&mut self, node: &Node, in_flow: bool) -> Value<'t> {
        let is_flow = in_flow || self.slice(node.span).starts_with(['{', '[']);
        let mut pieces = Vec::new();
        match &node.kind {
            Kind::List(items) => {
                for item in items {
                    let start = item.span.map_or(0, |span| span.start);
                    pieces.push(self.piece(start, None, item, is_flow));
                }
                Value::Container(Container { is_map: false, is_flow, pieces })
            }
            Kind::Map(entries) => {
                for entry in entries {
                    let start = entry.key_span.map_or(0, |span| span.start);
                    let key = (self.scalar(entry.key_span, || quoted(&entry.key)), &*entry.key);
                    pieces.push(self.piece(start, Some(key), &entry.value, is_flow));
                }
                Value::Container(Container { is_map: true, is_flow, pieces })
            }
            Kind::Text(text) => Value::Scalar(self.scalar(node.span, || quoted(text))),
            _ => Value::Scalar(self.scalar(node.span, || node.to_json().to_string())),
        }
    }

    fn piece(
        &mut self,
        start: usize,
        key: Option<(Cow<'t, str>, &str)>,
        value: &Node,
        in_flow: bool,
    ) -> PieceId {
        let id = self.all.len();
        let (key, name) = key.map_or((None, ""), |(key, name)| (Some(key), name));
        let empty = Value::Scalar(Cow::Borrowed(""));
        let (above, below) = (Vec::new(), Vec::new());
        self.names.push(name.to_owned());
        self.all.push(Piece { start, in_flow, above, beside: None, below, key, value: empty });
        let value = self.value(value, in_flow);
        if let Some(piece) = self.all.get_mut(id) {
            piece.value = value;
        }
        id
    }

    /// A scalar as it is written; what takes several lines, or none, is written anew.
    fn scalar(&mut self, span: Option<Span>, anew: impl Fn() -> String) -> Cow<'t, str> {
        if let Some(span) = span {
            self.scalars.push(span.start..span.end);
        }
        match self.slice(span) {
            raw if raw.is_empty() || raw.contains('\n') || raw.starts_with(['|', '>']) => {
                Cow::Owned(anew())
            }
            raw => Cow::Borrowed(raw),
        }
    }

    fn slice(&self, span: Option<Span>) -> &'t str {
        span.and_then(|span| self.text.get(span.start..span.end)).unwrap_or_default()
    }

    /// Brings the keys into their order, all the way down.
    pub(super) fn sort(&mut self) {
        let mut root = std::mem::take(&mut self.root.pieces);
        self.sort_container(&mut root, true, Form::ROOT);
        self.root.pieces = root;
    }

    fn sort_container(&mut self, ids: &mut [PieceId], is_map: bool, form: Form) {
        let name = |names: &[String], id: PieceId| names.get(id).cloned().unwrap_or_default();
        if is_map {
            ids.sort_by_cached_key(|id| form.position(&name(&self.names, *id)));
        }
        for id in ids {
            let below = match is_map {
                true => form.under(&name(&self.names, *id)),
                false => form.item(),
            };
            let Some(Piece { value: Value::Container(container), .. }) = self.all.get_mut(*id)
            else {
                continue;
            };
            let (mut inner, is_map) = (std::mem::take(&mut container.pieces), container.is_map);
            self.sort_container(&mut inner, is_map, below);
            if let Some(Piece { value: Value::Container(container), .. }) = self.all.get_mut(*id) {
                container.pieces = inner;
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
