//! Pieces as YAML: two spaces a level, one after a colon, two before a comment. What was written in
//! braces stays so while it fits in a line.

use super::comments::Loose;
use super::piece::{Container, Line, Piece, Pieces, Value};

/// The longest line, without its comment, that braces are kept in.
const WIDTH: usize = 100;
const INDENT: usize = 2;

/// The whole text.
pub(super) fn text(pieces: &Pieces<'_>, loose: &Loose<'_>) -> String {
    let mut out = Out { text: String::new(), pieces };
    out.lines(&loose.header, 0);
    out.block(&pieces.root, 0, "");
    out.lines(&loose.footer, 0);
    out.text
}

struct Out<'p, 't> {
    text: String,
    pieces: &'p Pieces<'t>,
}

impl<'p, 't> Out<'p, 't> {
    /// A map or list in lines of its own. `lead` stands before its first piece in place of the
    /// indentation: the dashes of the lists that it is the first item of.
    fn block(&mut self, container: &Container, indent: usize, lead: &str) {
        let pieces = self.pieces;
        for (id, nth) in container.pieces.iter().zip(0..) {
            let Some(piece) = pieces.get(*id) else { continue };
            let lead = if nth == 0 { lead } else { "" };
            // Nothing can stand between a dash and what it leads: it goes above the dash.
            self.lines(&piece.above, indent - lead.len().min(indent));
            let mut start = format!("{lead:>indent$}");
            match &piece.key {
                Some(key) => start.push_str(&format!("{key}:")),
                None => start.push('-'),
            }
            self.piece(piece, indent, &start);
            self.lines(&piece.below, indent);
        }
    }

    /// One piece, whose first line begins with `start`.
    fn piece(&mut self, piece: &Piece<'t>, indent: usize, start: &str) {
        let container = match &piece.value {
            Value::Scalar(raw) => return self.first_line(&format!("{start} {raw}"), piece),
            Value::Container(container) => container,
        };
        let inline = || self.inline(container).map(|inline| format!("{start} {inline}"));
        let fits = |line: &String| line.chars().count() <= WIDTH;
        if container.pieces.is_empty() {
            let empty = if container.is_map { "{}" } else { "[]" };
            return self.first_line(&format!("{start} {empty}"), piece);
        }
        if let Some(line) =
            Some(()).filter(|()| container.is_flow).and_then(|()| inline()).filter(fits)
        {
            return self.first_line(&line, piece);
        }
        match piece.key {
            Some(_) => {
                self.first_line(start, piece);
                self.block(container, indent + INDENT, "");
            }
            None => {
                // The comment of an item that begins with a key is that key's.
                if let Some(comment) = piece.beside {
                    self.lines(&[Line::Comment(comment)], indent);
                }
                self.block(container, indent + INDENT, &format!("{start} "));
            }
        }
    }

    /// In braces or brackets, unless a comment is in the way.
    fn inline(&self, container: &Container) -> Option<String> {
        let mut parts = Vec::with_capacity(container.pieces.len());
        for id in &container.pieces {
            let piece = self.pieces.get(*id)?;
            if piece.beside.is_some() || !piece.above.is_empty() || !piece.below.is_empty() {
                return None;
            }
            let value = match &piece.value {
                Value::Scalar(raw) => raw.to_string(),
                Value::Container(inner) => self.inline(inner)?,
            };
            parts.push(match &piece.key {
                Some(key) => format!("{key}: {value}"),
                None => value,
            });
        }
        let parts = parts.join(", ");
        Some(if container.is_map { format!("{{{parts}}}") } else { format!("[{parts}]") })
    }

    fn first_line(&mut self, line: &str, piece: &Piece<'t>) {
        self.text.push_str(line.trim_end());
        if let Some(comment) = piece.beside {
            self.text.push_str("  ");
            self.text.push_str(comment);
        }
        self.text.push('\n');
    }

    fn lines(&mut self, lines: &[Line<'t>], indent: usize) {
        for line in lines {
            match line {
                Line::Comment(comment) => self.text.push_str(&format!("{:indent$}{comment}\n", "")),
                Line::Blank if self.text.is_empty() || self.text.ends_with("\n\n") => {}
                Line::Blank => self.text.push('\n'),
            }
        }
    }
}
