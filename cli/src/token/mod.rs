//! `tenantguard token ...`: what it makes itself is for development only, and it says so then.

mod exchange;
mod keygen;
mod mint;
mod verify;

use clap::Subcommand;

pub(crate) use self::keygen::write_private;
use crate::Outcome;
use crate::failure::Failure;
use crate::output::{self, styled};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a random key pair for development
    Keygen(keygen::Arguments),
    /// Sign a token with a development key
    Mint(Box<mint::Arguments>),
    /// Verify tokens, and show every check
    Verify(Box<verify::Arguments>),
    /// Exchange a token for one that is good for another tenant's data
    Exchange(Box<exchange::Arguments>),
}

pub(crate) fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Keygen(arguments) => keygen::run(&arguments),
        Command::Mint(arguments) => mint::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Exchange(arguments) => exchange::run(&arguments),
    }
}

/// One line on standard error.
fn warn(message: &str) {
    anstream::eprintln!("{}: {message}", styled(output::WARNING, "note"));
}

/// `N` bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Failure::Random)?;
    Ok(bytes)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
