//! `tenantguard`, the one command. Reads arguments, files and the clock; what it decides with is
//! in the core and the policy crate. One file for each verb.
//!
//! Exit codes: 0 good or permitted, 1 findings or denied, 2 could not run.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod control;
mod decide;
mod delegation;
mod failure;
mod files;
mod findings;
mod keys;
mod output;
mod partner;
mod policy;
mod revoke;
mod serve;
mod session;
mod status;
mod tenant;
mod token;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::failure::Failure;

/// How a command that ran ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No findings; permitted.
    Good,
    /// Findings; denied.
    Bad,
}

const EXAMPLES: &str = "\
Start here:
  tenantguard token keygen --private dev.key.json --public dev.jwks.json
  tenantguard policy check policy.yaml
  tenantguard token mint --key dev.key.json --policy policy.yaml --issuer platform \\
      --tenant acme --subject alice --role editor --scope reports:read > alice.jwt
  tenantguard decide --policy policy.yaml --path /api/v1/reports/7 --token - < alice.jwt

Exit codes: 0 good or permitted, 1 findings or denied, 2 could not run.";

/// A boundary between the tenants of a SaaS, enforced in Envoy.
#[derive(Debug, Parser)]
#[command(name = "tenantguard", version, after_help = EXAMPLES, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check, explain, test, compare and compile policies
    #[command(subcommand, disable_help_subcommand = true)]
    Policy(policy::Command),
    /// Verify tokens; make keys and tokens for development
    #[command(subcommand, disable_help_subcommand = true)]
    Token(token::Command),
    /// Take in a partner's identity provider
    #[command(subcommand, disable_help_subcommand = true)]
    Partner(partner::Command),
    /// Decide a request by a policy, and show why
    Decide(decide::Arguments),
    /// Run the control service
    Serve(serve::Arguments),
    /// Refuse a token, a session, a principal, a tenant or a key at every proxy
    #[command(subcommand, disable_help_subcommand = true)]
    Revoke(Box<revoke::Command>),
    /// Look after sessions
    #[command(subcommand, disable_help_subcommand = true)]
    Session(session::Command),
    /// Let tenants at each other's data, for named things and a time
    #[command(subcommand, disable_help_subcommand = true)]
    Delegation(delegation::Command),
    /// Look after the directory of tenants
    #[command(subcommand, disable_help_subcommand = true)]
    Tenant(tenant::Command),
    /// Show the feed, the store, and how far each proxy is
    Status(status::Arguments),
}

fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Policy(command) => policy::run(command),
        Command::Token(command) => token::run(command),
        Command::Partner(command) => partner::run(command),
        Command::Decide(arguments) => decide::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Revoke(command) => revoke::run(*command),
        Command::Session(command) => session::run(command),
        Command::Delegation(command) => delegation::run(command),
        Command::Tenant(command) => tenant::run(command),
        Command::Status(arguments) => status::run(arguments),
    }
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Bad) => ExitCode::from(1),
        // Whoever reads our output has seen enough, as in `tenantguard ... | head`.
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            ExitCode::from(2)
        }
    }
}
