//! The canonical layout of a policy's text: fields in the order of the language, two spaces a level,
//! every comment where it belongs. Never changes what the text means: what comes out is read again
//! and compared before it is given out.
//!
//! `piece` takes a text apart, `comments` gives each comment its piece, `order` says where keys
//! stand, `yaml` and `json` write it down.

mod comments;
mod json;
mod order;
mod piece;
mod yaml;

use self::piece::Pieces;
use crate::place::FileId;
use crate::report::Report;
use crate::tree::Node;
use crate::{Findings, Format, SourceFile, load};

/// Why a text keeps its layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// It cannot be parsed, or hides things from its reader.
    #[error("{0}")]
    Findings(Findings),
    /// It would not be certain to mean the same.
    #[error("it has something that cannot be laid out safely; it is left as it is")]
    Unsafe,
}

/// The text in its canonical layout. A text that is no map, such as one of comments alone, stays as
/// it is.
///
/// # Errors
/// [`LayoutError`] says why it cannot be laid out.
pub fn layout(text: &str, format: Format) -> Result<String, LayoutError> {
    let (Some(once), before) = lay_out(text, format)? else { return Ok(text.to_owned()) };
    let (twice, after) = lay_out(&once, format).map_err(|_| LayoutError::Unsafe)?;
    match before == after && twice.as_ref() == Some(&once) {
        true => Ok(once),
        false => Err(LayoutError::Unsafe),
    }
}

/// What a layout must not change: the values, and the comments in any order.
#[derive(PartialEq)]
struct Meaning {
    value: serde_json::Value,
    comments: Vec<String>,
}

fn lay_out(text: &str, format: Format) -> Result<(Option<String>, Meaning), LayoutError> {
    let tree = parse(text, format)?;
    let mut meaning = Meaning { value: tree.to_json(), comments: Vec::new() };
    let Some(mut pieces) = Pieces::of(text, &tree) else { return Ok((None, meaning)) };
    let written = match format {
        Format::Json => {
            pieces.sort();
            json::text(&pieces)
        }
        Format::Yaml => {
            meaning.comments =
                comments::texts(text, &pieces).into_iter().map(str::to_owned).collect();
            meaning.comments.sort();
            let loose = comments::attach(text, &mut pieces);
            pieces.sort();
            yaml::text(&pieces, &loose)
        }
    };
    Ok((Some(written), meaning))
}

fn parse(text: &str, format: Format) -> Result<Node, LayoutError> {
    let mut report = Report::new();
    let tree = load::parse(&SourceFile { name: "policy", text, format }, FileId(0), &mut report);
    report.conclude(tree).map_err(LayoutError::Findings)
}

#[cfg(test)]
mod tests;
