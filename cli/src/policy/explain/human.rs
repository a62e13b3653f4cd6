//! An explanation on the screen.

use std::fmt::{Result, Write as _};

use tenantguard_policy::explain::{CheckOutcome, ExplainedCheck, Rule};

use super::super::loaded::Loaded;
use super::Explained;
use crate::decide::human::headline;
use crate::output::{BAD, DIM, GOOD, HINT, bytes_human, styled};

/// Where the rules of a check begin: under its detail.
const INDENT: &str = "                ";

pub(super) fn screen(explained: &Explained<'_>) -> String {
    let mut screen = String::new();
    // Writing to a string cannot fail.
    let _ = draw(&mut screen, explained);
    screen
}

fn draw(screen: &mut String, explained: &Explained<'_>) -> Result {
    let Explained { decided, explanation, loaded, notes, .. } = explained;
    writeln!(screen, "{}\n", headline(decided))?;
    let is_made = |check: &&ExplainedCheck| {
        !matches!(check.outcome, CheckOutcome::NotNeeded | CheckOutcome::NotReached)
    };
    explanation.checks.iter().filter(is_made).try_for_each(|c| draw_check(screen, c, loaded))?;
    // What is not made comes last, and shares a line.
    let rest: Vec<_> = explanation.checks.iter().filter(|check| !is_made(check)).collect();
    if let Some(first) = rest.first() {
        let names: Vec<&str> = rest.iter().map(|check| check.name).collect();
        let line = format!("- {}: {}", first.outcome.name(), names.join(", "));
        writeln!(screen, "  {}", styled(DIM, line))?;
    }
    if let Some((first, further)) = notes.split_first() {
        writeln!(screen, "\n{} {first}", styled(HINT, "assumed:"))?;
        further.iter().try_for_each(|note| writeln!(screen, "         {note}"))?;
    }
    Ok(())
}

fn draw_check(screen: &mut String, check: &ExplainedCheck, loaded: &Loaded) -> Result {
    let name = format!("{:<10}", check.name);
    let detail = check.detail.as_deref().map(|detail| bytes_human(detail.as_bytes()));
    match check.outcome {
        CheckOutcome::Passed => {
            let detail = detail.unwrap_or_default();
            writeln!(screen, "  {} {name}  {detail}", styled(GOOD, "+"))?;
        }
        CheckOutcome::Refused => {
            let detail = styled(BAD, detail.unwrap_or_default());
            writeln!(screen, "  {} {}  {detail}", styled(BAD, "x"), styled(BAD, name))?;
        }
        outcome => {
            let detail = detail.map_or_else(String::new, |detail| format!(": {detail}"));
            writeln!(screen, "  {}", styled(DIM, format!("- {name}  {}{detail}", outcome.name())))?;
        }
    }
    check.rules.iter().try_for_each(|rule| draw_rule(screen, "", rule, loaded))?;
    check.needs.iter().enumerate().try_for_each(|(nth, rule)| {
        let lead = if nth == 0 { "needed: " } else { "        " };
        draw_rule(screen, lead, rule, loaded)
    })
}

fn draw_rule(screen: &mut String, lead: &str, rule: &Rule, loaded: &Loaded) -> Result {
    let text = bytes_human(rule.text.as_bytes());
    write!(screen, "{INDENT}{}{text}", styled(HINT, lead))?;
    match rule.place.as_ref().and_then(|place| loaded.line(place)) {
        Some(line) => writeln!(screen, "  {}", styled(DIM, line)),
        None => writeln!(screen),
    }
}

/// One check and its rules, for a screen that shows more than one decision.
pub(in crate::policy) fn lines(check: &ExplainedCheck, loaded: &Loaded) -> String {
    let mut screen = String::new();
    // Writing to a string cannot fail.
    let _ = draw_check(&mut screen, check, loaded);
    screen
}
