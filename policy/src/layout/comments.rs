//! The comments of a YAML text, and which piece each belongs to (YAML 1.2.2, section 6.6): a comment
//! in a line with a piece stands beside it; others stand above what follows, or below what they are
//! indented like.

use super::piece::{Line, PieceId, Pieces};

/// Comments that belong to no piece.
#[derive(Debug, Default)]
pub(super) struct Loose<'t> {
    /// Before the first piece: it stays there, whatever comes first.
    pub(super) header: Vec<Line<'t>>,
    /// After the last one.
    pub(super) footer: Vec<Line<'t>>,
}

/// A comment, and where it is.
struct Comment<'t> {
    start: usize,
    text: &'t str,
    /// The beginning of its line.
    line: usize,
}

/// Every comment, as it is written.
pub(super) fn texts<'t>(text: &'t str, pieces: &Pieces<'t>) -> Vec<&'t str> {
    find(text, pieces).into_iter().map(|comment| comment.text).collect()
}

fn find<'t>(text: &'t str, pieces: &Pieces<'t>) -> Vec<Comment<'t>> {
    let mut line = 0;
    let mut found = Vec::new();
    for content in text.split_inclusive('\n') {
        let is_comment = |at: usize| {
            let is_after_space = content.get(..at).is_some_and(|before| {
                before.is_empty() || before.ends_with([' ', '\t', '\u{feff}'])
            });
            is_after_space && !is_in_scalar(pieces, line + at)
        };
        let start = content.match_indices('#').map(|(at, _)| at).find(|at| is_comment(*at));
        if let Some(text) = start.and_then(|start| content.get(start..)) {
            let start = line + content.len() - text.len();
            found.push(Comment { start, text: text.trim_end(), line });
        }
        line += content.len();
    }
    found
}

fn is_in_scalar(pieces: &Pieces<'_>, at: usize) -> bool {
    let before = pieces.scalars.partition_point(|range| range.start <= at);
    let last = before.checked_sub(1).and_then(|last| pieces.scalars.get(last));
    last.is_some_and(|range| range.contains(&at))
}

/// Gives every comment and blank line its place.
pub(super) fn attach<'t>(text: &'t str, pieces: &mut Pieces<'t>) -> Loose<'t> {
    let mut loose = Loose::default();
    for comment in find(text, pieces) {
        let next = pieces.all().partition_point(|piece| piece.start < comment.start);
        let before = text.get(comment.line..comment.start).unwrap_or_default();
        match beside(pieces, &comment, next) {
            Some(id) => put_beside(pieces, id, comment.text),
            None if is_indent(before) => above_or_below(text, pieces, &comment, next, &mut loose),
            // In the last line of something longer.
            None => {
                let id = deepest_block(pieces, next);
                put(pieces.get_mut(id).map(|piece| &mut piece.below), false, comment.text);
            }
        }
    }
    if !loose.header.is_empty() {
        loose.header.push(Line::Blank);
    }
    blank_lines(text, pieces);
    loose
}

/// White space, and the dashes of a list whose item stands in the next line.
fn is_indent(before: &str) -> bool {
    before.trim_start_matches('\u{feff}').bytes().all(|b| matches!(b, b' ' | b'\t' | b'-'))
}

/// The piece that begins in the comment's line: the innermost one outside of braces, or the
/// outermost one within.
fn beside(pieces: &Pieces<'_>, comment: &Comment<'_>, next: PieceId) -> Option<PieceId> {
    let first = pieces.all().partition_point(|piece| piece.start < comment.line);
    let mut in_line = first..next;
    let is_block = |id: &PieceId| pieces.get(*id).is_some_and(|piece| !piece.in_flow);
    in_line.clone().rev().find(is_block).or_else(|| in_line.next())
}

fn put_beside<'t>(pieces: &mut Pieces<'t>, id: PieceId, comment: &'t str) {
    let Some(piece) = pieces.get_mut(id) else { return };
    match piece.beside {
        None => piece.beside = Some(comment),
        Some(_) => piece.above.push(Line::Comment(comment)),
    }
}

fn put<'t>(to: Option<&mut Vec<Line<'t>>>, after_blank: bool, comment: &'t str) {
    let Some(to) = to else { return };
    if after_blank {
        to.push(Line::Blank);
    }
    to.push(Line::Comment(comment));
}

fn above_or_below<'t>(
    text: &'t str,
    pieces: &mut Pieces<'t>,
    comment: &Comment<'t>,
    next: PieceId,
    loose: &mut Loose<'t>,
) {
    let after_blank = next > 0 && is_blank_before(text, comment.line);
    if next == 0 && is_header(text, pieces, comment) {
        let after_blank = !loose.header.is_empty() && is_blank_before(text, comment.line);
        put(Some(&mut loose.header), after_blank, comment.text);
        return;
    }
    let column = comment.start - comment.line;
    let next_column = pieces.get(next).map_or(0, |piece| column_of(text, piece.start));
    let is_in_flow = pieces.get(next).is_some_and(|piece| piece.in_flow);
    if column > next_column && !is_in_flow {
        let like = (0..next).rev().filter(|id| pieces.get(*id).is_some_and(|p| !p.in_flow));
        let mut like = like.take_while(|id| {
            pieces.get(*id).is_some_and(|piece| column_of(text, piece.start) > next_column)
        });
        let fits = |id: &PieceId| {
            pieces.get(*id).is_some_and(|piece| column_of(text, piece.start) <= column)
        };
        if let Some(id) = like.find(fits) {
            put(pieces.get_mut(id).map(|piece| &mut piece.below), after_blank, comment.text);
            return;
        }
    }
    match pieces.get_mut(next) {
        Some(piece) => put(Some(&mut piece.above), after_blank, comment.text),
        None => put(Some(&mut loose.footer), after_blank, comment.text),
    }
}

/// Whether there is a blank line between a comment and the first piece.
fn is_header(text: &str, pieces: &Pieces<'_>, comment: &Comment<'_>) -> bool {
    let first = pieces.get(0).map_or(text.len(), |piece| piece.start);
    let between = text.get(comment.start..first).unwrap_or_default();
    let mut lines = between.split_inclusive('\n').skip(1);
    lines.any(|line| line.ends_with('\n') && line.trim().is_empty())
}

/// The last piece before `next` that stands outside of braces.
fn deepest_block(pieces: &Pieces<'_>, next: PieceId) -> PieceId {
    let is_block = |id: &PieceId| pieces.get(*id).is_some_and(|piece| !piece.in_flow);
    (0..next).rev().find(is_block).unwrap_or(0)
}

/// Keeps one blank line above a piece that had some.
fn blank_lines(text: &str, pieces: &mut Pieces<'_>) {
    let mut last_line = None;
    for id in 0..pieces.all().len() {
        let Some(piece) = pieces.get_mut(id).filter(|piece| !piece.in_flow) else { continue };
        let line = line_start(text, piece.start);
        let is_first_in_line = last_line.replace(line) != Some(line);
        if id > 0 && is_first_in_line && is_blank_before(text, line) {
            piece.above.push(Line::Blank);
        }
    }
}

fn is_blank_before(text: &str, line: usize) -> bool {
    let before = text.get(..line).unwrap_or_default();
    let Some(before) = before.strip_suffix('\n') else { return false };
    before.rsplit('\n').next().is_some_and(|line| line.trim().is_empty())
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
}

/// The column of a piece, or of the dash before it.
fn column_of(text: &str, start: usize) -> usize {
    let line = line_start(text, start);
    let before = text.get(line..start).unwrap_or_default();
    let indent = before.len() - before.trim_start_matches(' ').len();
    match before.trim_start_matches(' ').starts_with('-') {
        true => indent,
        false => start - line,
    }
}
