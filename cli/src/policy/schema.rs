//! `tenantguard policy schema`: the JSON Schema of the policy language.

use std::io::Write as _;

use clap::Args;

use crate::Outcome;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  tenantguard policy schema > policy.schema.json

An editor completes a policy and checks it as it is written when told the schema. With the YAML
language server, as VS Code has it, the policy's first line does that:
  # yaml-language-server: $schema=policy.schema.json
In a policy of JSON:
  editor settings that map *.policy.json to the schema; a policy itself has no field for it

Exit codes: 0 printed, 2 could not run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> Result<Outcome, Failure> {
    write!(anstream::stdout(), "{}", tenantguard_policy::schema::json())?;
    Ok(Outcome::Good)
}
