//! Tokens as they are asked about: one from the arguments, or one a line.

use std::path::Path;

use serde::Deserialize;

use crate::decide::Moment;
use crate::failure::Failure;
use crate::files::read_text;

/// A token, and when it is looked at, if it says so itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) token: String,
    pub(super) at: Option<Moment>,
}

pub(super) fn tokens(argument: &str) -> Result<Vec<Asked>, Failure> {
    if argument != "-" {
        return Ok(vec![Asked { token: argument.to_owned(), at: None }]);
    }
    let text = read_text(Path::new("-"))?;
    let lines = text.lines().zip(1..).map(|(line, number)| (line.trim(), number));
    let tokens: Vec<Asked> = lines
        .filter(|(line, _)| !line.is_empty())
        .map(|(line, number)| token(line).map_err(|reason| Failure::Token { number, reason }))
        .collect::<Result<_, _>>()?;
    match tokens.is_empty() {
        true => Err(Failure::Token { number: 1, reason: "there is none".to_owned() }),
        false => Ok(tokens),
    }
}

/// No token begins with a brace or a quotation mark.
fn token(line: &str) -> Result<Asked, String> {
    let parsed = match line.as_bytes().first() {
        Some(b'{') => serde_json::from_str(line),
        Some(b'"') => serde_json::from_str(line).map(|token| Asked { token, at: None }),
        _ => Ok(Asked { token: line.to_owned(), at: None }),
    };
    parsed.map_err(|error| error.to_string())
}
