//! `tenantguard policy fmt`: the canonical layout of policies.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use tenantguard_policy::layout::{LayoutError, layout};

use crate::Outcome;
use crate::failure::Failure;
use crate::files::{PolicyFile, PolicyText, is_stdin};
use crate::output::{self, styled};

const EXAMPLES: &str = "\
Fields come in the order of the language, names as they are; every comment stays with what it is
about. The meaning never changes: what is written is read again first, and compared.

Examples:
  tenantguard policy fmt policy.yaml
  tenantguard policy fmt --check policies/
  tenantguard policy fmt - < policy.yaml

Exit codes: 0 laid out, 1 with --check: would change, 2 could not run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Policies, YAML or JSON, or directories of them; `-` reads standard input and prints
    #[arg(required = true, value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// Change nothing; list what would change
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::Good;
    for path in &arguments.policies {
        let text = PolicyText::read(path)?;
        let laid_out = lay_out(&text)?;
        let changed = text.files().iter().zip(&laid_out).filter(|(file, new)| file.text != **new);
        if is_stdin(path) && !arguments.check {
            write!(anstream::stdout(), "{}", laid_out.concat())?;
            continue;
        }
        for (file, new) in changed {
            match arguments.check {
                true => outcome = Outcome::Bad,
                false => write_file(Path::new(file.shown()), new)?,
            }
            let what = if arguments.check { "would change" } else { "laid out" };
            let style = if arguments.check { output::BAD } else { output::GOOD };
            writeln!(anstream::stdout(), "{} {}", styled(style, what), file.shown())?;
        }
    }
    Ok(outcome)
}

/// Every file's new text, or why one has none; nothing is written before all are known.
fn lay_out(text: &PolicyText) -> Result<Vec<String>, Failure> {
    let file = |file: &PolicyFile| {
        layout(&file.text, file.format()).map_err(|error| match error {
            LayoutError::Findings(findings) => {
                Failure::Policy { text: Box::new(PolicyText::of_file(file)), findings }
            }
            LayoutError::Unsafe => Failure::Layout { file: file.shown().to_owned() },
        })
    };
    text.files().iter().map(file).collect()
}

/// Into another file first, so that a policy is never half written.
fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |source| Failure::Write { path: path.to_owned(), source };
    // Through a link, what it leads to is written.
    let path = std::fs::canonicalize(path).map_err(failed)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tenantguard-fmt");
    let new = path.with_file_name(name);
    let permissions = std::fs::metadata(&path).map_err(failed)?.permissions();
    std::fs::write(&new, text)
        .and_then(|()| std::fs::set_permissions(&new, permissions))
        .and_then(|()| std::fs::rename(&new, &path))
        .map_err(failed)
}
