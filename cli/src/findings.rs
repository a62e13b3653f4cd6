//! Findings on the screen, as a compiler shows them, and as JSON.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};
use serde_json::{Value, json};
use tenantguard_policy::place::{Lines, Place, Span};
use tenantguard_policy::{Finding, Findings};

use crate::files::PolicyText;

/// How many findings a screen shows. Nobody reads more, and scripts take JSON.
const SHOWN: usize = 100;
/// A line longer than this, such as a whole policy of JSON, is not shown.
const LINE_LIMIT: usize = 400;

/// The findings with the lines that they are about.
pub(crate) fn human(text: &PolicyText, findings: &Findings) -> String {
    let width = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0));
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode())
        .with_width(width)
        .with_links(false);
    let source = NamedSource::new(text.name(), printable(&text.text));
    let lines = Lines::of(&text.text);
    let mut screen = String::new();
    for finding in findings.iter().take(SHOWN) {
        let shown = Shown::new(finding, &source, &lines);
        if handler.render_report(&mut screen, &shown).is_err() {
            screen.push_str(&finding.to_string());
        }
        screen.push('\n');
    }
    let more = findings.iter().len().saturating_sub(SHOWN);
    if more > 0 {
        screen.push_str(&format!("... and {more} more, which --format json shows\n\n"));
    }
    screen
}

/// The text with everything that could move a cursor or turn a line around replaced by something of
/// the same length, so that spans still fit.
fn printable(text: &str) -> String {
    let is_harmless = |c: char| {
        let turns_text = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        matches!(c, '\n' | '\r' | '\t') || !(c.is_control() || turns_text)
    };
    let replaced = |c: char| match c.len_utf8() {
        1 => '?',
        2 => '\u{bf}',
        _ => '\u{fffd}',
    };
    text.chars().map(|c| if is_harmless(c) { c } else { replaced(c) }).collect()
}

/// All findings as JSON.
pub(crate) fn json(text: &PolicyText, findings: &Findings) -> Vec<Value> {
    let lines = Lines::of(&text.text);
    findings.iter().map(|finding| finding_json(finding, &lines)).collect()
}

fn finding_json(finding: &Finding, lines: &Lines<'_>) -> Value {
    let mut value = place(&finding.place, lines);
    if let Some(object) = value.as_object_mut() {
        object.insert("code".to_owned(), finding.code.code().into());
        object.insert("message".to_owned(), finding.message.as_str().into());
        object.insert("help".to_owned(), finding.help.as_deref().into());
        let other = finding.other.as_ref().map(|other| place(other, lines));
        object.insert("other".to_owned(), other.into());
    }
    value
}

fn place(place: &Place, lines: &Lines<'_>) -> Value {
    let position = place.span.map(|span| lines.position(span));
    json!({
        "path": place.path.to_string(),
        "line": position.map(|(line, _)| line),
        "column": position.map(|(_, column)| column),
        "span": place.span.map(|span| [span.start, span.end]),
    })
}

/// A finding in the shape that `miette` draws.
struct Shown<'a> {
    finding: &'a Finding,
    /// The text, if its lines fit a screen.
    source: Option<&'a NamedSource<String>>,
    message: String,
}

impl<'a> Shown<'a> {
    fn new(finding: &'a Finding, source: &'a NamedSource<String>, lines: &Lines<'_>) -> Self {
        let spans = [Some(&finding.place), finding.other.as_ref()];
        let spans = spans.into_iter().flatten().filter_map(|place| place.span);
        // The lines above and below are shown too.
        let fits = |span| {
            let (line, _) = lines.position(span);
            (line.saturating_sub(1)..=line + 1).all(|line| lines.length(line) <= LINE_LIMIT)
        };
        let message = finding.message.clone();
        match finding.place.span {
            Some(_) if spans.into_iter().all(fits) => {
                Self { finding, source: Some(source), message }
            }
            Some(span) => {
                let (line, column) = lines.position(span);
                let path = finding.path();
                let message = format!("{message}\n{path} ({}:{line}:{column})", source.name());
                Self { finding, source: None, message }
            }
            None => Self { finding, source: None, message },
        }
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.finding, f)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.finding.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.finding.help.as_deref()?))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = |Span { start, end }, text: String| {
            LabeledSpan::new_with_span(Some(text), (start, end - start))
        };
        self.source?;
        let here = label(self.finding.place.span?, self.finding.path());
        let other = self.finding.other.as_ref().and_then(|other| other.span);
        let other = other.map(|span| label(span, "the other one".to_owned()));
        Some(Box::new(other.into_iter().chain([here])))
    }
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn what_could_deceive_on_a_terminal_is_replaced_in_place() {
        for hostile in ["a\u{1b}[31mb", "a\u{9b}31mb", "a\u{202e}b\u{2066}", "a\0b\u{7f}"] {
            let shown = printable(hostile);
            assert_eq!(shown.len(), hostile.len());
            assert!(!shown.chars().any(char::is_control), "{hostile:?}");
            assert!(!shown.contains(['\u{202e}', '\u{2066}']), "{hostile:?}");
        }
        assert_eq!(printable("a: é\n\tb\r\n"), "a: é\n\tb\r\n");
    }
}
