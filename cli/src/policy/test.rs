//! `tenantguard policy test`: tables of who may ask what, decided by the gate, and how much of the
//! policy they touch.
//!
//! `suites` reads the files and runs them, `human`, `json` and `junit` show what came of it.

mod human;
mod json;
mod junit;
mod suites;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use self::suites::Tested;
use crate::Outcome;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  tenantguard policy test policy.test.yaml
  tenantguard policy test tests/*.test.yaml --policy policy.yaml --min 90 --junit report.xml
  tenantguard policy test policy.test.yaml --filter 'alice / '

A file of tests:
  version: 1
  policy: policy.yaml                     # beside this file, unless --policy names another
  now: 2026-06-01T12:00:00Z
  principals:
    alice:  {issuer: platform, tenant: acme, roles: [editor]}
    bob:    {issuer: platform, claims: {sub: bob, tenant_id: acme}}     # as the issuer writes them
    nobody: {}
  requests:
    read:  GET /api/v1/reports/7
    write: {method: PUT, path: /api/v1/reports/7, host: api.example.com, headers: {x-a: b}}
  cases:                                  # permit, deny, or the code of a reason
    alice:  {read: permit, write: permit}
    nobody: {read: token.missing, others: deny}

Exit codes: 0 all passed, 1 some failed or --min is not reached, 2 could not run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The files of tests, or directories of them (`*.test.yaml`)
    #[arg(required = true, value_name = "TESTS")]
    files: Vec<PathBuf>,
    /// The policy to test, instead of the one that each file names
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Run only cases with this in `principal / request`; coverage is then not looked at
    #[arg(long, value_name = "TEXT", conflicts_with = "min")]
    filter: Option<String>,
    /// Fail below this coverage of routes, roles and delegations
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(..=100))]
    min: Option<u8>,
    /// For people, JSON, or JUnit XML
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write JUnit XML to this file as well
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// How the results are shown.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    #[default]
    Human,
    Json,
    Junit,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let filter = arguments.filter.as_deref();
    let mut tested = Tested::run(&arguments.files, arguments.policy.as_deref(), filter)?;
    tested.min = arguments.min.map(usize::from);
    if let Some(path) = &arguments.junit {
        let written = std::fs::write(path, junit::report(&tested)?);
        written.map_err(|source| Failure::Write { path: path.clone(), source })?;
    }
    let mut out = anstream::stdout().lock();
    match arguments.format {
        Format::Human => write!(out, "{}", human::screen(&tested))?,
        Format::Json => writeln!(out, "{}", json::value(&tested))?,
        Format::Junit => write!(out, "{}", junit::report(&tested)?)?,
    }
    Ok(if tested.is_good() { Outcome::Good } else { Outcome::Bad })
}
