//! The project's own commands, each of which sets up what it needs on a fresh machine:
//! `cargo xtask test`, `demo`, `bench`, `build`.

mod bench;
mod build;
mod callbacks;
mod demo;
mod setup;
mod steps;
mod style;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "TenantGuard's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check everything: format, lints, unit tests, the corpus natively, under Node and in Envoy
    Test {
        /// Also run what takes minutes
        #[arg(long)]
        long: bool,
    },
    /// Show a real Envoy deciding requests of three tenants
    Demo {
        /// Leave Envoy and the upstreams running, and print curl lines to try
        #[arg(long)]
        keep: bool,
    },
    /// Measure
    Bench {
        #[command(subcommand)]
        what: Bench,
    },
    /// Build the Envoy filter
    Build,
}

#[derive(Subcommand)]
enum Bench {
    /// Compare the filter side by side with Envoy's native ones, in one Envoy
    Envoy {
        /// Passed on to bench-envoy; `-- --help` lists what there is
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Compare a decision with Cedar's and regorus's, on one policy
    Policy {
        /// Passed on to Criterion, which then runs alone; `-- --help` lists what there is
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure a proxy's copy of a million revocations, natively and as wasm in Node's V8
    Replica,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test { long } => test::run_tests(long),
        Command::Demo { keep } => demo::run(keep),
        Command::Bench { what: Bench::Envoy { arguments } } => bench::envoy(&arguments),
        Command::Bench { what: Bench::Policy { arguments } } => bench::policy(&arguments),
        Command::Bench { what: Bench::Replica } => bench::replica(),
        Command::Build => build::run_command(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{} {error:#}", style::stderr().bad("error:"));
            ExitCode::FAILURE
        }
    }
}
