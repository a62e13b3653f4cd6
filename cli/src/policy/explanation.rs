//! The explanation of a code on the screen: its Markdown with titles in the place of fences.

use tenantguard_policy::{Code, Severity};

use crate::output::{self, styled};

/// Every code with the first sentence of its explanation.
pub(super) fn list() -> String {
    let line = |code: &Code| {
        let text = code.explanation().split("\n\n").next().unwrap_or_default().replace('\n', " ");
        let sentence = text.split_inclusive(". ").next().unwrap_or_default().trim_end();
        format!("{:<24} {}  {sentence}\n", code.code(), severity(*code))
    };
    Code::ALL.iter().map(line).collect()
}

fn severity(code: Code) -> String {
    match code.severity() {
        Severity::Error => styled(output::BAD, "error  "),
        Severity::Warning => styled(output::WARNING, "warning"),
    }
}

/// The whole explanation.
pub(super) fn screen(code: Code) -> String {
    let mut screen = format!("{} {}\n\n", severity(code), styled(output::BOLD, code));
    let mut is_example = false;
    for line in code.explanation().lines() {
        let shown = match line.strip_prefix("```") {
            Some(fence) => {
                is_example = !fence.is_empty();
                match fence.rsplit(' ').next() {
                    Some("wrong") => format!("{}\n", styled(output::BAD, "wrong")),
                    Some("right") => format!("{}\n", styled(output::GOOD, "right")),
                    _ => continue,
                }
            }
            None if is_example => format!("    {line}"),
            None => line.to_owned(),
        };
        screen.push_str(&shown);
        screen.push('\n');
    }
    screen
}
