//! A policy's text as a tree of values that know where they stand: what both parsers produce and
//! the reader walks.

use serde_json::Value;

use crate::place::Span;

/// How deep a policy may nest. The language needs six levels; more is a mistake or an attack.
pub const DEPTH_LIMIT: usize = 32;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its range in the text.
    pub span: Option<Span>,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `null`, or in YAML nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the text, each key once.
    Map(Vec<Entry>),
    /// The parser refused what stood here and has said so; nobody need say it again.
    Refused,
}

/// A key of a map and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Its range in the text.
    pub key_span: Option<Span>,
    /// The value.
    pub value: Node,
}

impl Kind {
    /// What a message calls it.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Refused => "something refused",
        }
    }
}

impl Node {
    /// The value under `key`, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The tree as JSON, map keys sorted. What was refused becomes null.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null | Kind::Refused => Value::Null,
            Kind::Bool(value) => (*value).into(),
            Kind::Integer(value) => (*value).into(),
            Kind::Float(value) => (*value).into(),
            Kind::Text(value) => value.as_str().into(),
            Kind::List(items) => items.iter().map(Self::to_json).collect(),
            Kind::Map(entries) => {
                let mut sorted: Vec<&Entry> = entries.iter().collect();
                sorted.sort_by(|a, b| a.key.cmp(&b.key));
                Value::Object(
                    sorted.into_iter().map(|e| (e.key.clone(), e.value.to_json())).collect(),
                )
            }
        }
    }

    /// Gives the node and all below it one span: what came from another file is shown where that
    /// file is named.
    pub(crate) fn place_at(&mut self, span: Option<Span>) {
        self.span = span;
        match &mut self.kind {
            Kind::List(items) => items.iter_mut().for_each(|item| item.place_at(span)),
            Kind::Map(entries) => {
                for entry in entries {
                    entry.key_span = span;
                    entry.value.place_at(span);
                }
            }
            _ => {}
        }
    }
}
