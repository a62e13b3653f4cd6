//! `tenantguard policy ...`

mod check;
mod render;

use clap::Subcommand;

use crate::Outcome;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a policy and report everything that is wrong with it
    Check(check::Arguments),
    /// Print a policy as the filter takes it, with its keys inline
    Render(render::Arguments),
}

pub(crate) fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Render(arguments) => render::run(&arguments),
    }
}
