//! Pieces as JSON: two spaces a level; below the sections, what fits in a line is in one.

use super::piece::{Container, Pieces, Value};

const WIDTH: usize = 100;
const INDENT: usize = 2;
/// Down to this level, containers take lines of their own: the policy, and its sections.
const OPEN_LEVELS: usize = 2;

/// The whole text.
pub(super) fn text(pieces: &Pieces<'_>) -> String {
    let mut out = String::new();
    container(pieces, &pieces.root, 0, &mut out);
    out.push('\n');
    out
}

fn container(pieces: &Pieces<'_>, container: &Container, level: usize, out: &mut String) {
    let column = out.len() - out.rfind('\n').map_or(0, |at| at + 1);
    let inline = inline(pieces, container);
    let fits = column + inline.chars().count() <= WIDTH && level >= OPEN_LEVELS;
    if fits || container.pieces.is_empty() {
        out.push_str(&inline);
        return;
    }
    let (open, close) = brackets(container);
    out.push(open);
    for (id, nth) in container.pieces.iter().zip(0..) {
        let Some(piece) = pieces.get(*id) else { continue };
        out.push_str(if nth == 0 { "\n" } else { ",\n" });
        out.extend(std::iter::repeat_n(' ', (level + 1) * INDENT));
        if let Some(key) = &piece.key {
            out.push_str(&format!("{key}: "));
        }
        match &piece.value {
            Value::Scalar(raw) => out.push_str(raw),
            Value::Container(inner) => self::container(pieces, inner, level + 1, out),
        }
    }
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', level * INDENT));
    out.push(close);
}

fn inline(pieces: &Pieces<'_>, container: &Container) -> String {
    let (open, close) = brackets(container);
    let mut out = String::from(open);
    for (id, nth) in container.pieces.iter().zip(0..) {
        let Some(piece) = pieces.get(*id) else { continue };
        if nth > 0 {
            out.push_str(", ");
        }
        if let Some(key) = &piece.key {
            out.push_str(&format!("{key}: "));
        }
        match &piece.value {
            Value::Scalar(raw) => out.push_str(raw),
            Value::Container(inner) => out.push_str(&inline(pieces, inner)),
        }
    }
    out.push(close);
    out
}

fn brackets(container: &Container) -> (char, char) {
    if container.is_map { ('{', '}') } else { ('[', ']') }
}
