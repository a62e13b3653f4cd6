//! `tenantguard partner ...`: taking in the identity provider of a partner.
//!
//! `discovery` reads what the provider says of itself, `keys` pins its keys, `registration` makes
//! us its client, `fragment` is what comes out for the policy. `http` asks, `error` says what went
//! wrong.

mod discovery;
mod error;
mod fragment;
mod http;
mod keys;
mod onboard;
mod registration;

use clap::Subcommand;

pub(crate) use self::error::PartnerError;
use crate::Outcome;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register with a partner's identity provider, pin its keys, and print what the policy needs
    Onboard(Box<onboard::Arguments>),
}

pub(crate) fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Onboard(arguments) => onboard::run(&arguments),
    }
}
