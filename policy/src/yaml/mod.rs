//! YAML 1.2 text to a tree, over the events of `saphyr-parser`. Scalars follow the core schema; a
//! quoted scalar is a text. What hides things from a reviewer is refused: anchors, aliases, merge
//! keys, tags, several documents.

mod offsets;
mod scalar;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as YamlSpan, StrInput};

use self::offsets::Offsets;
use self::scalar::plain_scalar;

use crate::finding::{Code, Finding};
use crate::json::MapBuilder;
use crate::place::{FileId, Path, Place};
use crate::report::Report;
use crate::tree::{DEPTH_LIMIT, Entry, Kind, Node};

/// Parses the text of `file`. `None` only when it is not YAML at all or nests too deeply.
pub(crate) fn parse(text: &str, file: FileId, report: &mut Report) -> Option<Node> {
    let offsets = Offsets::of(text, file);
    let mut builder = Builder { parser: Parser::new_from_str(text), offsets, report };
    let mut root = None;
    loop {
        let (event, span) = builder.next()?;
        let place = builder.place(&Path::root(), span);
        match event {
            Event::StreamEnd => break,
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            event if root.is_none() => root = Some(builder.node(event, span, &Path::root(), 0)?),
            _ => {
                let finding =
                    Finding::new(Code::YamlDocuments, place, "a second document begins here");
                builder.report.push(finding.help("keep one policy in one file"));
                break;
            }
        }
    }
    Some(root.unwrap_or(Node { span: None, kind: Kind::Null }))
}

struct Builder<'t, 'r> {
    parser: Parser<'t, StrInput<'t>>,
    offsets: Offsets,
    report: &'r mut Report,
}

impl<'t> Builder<'t, '_> {
    /// The next event; `None` after a finding when there is none.
    fn next(&mut self) -> Option<(Event<'t>, YamlSpan)> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Some((event, span)),
            None => Some((Event::StreamEnd, YamlSpan::default())),
            Some(Err(error)) => {
                let span = self.offsets.span(YamlSpan::empty(*error.marker()));
                let place = Place { path: Path::root(), span: Some(span) };
                self.report.refuse(
                    Code::Syntax,
                    &place,
                    format!("this is not YAML: {}", error.info()),
                )
            }
        }
    }

    fn node(
        &mut self,
        event: Event<'t>,
        span: YamlSpan,
        path: &Path,
        depth: usize,
    ) -> Option<Node> {
        let place = self.place(path, span);
        if depth > DEPTH_LIMIT {
            let message = format!("nests deeper than {DEPTH_LIMIT} levels");
            return self.report.refuse(Code::TooDeep, &place, message);
        }
        let kind = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.check_properties(anchor, tag.is_some(), &place);
                self.scalar(&text, style, &place)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_properties(anchor, tag.is_some(), &place);
                return self.list(span, path, depth);
            }
            Event::MappingStart(anchor, tag) => {
                self.check_properties(anchor, tag.is_some(), &place);
                return self.map(span, path, depth);
            }
            Event::Alias(_) => {
                let finding =
                    Finding::new(Code::YamlAlias, place.clone(), "an alias hides what stands here");
                self.report.push(finding.help("write the value out"));
                Kind::Refused
            }
            _ => Kind::Refused,
        };
        Some(Node { span: place.span, kind })
    }

    fn list(&mut self, start: YamlSpan, path: &Path, depth: usize) -> Option<Node> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd | Event::StreamEnd, end) => {
                    return Some(self.container(start, end, Kind::List(items)));
                }
                (event, span) => {
                    let item = self.node(event, span, &path.index(items.len()), depth + 1)?;
                    items.push(item);
                }
            }
        }
    }

    fn map(&mut self, start: YamlSpan, path: &Path, depth: usize) -> Option<Node> {
        let mut map = MapBuilder::default();
        loop {
            let (event, span) = self.next()?;
            if let Event::MappingEnd | Event::StreamEnd = event {
                return Some(self.container(start, span, Kind::Map(map.entries)));
            }
            let key_span = self.offsets.span(span);
            let key = self.key(event, span, path, depth)?;
            let key_path = path.key(key.as_deref().unwrap_or("?"));
            let (event, span) = self.next()?;
            let value = self.node(event, span, &key_path, depth + 1)?;
            if let Some(key) = key {
                let entry = Entry { key, key_span: Some(key_span), value };
                map.insert(entry, &key_path, self.report);
            }
        }
    }

    /// The text of a key as it is written, so that a tenant may be called `7`; inner `None` after a
    /// finding.
    fn key(
        &mut self,
        event: Event<'t>,
        span: YamlSpan,
        path: &Path,
        depth: usize,
    ) -> Option<Option<String>> {
        let place = self.place(path, span);
        let Event::Scalar(text, style, anchor, tag) = event else {
            let finding = Finding::new(Code::YamlKey, place, "this key is not a plain text");
            self.report.push(finding.help("use a word as the key"));
            self.node(event, span, path, depth + 1)?;
            return Some(None);
        };
        self.check_properties(anchor, tag.is_some(), &place);
        if style == ScalarStyle::Plain && text == "<<" {
            let finding =
                Finding::new(Code::YamlMergeKey, place, "a merge key hides what stands here");
            self.report.push(finding.help("write the fields out"));
            return Some(None);
        }
        if style == ScalarStyle::Plain && plain_scalar(&text) == Some(Kind::Null) {
            let finding = Finding::new(Code::YamlKey, place, "this key is null");
            self.report.push(finding.help("name it, or put the name in quotes"));
            return Some(None);
        }
        Some(Some(text.into_owned()))
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, place: &Place) -> Kind {
        if style != ScalarStyle::Plain {
            return Kind::Text(text.to_owned());
        }
        plain_scalar(text).unwrap_or_else(|| {
            let finding = Finding::new(Code::WrongType, place.clone(), "this number is not finite");
            self.report.push(finding.help("if it is a text, put it in quotes"));
            Kind::Refused
        })
    }

    fn check_properties(&mut self, anchor: usize, is_tagged: bool, place: &Place) {
        if anchor != 0 {
            let finding = Finding::new(Code::YamlAnchor, place.clone(), "an anchor is set here");
            self.report
                .push(finding.help("remove the anchor and write the value out where it is used"));
        }
        if is_tagged {
            let finding =
                Finding::new(Code::YamlTag, place.clone(), "a tag changes the type of this value");
            self.report.push(finding.help("remove the tag; to make it a text, put it in quotes"));
        }
    }

    fn container(&self, start: YamlSpan, end: YamlSpan, kind: Kind) -> Node {
        let span = self.offsets.span(YamlSpan::new(start.start, end.end));
        Node { span: Some(span), kind }
    }

    fn place(&self, path: &Path, span: YamlSpan) -> Place {
        Place { path: path.clone(), span: Some(self.offsets.span(span)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Span;

    fn findings(text: &str) -> (Option<Node>, Vec<(Code, String)>) {
        let mut report = Report::new();
        let node = parse(text, FileId(0), &mut report);
        (node, report.into_findings().iter().map(|f| (f.code, f.path())).collect())
    }

    #[test]
    fn every_scalar_and_key_has_its_span() {
        for text in [
            "é: [1, {b: 'x y'}]\nlist:\n  - \"q\"\n  - plain\n",
            "\u{feff}é: [1, {b: 'x y'}]\nlist:\n  - \"q\"\n  - plain # why\n",
        ] {
            let (node, found) = findings(text);
            assert_eq!(found, []);
            let node = node.unwrap();
            let shown = |span: Option<Span>| span.and_then(|s| text.get(s.start..s.end)).unwrap();
            let flow = node.get("é").unwrap();
            assert_eq!(shown(flow.key_span), "é");
            assert_eq!(shown(flow.value.span), "[1, {b: 'x y'}]");
            let Kind::List(items) = &flow.value.kind else { panic!("{flow:?}") };
            assert_eq!(shown(items[1].get("b").unwrap().value.span), "'x y'");
            let Kind::List(items) = &node.get("list").unwrap().value.kind else { panic!() };
            assert_eq!((shown(items[0].span), shown(items[1].span)), ("\"q\"", "plain"));
        }
    }

    #[test]
    fn what_hides_things_from_a_reviewer_is_refused() {
        for (text, code, path) in [
            ("a: &x 1\n", Code::YamlAnchor, "a"),
            ("a: {<<: {b: 1}}\n", Code::YamlMergeKey, "a"),
            ("a: !!str 1\n", Code::YamlTag, "a"),
            ("a: !mine {b: 1}\n", Code::YamlTag, "a"),
            ("a: 1\n---\nb: 2\n", Code::YamlDocuments, ""),
            ("a: {[x]: 1}\n", Code::YamlKey, "a"),
            ("a: {~: 1}\n", Code::YamlKey, "a"),
            ("a: .nan\n", Code::WrongType, "a"),
            ("a: {b: 1, 'b': 2}\n", Code::DuplicateKey, "a.b"),
            ("a: [1\n", Code::Syntax, ""),
            ("\ta: 1\n- b", Code::Syntax, ""),
        ] {
            assert_eq!(findings(text).1, [(code, path.to_owned())], "{text:?}");
        }
        let (_, found) = findings("a: &x 1\nb: *x\n");
        let expected = [(Code::YamlAnchor, "a".to_owned()), (Code::YamlAlias, "b".to_owned())];
        assert_eq!(found, expected);
    }

    #[test]
    fn deep_nesting_is_refused() {
        for (text, code) in [
            ("[".repeat(100) + "]", Code::TooDeep),
            ("{a: ".repeat(100), Code::TooDeep),
            ("- ".repeat(100_000) + "x", Code::TooDeep),
            // The parser's own limit: it looks ahead for the end of what may be a key.
            ("[".repeat(100_000), Code::Syntax),
        ] {
            let found = findings(&text).1;
            assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), [code], "{found:?}");
        }
    }

    #[test]
    fn an_empty_file_is_null() {
        for text in ["", "# nothing\n", "---\n"] {
            assert_eq!(findings(text).0.unwrap().kind, Kind::Null, "{text:?}");
        }
    }
}
