//! `tenantguard token exchange`: a delegation token for somebody's own token, by the control service
//! (RFC 8693). The token to exchange is the credential.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::control::{Client, Options};
use crate::failure::Failure;
use crate::files::{is_stdin, read_text};
use crate::output::Format;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

const EXAMPLES: &str = "\
Examples:
  tenantguard token exchange --subject-token-file paula.jwt --delegation the-audit > delegated.jwt
  tenantguard token exchange --subject-token-file - --tenant acme --scope reports:read < paula.jwt

The token goes to standard output, alone; with --format json, all that the service says.
Exit codes: 0 exchanged, 2 could not run, or was refused.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group(ArgGroup::new("under").required(true).multiple(true)))]
pub(crate) struct Arguments {
    /// The token to exchange; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    subject_token_file: PathBuf,
    /// The delegation
    #[arg(long, value_name = "ID", group = "under")]
    delegation: Option<String>,
    /// Whose data
    #[arg(long, group = "under")]
    tenant: Option<String>,
    /// Whom the new token is for [default: whom the other one is for]
    #[arg(long)]
    audience: Option<String>,
    /// What it is for, separated by spaces [default: all that it may be]
    #[arg(long)]
    scope: Option<String>,
    /// For programs to use, or everything as JSON
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    control: Options,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    access_token: String,
    issued_token_type: String,
    token_type: String,
    expires_in: u64,
    scope: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let Arguments { subject_token_file, delegation, tenant, audience, scope, format, control } =
        arguments;
    if is_stdin(subject_token_file) && control.reads_stdin() {
        return Err(Failure::StdinTwice("--subject-token-file and --credential-file"));
    }
    let token = read_text(subject_token_file)?;
    let said = [
        ("grant_type", Some(GRANT_TYPE)),
        ("subject_token_type", Some(ACCESS_TOKEN)),
        ("subject_token", Some(token.trim())),
        ("delegation_id", delegation.as_deref()),
        ("delegated_tenant_id", tenant.as_deref()),
        ("audience", audience.as_deref()),
        ("scope", scope.as_deref()),
    ];
    let form: Vec<(&str, &str)> =
        said.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let answer: Answer = Client::of_nobody(control)?.form("/oauth2/token", &form)?;
    let mut out = anstream::stdout().lock();
    match format {
        Format::Human => writeln!(out, "{}", answer.access_token)?,
        Format::Json => {
            writeln!(out, "{}", serde_json::to_string(&answer).unwrap_or_default())?;
        }
    }
    Ok(Outcome::Good)
}
