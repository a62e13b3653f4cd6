//! `tenantguard token verify`: what a gate finds out about a token, check by check. By a policy, the
//! real gate decides a request of one of the policy's routes, and what the route asks beyond the
//! token is left aside; by a key set alone, only form and signature are looked at.

mod by_keys;
mod by_policy;
mod input;
mod show;

use std::path::{Path, PathBuf};

use clap::Args;
use tenantguard::decision::Reason;
use tenantguard_policy::explain::CheckStep;

use self::by_keys::KeysAlone;
use self::by_policy::Examiner;
use crate::Outcome;
use crate::decide::Moment;
use crate::failure::Failure;
use crate::files::{PolicyText, is_stdin};
use crate::output::Format;

const EXAMPLES: &str = "\
Examples:
  tenantguard token verify --policy policy.yaml - < alice.jwt
  tenantguard token verify --policy policy.yaml --at 2026-01-01T00:00:00Z eyJ...
  tenantguard token verify --policy policy.yaml --keys fetched.jwks.json - < alice.jwt
  tenantguard token verify --keys partnerco.jwks.json --signature-only - < partner.jwt
  tenantguard token verify --policy policy.yaml --format json < tokens.txt

Standard input has one token a line: the token itself, or {\"token\": \"eyJ...\", \"at\": 1767225600}.
Routes, permissions and delegations are not looked at: `tenantguard decide` does that.

Exit codes: 0 accepted, 1 refused (of several: at least one), 2 could not run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The token; `-` reads standard input
    #[arg(default_value = "-", hide_default_value = true)]
    token: String,
    /// The policy that has the issuer
    #[arg(long, value_name = "FILE", required_unless_present = "signature_only")]
    policy: Option<PathBuf>,
    /// A JWK set: what the proxy would fetch for the issuer, or what to check the signature with
    #[arg(long, value_name = "FILE", required_if_eq("signature_only", "true"))]
    keys: Option<PathBuf>,
    /// Check form and signature alone, with the keys of --keys
    #[arg(long, conflicts_with = "policy")]
    signature_only: bool,
    /// The time to verify at, as seconds since 1970 or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
    /// For people, or JSON lines
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What was found out about a token.
#[derive(Default)]
pub(super) struct Examined {
    /// The first reason against it, and what is behind it.
    refused: Option<(Reason, String)>,
    checks: Vec<CheckStep>,
    /// Who it speaks for, as far as that was found out.
    issuer: Option<String>,
    principal: Option<String>,
    tenant: Option<String>,
}

/// One way to examine a token.
enum Way {
    ByPolicy(Box<Examiner>),
    ByKeys(KeysAlone),
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let files = [("--policy", &arguments.policy), ("--keys", &arguments.keys)];
    let from_stdin = files.iter().filter(|(_, file)| file.as_deref().is_some_and(is_stdin)).count();
    if from_stdin + usize::from(arguments.token == "-") > 1 {
        return Err(Failure::StdinTwice("two of the policy, the keys and the token"));
    }
    let keys = arguments.keys.as_deref();
    let way = match &arguments.policy {
        Some(file) => {
            let (_, checked) = PolicyText::read(file)?.check()?;
            Way::ByPolicy(Box::new(Examiner::new(checked, file, keys)?))
        }
        // clap sees to it that there are keys.
        None => Way::ByKeys(KeysAlone::read(keys.unwrap_or(Path::new("-")))?),
    };
    let mut outcome = Outcome::Good;
    for (asked, nth) in input::tokens(&arguments.token)?.into_iter().zip(0..) {
        let examined = match &way {
            Way::ByPolicy(examiner) => {
                let at = asked.at.or(arguments.at);
                examiner.examine(&asked.token, at.map_or_else(Moment::now, Ok)?)
            }
            Way::ByKeys(keys) => keys.examine(&asked.token),
        };
        show::show(&examined, arguments.format, nth)?;
        if examined.refused.is_some() {
            outcome = Outcome::Bad;
        }
    }
    Ok(outcome)
}
