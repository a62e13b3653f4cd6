//! `tenantguard policy check`: everything that is wrong with a policy, at once.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use tenantguard_policy::{Checked, Code, Finding, Findings, Severity};

use super::explanation;
use crate::Outcome;
use crate::failure::Failure;
use crate::files::PolicyText;
use crate::findings;
use crate::output::{self, Format, styled};

const EXAMPLES: &str = "\
An error refuses the policy, here and in a gate. A warning is about what compiles and is probably
not meant; a gate starts with it.

Examples:
  tenantguard policy check policy.yaml
  tenantguard policy check policies/ --allow broad-issuer
  tenantguard policy check policy.yaml --format json | jq -r .code
  tenantguard policy check --explain unknown-role

Exit codes: 0 no findings, 1 findings, 2 could not run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The policy: a YAML or JSON file, or a directory of them; `-` reads standard input
    #[arg(required_unless_present = "explain")]
    policy: Option<PathBuf>,
    /// For people, or one line of JSON for each finding
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Pass over the warnings with this code, or over all `warnings`
    #[arg(long, value_name = "CODE", value_parser = allowance)]
    allow: Vec<Allowance>,
    /// Print what a code means, with an example and the remedy; without one, list all codes
    #[arg(
        long,
        value_name = "CODE",
        value_parser = explainable,
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with_all = ["policy", "allow", "format"]
    )]
    explain: Option<Explainable>,
}

/// What `--allow` passes over.
#[derive(Debug, Clone, Copy)]
enum Allowance {
    Warnings,
    Code(Code),
}

/// Errors cannot be allowed: nothing runs with them.
fn allowance(text: &str) -> Result<Allowance, String> {
    match Code::find(text) {
        _ if text == "warnings" => Ok(Allowance::Warnings),
        Some(code) if code.severity() == Severity::Warning => Ok(Allowance::Code(code)),
        Some(_) => Err("it is an error, and nothing runs with those".to_owned()),
        None => Err("there is no such code; `policy check --explain` lists them".to_owned()),
    }
}

/// What `--explain` prints.
#[derive(Debug, Clone, Copy)]
enum Explainable {
    List,
    Code(Code),
}

fn explainable(text: &str) -> Result<Explainable, String> {
    match Code::find(text) {
        _ if text.is_empty() => Ok(Explainable::List),
        Some(code) => Ok(Explainable::Code(code)),
        None => Err("there is no such code; `--explain` alone lists them".to_owned()),
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    if let Some(explain) = arguments.explain {
        let screen = match explain {
            Explainable::List => explanation::list(),
            Explainable::Code(code) => explanation::screen(code),
        };
        write!(anstream::stdout(), "{screen}")?;
        return Ok(Outcome::Good);
    }
    let Some(path) = &arguments.policy else { return Ok(Outcome::Good) };
    let text = PolicyText::read(path)?;
    let review = text.review();
    // What the checks let through must also fit the artifact.
    let refused = review.checked.as_ref().and_then(|checked| checked.compile().err());
    let findings = refused.unwrap_or(review.findings).without(&allowed(&arguments.allow));
    match arguments.format {
        Format::Json => json(&text, &findings)?,
        Format::Human => human(&text, &findings, review.checked.as_ref())?,
    }
    Ok(if findings.is_empty() { Outcome::Good } else { Outcome::Bad })
}

fn allowed(allowances: &[Allowance]) -> Vec<Code> {
    let codes = |allowance: &Allowance| match allowance {
        Allowance::Warnings => Code::ALL.to_vec(),
        Allowance::Code(code) => vec![*code],
    };
    allowances.iter().flat_map(codes).collect()
}

fn json(text: &PolicyText, findings: &Findings) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    for finding in findings::json(text, findings) {
        writeln!(out, "{finding}")?;
    }
    Ok(())
}

fn human(text: &PolicyText, findings: &Findings, checked: Option<&Checked>) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    write!(out, "{}", findings::human(text, findings))?;
    let name = text.name();
    let is_error = |finding: &&Finding| finding.code.severity() == Severity::Error;
    if let Some(first) = findings.iter().find(is_error).or(findings.iter().next()) {
        let end = match checked {
            Some(_) => "a gate would start with it",
            None => "a gate would refuse to start with it",
        };
        writeln!(out, "{} in {name}; {end}", findings::summary(findings))?;
        let hint = format!("tenantguard policy check --explain {}", first.code);
        writeln!(out, "{}", styled(output::DIM, format!("`{hint}` says more")))?;
        return Ok(());
    }
    let Some(checked) = checked else { return Ok(()) };
    writeln!(out, "{} {name}", styled(output::GOOD, "ok"))?;
    writeln!(out, "   {}", counts(checked))?;
    writeln!(out, "   {}", styled(output::DIM, checked.digest()))?;
    Ok(())
}

fn counts(checked: &Checked) -> String {
    let source = checked.source();
    let counts = [
        ("issuers", source.issuers.len()),
        ("tenants", source.tenants.len()),
        ("roles", source.roles.len()),
        ("permissions", checked.permission_count()),
        ("routes", source.routes.len()),
        ("delegations", source.delegations.len()),
    ];
    let shown = counts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| match count {
        1 => format!("1 {}", name.trim_end_matches('s')),
        _ => format!("{count} {name}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}
