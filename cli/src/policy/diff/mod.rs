//! `tenantguard policy diff`: how the meaning of a policy differs from that of another.

mod human;

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use tenantguard_policy::diff::Diff;

use super::compiled::Compiled;
use crate::Outcome;
use crate::failure::Failure;
use crate::files::is_stdin;
use crate::output::Format;

const EXAMPLES: &str = "\
What a change does, not what it looks like: reformatting, reordering and renaming a parameter are
no change.

Examples:
  tenantguard policy diff old.yaml new.yaml
  git show main:policy.yaml | tenantguard policy diff - policy.yaml
  tenantguard policy diff deployed.tgpolicy policy/ --format json | jq .pairs

Exit codes: 0 the same meaning, 1 another meaning, 2 could not run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The old policy: a file, a directory, or a compiled policy
    old: PathBuf,
    /// The new one
    new: PathBuf,
    /// For people, or one line of JSON
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let Arguments { old, new, format } = arguments;
    if is_stdin(old) && is_stdin(new) {
        return Err(Failure::StdinTwice("OLD and NEW"));
    }
    let (old, new) = (Compiled::read(old)?, Compiled::read(new)?);
    let diff = Diff::between(&old.policy, &new.policy);
    let mut out = anstream::stdout().lock();
    match format {
        Format::Json => {
            let mut value = serde_json::to_value(&diff).unwrap_or_default();
            if let Some(object) = value.as_object_mut() {
                object.insert("same".to_owned(), diff.is_empty().into());
            }
            writeln!(out, "{value}")?;
        }
        Format::Human => write!(out, "{}", human::screen(&old.name, &new.name, &diff))?,
    }
    Ok(if diff.is_empty() { Outcome::Good } else { Outcome::Bad })
}
