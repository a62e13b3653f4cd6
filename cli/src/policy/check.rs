//! `tenantguard policy check`: everything that is wrong with a policy, at once.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tenantguard_policy::{Checked, Findings};

use crate::Outcome;
use crate::failure::Failure;
use crate::files::PolicyText;
use crate::findings;
use crate::output::{self, Format, styled};

const EXAMPLES: &str = "\
Files that the policy names (`jwks_file`) are read from beside it.

Examples:
  tenantguard policy check policy.yaml
  tenantguard policy check policy.yaml --format json | jq -r '.findings[].path'

Exit codes: 0 no findings, 1 findings, 2 could not run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The policy, YAML or JSON; `-` reads standard input
    file: PathBuf,
    /// For people, or JSON lines
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    match PolicyText::read(&arguments.file)?.check() {
        Ok((text, checked)) => good(&text, &checked, arguments.format),
        Err(Failure::Policy { text, findings }) => bad(&text, &findings, arguments.format),
        Err(other) => Err(other),
    }
}

fn good(text: &PolicyText, checked: &Checked, format: Format) -> Result<Outcome, Failure> {
    let source = checked.source();
    let counts = [
        ("issuers", source.issuers.len()),
        ("tenants", source.tenants.len()),
        ("roles", source.roles.len()),
        ("permissions", checked.permission_count()),
        ("routes", source.routes.len()),
    ];
    let mut out = anstream::stdout().lock();
    match format {
        Format::Json => {
            let mut value = json!({
                "file": text.name(), "ok": true, "digest": checked.digest().to_string(), "findings": [],
            });
            if let Some(object) = value.as_object_mut() {
                object.extend(counts.map(|(name, count)| (name.to_owned(), count.into())));
            }
            writeln!(out, "{value}")?;
        }
        Format::Human => {
            let counts = counts.map(|(name, count)| match count {
                1 => format!("1 {}", name.trim_end_matches('s')),
                _ => format!("{count} {name}"),
            });
            writeln!(out, "{} {}", styled(output::GOOD, "ok"), text.name())?;
            writeln!(out, "   {}", counts.join(", "))?;
            writeln!(out, "   {}", styled(output::DIM, checked.digest()))?;
        }
    }
    Ok(Outcome::Good)
}

fn bad(text: &PolicyText, findings: &Findings, format: Format) -> Result<Outcome, Failure> {
    let mut out = anstream::stdout().lock();
    match format {
        Format::Json => {
            let findings = findings::json(text, findings);
            writeln!(out, "{}", json!({"file": text.name(), "ok": false, "findings": findings}))?;
        }
        Format::Human => {
            write!(out, "{}", findings::human(text, findings))?;
            let count = findings.iter().len();
            let plural = if count == 1 { "" } else { "s" };
            let summary = styled(output::BAD, format!("{count} finding{plural}"));
            writeln!(out, "{summary} in {}; a gate would refuse to start with it", text.name())?;
        }
    }
    Ok(Outcome::Bad)
}
