//! Findings on the screen: the line, what is wrong underlined, the other place, and what to do.
//! The renderer replaces control characters and whatever turns a line around, so a policy cannot
//! write to the terminal.

use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet,
};
use tenantguard_policy::place::Place;
use tenantguard_policy::{Finding, Findings, Severity};

use super::{Position, Texts};
use crate::files::PolicyText;
use crate::output::{self, styled};

/// How many findings a screen shows. Nobody reads more, and scripts take JSON.
const SHOWN: usize = 100;
/// A line longer than this, such as a whole policy of JSON, is named and not shown.
const LINE_LIMIT: usize = 400;
/// Lines wrap nothing: what is wider than a screen is cut by the renderer.
const WIDTH_WITHOUT_TERMINAL: usize = 120;

/// The findings with the lines that they are about.
pub(crate) fn human(policy: &PolicyText, findings: &Findings) -> String {
    let width = terminal_size::terminal_size()
        .map_or(WIDTH_WITHOUT_TERMINAL, |(width, _)| usize::from(width.0));
    let renderer = Renderer::styled().term_width(width);
    let texts = Texts::of(policy);
    let mut screen = String::new();
    for finding in findings.iter().take(SHOWN) {
        screen.push_str(&renderer.render(&[group(finding, &texts)]));
        screen.push_str("\n\n");
    }
    let more = findings.iter().len().saturating_sub(SHOWN);
    if more > 0 {
        screen.push_str(&format!("... and {more} more, which --format json shows\n\n"));
    }
    screen
}

/// `2 errors and 1 warning`.
pub(crate) fn summary(findings: &Findings) -> String {
    let count = |severity: Severity| match findings.count(severity) {
        0 => None,
        1 => Some(format!("1 {severity}")),
        many => Some(format!("{many} {severity}s")),
    };
    let style = match findings.count(Severity::Error) {
        0 => output::WARNING,
        _ => output::BAD,
    };
    let counts: Vec<String> =
        [Severity::Error, Severity::Warning].into_iter().filter_map(count).collect();
    styled(style, counts.join(" and "))
}

fn group<'a>(finding: &'a Finding, texts: &Texts<'a>) -> Group<'a> {
    let level = match finding.code.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(finding.message.as_str()).id(finding.code.code());
    let group = Group::with_title(title).elements(pictures(finding, texts));
    match &finding.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

/// One picture for both places where they fit into one, and one for each where not.
fn pictures<'a>(finding: &'a Finding, texts: &Texts<'a>) -> Vec<Element<'a>> {
    let here = View::of(&finding.place, AnnotationKind::Primary, texts);
    let other = finding.other.as_ref();
    let other = other.and_then(|other| View::of(other, AnnotationKind::Context, texts));
    match (here, other) {
        (None, None) => Vec::new(),
        (Some(only), None) | (None, Some(only)) => vec![only.picture()],
        (Some(here), Some(other)) if here.can_join(&other) => vec![here.joined(&other)],
        (Some(here), Some(other)) => vec![here.picture(), other.picture()],
    }
}

/// A place and the line that it is in.
struct View<'a> {
    position: Position<'a>,
    label: String,
    kind: AnnotationKind,
    /// Where the line is in its file.
    line: Range<usize>,
}

impl<'a> View<'a> {
    fn of(place: &Place, kind: AnnotationKind, texts: &Texts<'a>) -> Option<Self> {
        let position = texts.position(place)?;
        let text = &position.file.text;
        let (before, after) = (text.get(..position.span.start)?, text.get(position.span.start..)?);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = after.find('\n').map_or(text.len(), |at| position.span.start + at);
        Some(Self { label: place.path.to_string(), kind, line: start..end, position })
    }

    fn is_shown(&self) -> bool {
        self.line.len() <= LINE_LIMIT
    }

    fn can_join(&self, other: &Self) -> bool {
        let is_same_file = self.position.span.file == other.position.span.file;
        is_same_file && self.is_shown() && other.is_shown()
    }

    fn picture(&self) -> Element<'a> {
        self.snippet(self.line.clone(), self.position.line).map_or_else(
            || self.origin(),
            |s| s.annotation(self.annotation(self.line.start)).into(),
        )
    }

    /// Both places in one picture of the lines from the one to the other.
    fn joined(&self, other: &Self) -> Element<'a> {
        let lines = self.line.start.min(other.line.start)..self.line.end.max(other.line.end);
        let first = self.position.line.min(other.position.line);
        let start = lines.start;
        self.snippet(lines, first).map_or_else(
            || self.origin(),
            |snippet| snippet.annotations([self.annotation(start), other.annotation(start)]).into(),
        )
    }

    fn snippet(&self, lines: Range<usize>, first: usize) -> Option<Snippet<'a, Annotation<'a>>> {
        let text = self.position.file.text.get(lines).filter(|_| self.is_shown())?;
        let path = self.position.file.shown();
        Some(Snippet::source(text).line_start(first).path(path))
    }

    /// Of a span over several lines, the first is underlined.
    fn annotation(&self, start: usize) -> Annotation<'a> {
        let span = self.position.span;
        let end = span.end.min(self.line.end).max(span.start);
        self.kind.span(span.start - start..end - start).label(self.label.clone())
    }

    /// Instead of a line that is too long: where to look.
    fn origin(&self) -> Element<'a> {
        Origin::path(format!("{} ({})", self.position.file.shown(), self.label))
            .line(self.position.line)
            .char_column(self.position.column)
            .into()
    }
}
