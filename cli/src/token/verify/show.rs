//! What was found out about a token, on the screen and as a line of JSON.

use std::io::Write as _;

use serde_json::{Value, json};

use super::Examined;
use crate::decide::human;
use crate::failure::Failure;
use crate::output::{self, Format, styled};

pub(super) fn show(examined: &Examined, format: Format, nth: usize) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match format {
        Format::Json => writeln!(out, "{}", line(examined))?,
        Format::Human => {
            if nth > 0 {
                writeln!(out)?;
            }
            write!(out, "{}", screen(examined))?;
        }
    }
    Ok(())
}

fn screen(examined: &Examined) -> String {
    let mut screen = match &examined.refused {
        None => format!("{}\n\n", styled(output::GOOD, "accepted")),
        Some((reason, _)) => {
            let refused = styled(output::BAD, format!("refused  {reason}"));
            format!("{refused}  {}\n\n", reason.title())
        }
    };
    // Writing to a string does not fail.
    let _ = human::checks(&mut screen, &examined.checks);
    screen
}

fn line(examined: &Examined) -> Value {
    let checks = examined.checks.iter().map(|step| {
        json!({
            "check": step.check.name(),
            "outcome": step.outcome.name().replace(' ', "_"),
            "detail": step.detail,
        })
    });
    let (reason, detail) = examined.refused.as_ref().map(|(r, d)| (r.code(), d.as_str())).unzip();
    json!({
        "accepted": examined.refused.is_none(),
        "reason": reason,
        "detail": detail,
        "issuer": examined.issuer,
        "principal": examined.principal,
        "tenant": examined.tenant,
        "checks": checks.collect::<Value>(),
    })
}
