//! `tenantguard token keygen`: a key pair for development, random, the private half for its owner's
//! eyes only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use tenantguard_mint::{Algorithm, DevKey, jwks};

use super::{hex, random, warn};
use crate::Outcome;
use crate::failure::Failure;
use crate::output::{self, styled};

const EXAMPLES: &str = "\
Examples:
  tenantguard token keygen --private dev.key.json --public dev.jwks.json
  tenantguard token keygen --algorithm RS256 --private rsa.key.json --public rsa.jwks.json

Name the public file in the policy: `keys: {jwks_file: dev.jwks.json}`.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What it signs with
    #[arg(long, default_value = "ES256", value_parser = algorithm())]
    algorithm: Algorithm,
    /// Where the private key goes (a JWK, readable by you alone)
    #[arg(long, value_name = "FILE")]
    private: PathBuf,
    /// Where the public key goes (a JWK set)
    #[arg(long, value_name = "FILE")]
    public: PathBuf,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

fn algorithm() -> impl TypedValueParser<Value = Algorithm> {
    let names = PossibleValuesParser::new(Algorithm::ALL.map(Algorithm::as_str));
    names.try_map(|name| name.parse::<Algorithm>())
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let Arguments { algorithm, private, public, force } = arguments;
    let files = [("a private key", private), ("a public key", public)];
    for (what, path) in files {
        if !force && path.exists() {
            return Err(Failure::Exists { what, path: path.clone() });
        }
    }
    let key = DevKey::derive(*algorithm, &hex(&random::<32>()?));
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Failure::Write { path, source }
    };
    write_private(private, &pretty(&key.private_jwk()), *force).map_err(failed(private))?;
    fs::write(public, pretty(&jwks(&[&key]))).map_err(failed(public))?;

    let mut out = anstream::stdout().lock();
    let name = |path: &Path| styled(output::BOLD, path.display());
    writeln!(out, "{}  private key ({algorithm}); whoever reads it can sign", name(private))?;
    writeln!(out, "{}  public key set; for the policy", name(public))?;
    writeln!(out, "{}", styled(output::DIM, format!("kid {}", key.kid())))?;
    warn("this is a development key; never let production trust it");
    Ok(Outcome::Good)
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

/// The file is made anew, so that no earlier permissions of it stay.
pub(crate) fn write_private(path: &Path, text: &str, force: bool) -> io::Result<()> {
    if force {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let mut file = create_for_owner(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(unix)]
fn create_for_owner(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create_for_owner(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
