//! `tenantguard policy ...`

mod check;
mod compile;
mod compiled;
mod diff;
mod explain;
mod explanation;
mod fmt;
mod inspect;
mod lists;
mod loaded;
mod reach;
mod render;
mod schema;
mod test;

use clap::Subcommand;

use crate::Outcome;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a policy and report everything that is wrong with it
    Check(check::Arguments),
    /// Compile a policy to what a gate reads in place, and sign it
    Compile(compile::Arguments),
    /// Show how the meaning of a policy differs from another's
    Diff(diff::Arguments),
    /// Explain a decision: each check, and the lines of the policy that settle it
    Explain(Box<explain::Arguments>),
    /// Lay policies out canonically, with their comments
    Fmt(fmt::Arguments),
    /// Look into a compiled policy, and check that it is whole and whose
    Inspect(inspect::Arguments),
    /// List who can reach whom through what, and hold it against a baseline
    Reach(reach::Arguments),
    /// Print a policy as the filter takes it, with its keys inline
    Render(render::Arguments),
    /// Print the JSON Schema of the policy language, for editors
    Schema(schema::Arguments),
    /// Run tables of tests against a policy, and see what of it they touch
    Test(test::Arguments),
}

pub(crate) fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Compile(arguments) => compile::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Explain(arguments) => explain::run(*arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Reach(arguments) => reach::run(&arguments),
        Command::Render(arguments) => render::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
    }
}
