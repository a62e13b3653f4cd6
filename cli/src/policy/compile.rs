//! `tenantguard policy compile`: the artifact that a gate reads in place.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use tenantguard_mint::{Algorithm, DevKey};
use tenantguard_policy::Checked;

use super::lists::{count, thousands};
use crate::Outcome;
use crate::failure::Failure;
use crate::files::{PolicyText, read_text};
use crate::output::{self, styled};

const EXAMPLES: &str = "\
The same policy gives the same bytes. What was made is told on standard error.

Examples:
  tenantguard policy compile policy.yaml -o policy.tgpolicy
  tenantguard token keygen --algorithm EdDSA --private sign.key.json --public sign.jwks.json
  tenantguard policy compile policy/ -o policy.tgpolicy --sign sign.key.json
  tenantguard policy compile policy.yaml --base64 > policy.b64

Exit codes: 0 compiled, 2 could not run, also because the policy has findings.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The policy: a file, or a directory; `-` reads standard input
    policy: PathBuf,
    /// Write it to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Sign it with this private JWK, an Ed25519 key
    #[arg(long, value_name = "KEY")]
    sign: Option<PathBuf>,
    /// In base64, as it stands in a plugin configuration
    #[arg(long)]
    base64: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let Arguments { policy, output, sign, base64 } = arguments;
    let key = sign.as_deref().map(read_key).transpose()?;
    let (text, checked) = PolicyText::read(policy)?.check()?;
    let mut artifact = match checked.artifact() {
        Ok(artifact) => artifact,
        Err(findings) => return Err(Failure::Policy { text: Box::new(text), findings }),
    };
    if let (Some(key), Some(path)) = (&key, sign) {
        tenantguard_policy::sign(&mut artifact, |message| key.sign(message))
            .map_err(|error| Failure::Key { path: path.clone(), reason: error.to_string() })?;
    }
    let size = artifact.len();
    let bytes = match base64 {
        true => format!("{}\n", STANDARD.encode(&artifact)).into_bytes(),
        false => artifact,
    };
    let to = write(&bytes, output.as_deref(), *base64)?;
    let signed = key.map_or(String::new(), |key| format!(", signed by {}", key.kid()));
    let mut err = anstream::stderr().lock();
    writeln!(err, "{} {to}", styled(output::GOOD, "compiled"))?;
    writeln!(err, "   {}", counts(&checked))?;
    writeln!(err, "   {} bytes{signed}", thousands(size))?;
    writeln!(err, "   {}", styled(output::DIM, checked.digest()))?;
    Ok(Outcome::Good)
}

/// Writes the bytes, and says where to.
fn write(bytes: &[u8], output: Option<&Path>, is_text: bool) -> Result<String, Failure> {
    if let Some(path) = output {
        std::fs::write(path, bytes)
            .map_err(|source| Failure::Write { path: path.to_owned(), source })?;
        return Ok(path.display().to_string());
    }
    if !is_text && std::io::stdout().is_terminal() {
        return Err(Failure::Binary);
    }
    std::io::stdout().lock().write_all(bytes)?;
    Ok("(standard output)".to_owned())
}

fn counts(checked: &Checked) -> String {
    let source = checked.source();
    let counts = [
        count(source.issuers.len(), "issuer"),
        count(source.tenants.len(), "tenant"),
        count(source.roles.len(), "role"),
        count(checked.permission_count(), "permission"),
        count(source.routes.len(), "route"),
        count(source.delegations.len(), "delegation"),
    ];
    counts.join(", ")
}

fn read_key(path: &Path) -> Result<DevKey, Failure> {
    let failed = |reason: String| Failure::Key { path: path.to_owned(), reason };
    let jwk = serde_json::from_str(&read_text(path)?).map_err(|e| failed(e.to_string()))?;
    let key = DevKey::from_private_jwk(&jwk).map_err(|e| failed(e.to_string()))?;
    match key.algorithm() {
        Algorithm::EdDsa => Ok(key),
        other => Err(failed(format!(
            "policies are signed with Ed25519, and it is for {other}; make one with --algorithm EdDSA"
        ))),
    }
}
