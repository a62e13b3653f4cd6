//! `tenantguard policy render`: a policy as the filter takes it, on one line, the keys in it.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use crate::Outcome;
use crate::failure::Failure;
use crate::files::PolicyText;

const EXAMPLES: &str = "\
Examples:
  tenantguard policy render policy.yaml
  tenantguard policy render policy.yaml | jq .policy

Put what it prints into the plugin configuration, as a google.protobuf.StringValue; in Istio, as
the pluginConfig of a WasmPlugin.

Exit codes: 0 printed, 2 could not run, also because the policy has findings.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The policy, YAML or JSON; `-` reads standard input
    file: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let (_, checked) = PolicyText::read(&arguments.file)?.check()?;
    writeln!(anstream::stdout(), "{{\"policy\":{}}}", checked.canonical_json())?;
    Ok(Outcome::Good)
}
