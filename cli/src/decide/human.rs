//! A decision on the screen.

use std::fmt::{Result, Write as _};

use anstyle::Style;
use tenantguard::decision::Reason;
use tenantguard::gate::Response;
use tenantguard::headers::HeaderChanges;
use tenantguard_policy::explain::{CheckOutcome, CheckStep, Decided};

use crate::output::{BAD, BOLD, DIM, GOOD, WARNING, bytes_human, styled};

/// The id of a request that is only asked about.
const NO_ID: &[u8] = b"00000000000000000000000000000000";

pub(super) fn screen(decided: &Decided<'_>) -> String {
    let mut screen = String::new();
    // Writing to a string cannot fail.
    let _ = draw(&mut screen, decided);
    screen
}

fn draw(screen: &mut String, decided: &Decided<'_>) -> Result {
    writeln!(screen, "{}\n", headline(decided))?;
    checks(screen, &decided.steps())?;
    if let Some(changes) = decided.changes() {
        upstream(screen, changes)?;
    }
    if decided.is_shadowed() {
        shadow(screen, decided)?;
    }
    match decided.response() {
        Some(answer) => response(screen, answer),
        None => Ok(()),
    }
}

/// The decision, its code and status, and what they mean.
pub(crate) fn headline(decided: &Decided<'_>) -> String {
    let reason = decided.reason();
    let (word, style) = match (decided.is_permitted(), decided.is_shadowed()) {
        (true, false) => ("permit", GOOD),
        (true, true) => ("would permit", GOOD),
        (false, false) => ("deny", BAD),
        (false, true) => ("would deny", BAD),
    };
    let status = match decided.is_permitted() {
        true => String::new(),
        false => format!("  {}", reason.status()),
    };
    // The code of a plain permit only says `permit` again.
    let code = match reason == Reason::Permit {
        true => String::new(),
        false => format!("  {}", styled(BOLD, reason.code())),
    };
    format!("{}{code}{status}  {}", styled(style, word), styled(DIM, reason.title()))
}

/// The checks that were made, a line each; those that were not share one.
pub(crate) fn checks(screen: &mut String, steps: &[CheckStep]) -> Result {
    let made =
        |step: &&CheckStep| matches!(step.outcome, CheckOutcome::Passed | CheckOutcome::Refused);
    for step in steps.iter().filter(made) {
        writeln!(screen, "{}", step_line(step))?;
    }
    let rest: Vec<&CheckStep> = steps.iter().filter(|step| !made(step)).collect();
    let Some(first) = rest.first() else { return Ok(()) };
    let names: Vec<&str> = rest.iter().map(|step| step.check.name()).collect();
    let line = format!("- {}: {}", first.outcome.name(), names.join(", "));
    writeln!(screen, "  {}", styled(DIM, line))
}

fn step_line(step: &CheckStep) -> String {
    let (mark, style, text) = match step.outcome {
        CheckOutcome::Refused => ("x", BAD, BAD),
        _ => ("+", GOOD, Style::new()),
    };
    let detail = step.detail.as_deref().unwrap_or_else(|| step.outcome.name());
    let detail = bytes_human(detail.as_bytes());
    let name = format!("{:<10}", step.check.name());
    format!("  {} {}  {}", styled(style, mark), styled(text, name), styled(text, detail))
}

fn upstream(screen: &mut String, changes: &HeaderChanges) -> Result {
    section(screen, "The upstream sees")?;
    for (name, value) in &changes.set {
        match value.as_bytes() == NO_ID {
            true => header(screen, name, &styled(DIM, "(made anew at every hop)"))?,
            false => header(screen, name, &bytes_human(value.as_bytes()))?,
        }
    }
    if changes.remove.is_empty() {
        return Ok(());
    }
    let sent: Vec<String> = changes.remove.iter().map(|n| bytes_human(n.as_bytes())).collect();
    writeln!(screen, "  {} {}", styled(WARNING, "dropped, as the client sent it:"), sent.join(", "))
}

fn shadow(screen: &mut String, decided: &Decided<'_>) -> Result {
    section(screen, "Shadow: the request goes on as it came")?;
    match decided.differs() {
        [] => writeln!(screen, "  its identity headers, if any, are what would have been set"),
        names => writeln!(screen, "  it has other than would have been set: {}", names.join(", ")),
    }
}

fn response(screen: &mut String, response: &Response) -> Result {
    section(screen, "The client gets")?;
    match response {
        Response::Http { status, headers, body } => {
            writeln!(screen, "  HTTP {status}")?;
            response_headers(screen, headers)?;
            writeln!(screen, "  {}", bytes_human(body))
        }
        Response::Grpc { status, message, headers } => {
            writeln!(screen, "  HTTP 200, grpc-status {status}, grpc-message {message}")?;
            response_headers(screen, headers)
        }
    }
}

fn response_headers(screen: &mut String, headers: &[(String, String)]) -> Result {
    headers.iter().try_for_each(|(name, value)| match value.as_bytes() == NO_ID {
        true => header(screen, name, &styled(DIM, "(made anew at every hop)")),
        false => header(screen, name, value),
    })
}

fn section(screen: &mut String, title: &str) -> Result {
    writeln!(screen, "\n{}", styled(BOLD, title))
}

fn header(screen: &mut String, name: &str, value: &str) -> Result {
    writeln!(screen, "  {}: {value}", styled(DIM, name))
}
