//! `tenantguard policy explain`: one request of somebody, check by check, with the lines of the policy
//! that settle it. The gate decides, as in `decide`; the explanation is looked up beside it.

pub(super) mod human;
pub(super) mod json;
mod who;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tenantguard::gate::Gate;
use tenantguard::request::{Mode, Request, RequestIds};
use tenantguard::time::{Now, UnixTime};
use tenantguard_policy::explain::{Decided, Explanation};

use self::who::{Asker, Who};
use super::loaded::Loaded;
use crate::Outcome;
use crate::decide::{Moment, input};
use crate::failure::Failure;
use crate::files::is_stdin;
use crate::output::Format;

const EXAMPLES: &str = "\
Examples:
  tenantguard policy explain --policy policy.yaml --token - GET /api/v1/reports/7 < alice.jwt
  ... --issuer platform --tenant globex --role editor PUT /api/v1/reports/7
  ... --claims claims.json PUT /api/v1/reports/7          also inline: --claims '{\"iss\": ...}'
  ... --issuer platform --claims '{\"sub\": \"alice\", \"tenant_id\": \"acme\"}' GET /x
  ... GET /healthz --host api.example.com --at 2026-01-01T00:00:00Z

With --issuer, what a token of that issuer needs is filled in: iss, aud, iat, exp, and with roles
alone a scope. Without it, claims are taken as they are. Claims have no signature, so none is checked.
Exit codes: 0 permitted, 1 denied, 2 could not run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The policy, YAML or JSON; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    #[command(flatten)]
    who: who::Arguments,
    /// The request's method
    method: OsString,
    /// The request's path, with its query
    path: OsString,
    /// The request's host
    #[arg(long)]
    host: Option<OsString>,
    /// A header, `name: value`; as often as needed
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<OsString>,
    /// The time to decide at, as seconds since 1970 or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
    /// For people, or JSON
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A decision with its explanation, and what was assumed for it.
struct Explained<'a> {
    decided: &'a Decided<'a>,
    explanation: Explanation,
    loaded: &'a Loaded,
    at: UnixTime,
    notes: &'a [String],
}

pub(crate) fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    if is_stdin(&arguments.policy) && arguments.who.wants_stdin() {
        return Err(Failure::StdinTwice("--policy and --token or --claims"));
    }
    let loaded = Loaded::read(&arguments.policy)?;
    let at: UnixTime = arguments.at.map_or_else(Moment::now, Ok)?.into();
    let who = Who::of(&arguments.who, &loaded, at)?;
    let mut headers = arguments.headers;
    headers.extend(arguments.host.map(|host| {
        let mut header = OsString::from("host: ");
        header.push(host);
        header
    }));
    let mut asked = input::from_arguments(arguments.path, arguments.method, &headers, None)?;
    asked.headers.extend(who.credential(loaded.policy()));
    let request = Request {
        headers: &asked.headers,
        // Explained as if enforced, however far it is rolled out.
        mode: Some(Mode::Enforce),
        ids: RequestIds::from_entropy([0; 32]),
        certificate: who.certificate,
    };
    let now = Now { wall: at, monotonic: Duration::ZERO };
    let gate = Gate::new(Arc::clone(&loaded.policy));
    let decided = match &who.asker {
        Asker::Nobody | Asker::Token(_) => {
            Decided::by(&gate, &request, now, |need| who.keys.give(&gate, need, now))
        }
        Asker::Claims(claims) => Decided::assuming(&gate, &request, claims, now),
    };
    let explanation = Explanation::of(&decided, loaded.source(), at);
    let explained =
        Explained { decided: &decided, explanation, loaded: &loaded, at, notes: &who.notes };
    let mut out = anstream::stdout().lock();
    match arguments.format {
        Format::Human => write!(out, "{}", human::screen(&explained))?,
        Format::Json => writeln!(out, "{}", json::value(&explained))?,
    }
    Ok(if decided.is_permitted() { Outcome::Good } else { Outcome::Bad })
}
