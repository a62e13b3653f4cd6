//! JSON text (RFC 8259) to a tree. `serde_json` does the parsing, one level at a time over borrowed
//! raw values, whose addresses within the text give the spans. Duplicate keys are findings.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::finding::{Code, Finding};
use crate::place::{FileId, Path, Place, Quoted, Span};
use crate::report::Report;
use crate::tree::{DEPTH_LIMIT, Entry, Kind, Node};

/// Parses the text of `file`. `None` only when it is not JSON at all or nests too deeply.
pub(crate) fn parse(text: &str, file: FileId, report: &mut Report) -> Option<Node> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) => Parser { text, file, report }.value(raw, &Path::root(), 0),
        Err(error) => {
            let span = span_of_error(text, file, &error);
            let place = Place { path: Path::root(), span: Some(span) };
            report.refuse(Code::Syntax, &place, format!("this is not JSON: {error}"))
        }
    }
}

struct Parser<'t, 'r> {
    text: &'t str,
    file: FileId,
    report: &'r mut Report,
}

impl<'t> Parser<'t, '_> {
    fn value(&mut self, raw: &'t RawValue, path: &Path, depth: usize) -> Option<Node> {
        let span = self.span(raw.get());
        let place = Place { path: path.clone(), span: Some(span) };
        if depth > DEPTH_LIMIT {
            let message = format!("nests deeper than {DEPTH_LIMIT} levels");
            return self.report.refuse(Code::TooDeep, &place, message);
        }
        let kind = match raw.get().bytes().next() {
            Some(b'{') => self.map(raw, path, depth)?,
            Some(b'[') => self.list(raw, path, depth)?,
            _ => match scalar(raw.get()) {
                Ok(kind) => kind,
                Err(error) => {
                    let message = format!("this is not JSON: {}", without_position(&error));
                    self.report.push(Finding::new(Code::Syntax, place, message));
                    Kind::Refused
                }
            },
        };
        Some(Node { span: Some(span), kind })
    }

    fn list(&mut self, raw: &'t RawValue, path: &Path, depth: usize) -> Option<Kind> {
        let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        let items = items.into_iter().zip(0..);
        let nodes = items.map(|(item, nth)| self.value(item, &path.index(nth), depth + 1));
        Some(Kind::List(nodes.collect::<Option<_>>()?))
    }

    fn map(&mut self, raw: &'t RawValue, path: &Path, depth: usize) -> Option<Kind> {
        let pairs = serde_json::Deserializer::from_str(raw.get()).deserialize_map(Pairs).ok()?;
        let mut map = MapBuilder::default();
        for (raw_key, value) in pairs {
            let key_span = self.span(raw_key.get());
            let Ok(key) = serde_json::from_str::<String>(raw_key.get()) else {
                let place = Place { path: path.clone(), span: Some(key_span) };
                self.report.push(Finding::new(Code::Syntax, place, "this key is not a JSON text"));
                continue;
            };
            let key_path = path.key(&key);
            let value = self.value(value, &key_path, depth + 1)?;
            map.insert(Entry { key, key_span: Some(key_span), value }, &key_path, self.report);
        }
        Some(Kind::Map(map.entries))
    }

    /// Where a piece of the text stands in it. The pieces are borrowed, so their addresses tell.
    fn span(&self, piece: &str) -> Span {
        let start = (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        Span { file: self.file, start, end: start + piece.len() }
    }
}

fn scalar(raw: &str) -> serde_json::Result<Kind> {
    Ok(match serde_json::from_str(raw)? {
        serde_json::Value::Null => Kind::Null,
        serde_json::Value::Bool(value) => Kind::Bool(value),
        serde_json::Value::String(text) => Kind::Text(text),
        serde_json::Value::Number(number) => number_kind(&number),
        // The first byte has ruled these out.
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => Kind::Refused,
    })
}

/// A protobuf `Struct` knows doubles only, so `1.0` is as good as `1`.
fn number_kind(number: &serde_json::Number) -> Kind {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => Kind::Integer(integer),
        (None, Some(float)) if float.fract() == 0.0 && float.abs() < EXACT => {
            #[allow(clippy::cast_possible_truncation, reason = "whole and below 2^53: exact")]
            let integer = float as i64;
            Kind::Integer(integer)
        }
        (None, float) => Kind::Float(float.unwrap_or_default()),
    }
}

struct Pairs;

impl<'t> Visitor<'t> for Pairs {
    type Value = Vec<(&'t RawValue, &'t RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

/// Collects a map's entries, each key once. The first of two wins; the second is a finding.
#[derive(Default)]
pub(crate) struct MapBuilder {
    pub(crate) entries: Vec<Entry>,
    positions: std::collections::HashMap<String, usize>,
}

impl MapBuilder {
    pub(crate) fn insert(&mut self, entry: Entry, path: &Path, report: &mut Report) {
        let place = |span| Place { path: path.clone(), span };
        let earlier = self.positions.get(&entry.key).and_then(|at| self.entries.get(*at));
        if let Some(earlier) = earlier {
            let message = format!("the key {} is here a second time", Quoted(&entry.key));
            report.push(
                Finding::new(Code::DuplicateKey, place(entry.key_span), message)
                    .help("keep one of the two")
                    .other(place(earlier.key_span)),
            );
            return;
        }
        self.positions.insert(entry.key.clone(), self.entries.len());
        self.entries.push(entry);
    }
}

fn span_of_error(text: &str, file: FileId, error: &serde_json::Error) -> Span {
    let line_start: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let mut start = (line_start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let length = text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    Span { file, start, end: start + length }
}

/// The error's text without `at line 1 column 5`, which counts within one value only.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text.get(..at).unwrap_or(&text).to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> (Option<Node>, Vec<(Code, String)>) {
        let mut report = Report::new();
        let node = parse(text, FileId(0), &mut report);
        (node, report.into_findings().iter().map(|f| (f.code, f.path())).collect())
    }

    #[test]
    fn every_value_and_key_has_its_span() {
        let text = "{ \"é\" : [1, {\"b\\u0041\": true}],\n \"n\": null, \"f\": 1.5, \"w\": 2.0 }";
        let (node, found) = findings(text);
        let node = node.unwrap();
        assert_eq!(found, []);
        let shown = |span: Option<Span>| span.and_then(|s| text.get(s.start..s.end)).unwrap();
        let list = node.get("é").unwrap();
        assert_eq!(shown(list.key_span), "\"é\"");
        assert_eq!(shown(list.value.span), "[1, {\"b\\u0041\": true}]");
        let Kind::List(items) = &list.value.kind else { panic!("{list:?}") };
        assert_eq!((shown(items[0].span), &items[0].kind), ("1", &Kind::Integer(1)));
        let inner = items[1].get("bA").unwrap();
        assert_eq!((shown(inner.key_span), shown(inner.value.span)), ("\"b\\u0041\"", "true"));
        assert_eq!(node.get("n").unwrap().value.kind, Kind::Null);
        assert_eq!(node.get("f").unwrap().value.kind, Kind::Float(1.5));
        assert_eq!(node.get("w").unwrap().value.kind, Kind::Integer(2));
    }

    #[test]
    fn duplicate_keys_are_found_however_they_are_spelled() {
        let (node, found) = findings(r#"{"a": {"x": 1, "\u0078": 2}, "a": 3}"#);
        assert_eq!(
            found,
            [(Code::DuplicateKey, "a.x".to_owned()), (Code::DuplicateKey, "a".to_owned())]
        );
        let first = node.unwrap().get("a").unwrap().value.get("x").unwrap().value.kind.clone();
        assert_eq!(first, Kind::Integer(1));
    }

    #[test]
    fn text_that_is_not_json_is_a_syntax_finding() {
        for bad in ["", "{", "[1,]", "{\"a\":1,}", "{} {}", "nul", "01", "{a: 1}", "\u{feff}{}"] {
            let (node, found) = findings(bad);
            assert_eq!(node, None, "{bad:?}");
            assert_eq!(found, [(Code::Syntax, String::new())], "{bad:?}");
        }
        for bad in [r#"{"a": "\ud800"}"#, r#"{"a": 1e999}"#] {
            assert_eq!(findings(bad).1, [(Code::Syntax, "a".to_owned())], "{bad}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_without_recursion() {
        for text in [
            "[".repeat(100_000) + &"]".repeat(100_000),
            "{\"a\":".repeat(50) + "1" + &"}".repeat(50),
        ] {
            let (node, found) = findings(&text);
            assert_eq!(node, None);
            assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), [Code::TooDeep]);
        }
    }
}
