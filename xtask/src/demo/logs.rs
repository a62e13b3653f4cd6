//! Some of the access-log lines that the demo's requests left: Envoy's own bytes, broken only
//! between the fields of the JSON, so that they stay JSON and fit a terminal.

use std::fmt::Write as _;

use anyhow::Result;

use super::table::Row;
use super::world::World;
use crate::style::Style;

const WIDTH: usize = 116;

/// The requests whose lines are shown, by reason: the first of each.
const SHOWN: [&str; 3] = ["permit", "delegation.none", "token.signature"];

pub(super) fn render(world: &World, rows: &[Row], style: Style) -> Result<String> {
    // The last request's record is there; usage events come in the same write as their records.
    let bytes = world.access_log().bytes()?;
    let log = String::from_utf8_lossy(&bytes);
    let mut text = String::new();
    let _ = writeln!(
        text,
        "\n{}",
        style.strong(&format!("The access log has {} lines; some of them:", log.lines().count()))
    );
    for reason in SHOWN {
        let Some(row) = rows.iter().find(|row| row.reason == reason) else { continue };
        let _ = writeln!(text, "\n{}", style.strong(&format!("{}, {}", row.request, row.who)));
        for line in log.lines().filter(|line| line.contains(&row.audit_id)) {
            for part in broken(line) {
                let _ = writeln!(text, "{part}");
            }
        }
    }
    text.push('\n');
    Ok(text)
}

/// One line of JSON as several of at most [`WIDTH`] columns, broken after commas between fields.
fn broken(line: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut field = String::new();
    let (mut in_string, mut escaped) = (false, false);
    let mut finish = |field: &mut String| {
        let fits = |part: &String| part.chars().count() + field.chars().count() <= WIDTH;
        match parts.last_mut().filter(|part| fits(part)) {
            Some(part) => part.push_str(field),
            None => parts.push(format!("{}{field}", if parts.is_empty() { "" } else { "  " })),
        }
        field.clear();
    };
    for c in line.chars() {
        field.push(c);
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            ',' if !in_string => finish(&mut field),
            _ => {}
        }
    }
    finish(&mut field);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_line_is_the_same_json() {
        let value = serde_json::json!({
            "a": "x,y\"},{".repeat(30), "b": [1, 2, 3], "c": {"d": "e,\\", "f": null},
            "g": "a long enough text to need another line of the terminal, with a comma in it",
        });
        let parts = broken(&value.to_string());
        assert!(parts.len() > 2, "{parts:?}");
        let again: serde_json::Value = serde_json::from_str(&parts.join("\n")).unwrap();
        assert_eq!(again, value);
    }
}
