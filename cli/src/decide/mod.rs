//! `tenantguard decide`: one request, or many, against a policy: the decision, the reason, and the
//! checks that led to it. The same core decides as in the proxy.
//!
//! `moment` reads times, `input` the requests, `human` and `json` show what the gate found. `policy
//! explain` shows the rules behind it.

pub(crate) mod human;
pub(crate) mod input;
mod json;
mod moment;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tenantguard::gate::Gate;
use tenantguard::request::{Mode, Request, RequestIds};
use tenantguard::time::Now;
use tenantguard_policy::explain::Decided;

use self::input::Asked;
pub(crate) use self::moment::Moment;
use crate::Outcome;
use crate::failure::Failure;
use crate::files::{PolicyText, is_stdin};
use crate::output::Format;

const EXAMPLES: &str = "\
Examples:
  tenantguard decide --policy policy.yaml --path /healthz
  tenantguard decide --policy policy.yaml --method PUT --path /api/v1/reports/7 --token - < alice.jwt
  tenantguard decide --policy policy.yaml --path /x --header 'x-tenant-id: evil' --at 2026-01-01T00:00:00Z
  tenantguard decide --policy policy.yaml --request requests.jsonl --format json

A request as JSON; pseudo-headers are headers, bytes that are no text are {\"base64\": ...}:
  {\"headers\": [[\":method\", \"GET\"], [\":path\", \"/x\"], [\"authorization\", \"Bearer ...\"]], \"at\": 1767225600}

Ids that every hop makes anew are zeros in JSON, so that the same question has the same answer.
Exit codes: 0 permitted, 1 denied (of several: at least one), 2 could not run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group(clap::ArgGroup::new("what").required(true).args(["path", "request"])))]
pub(crate) struct Arguments {
    /// The policy, YAML or JSON; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The request's path, with its query
    #[arg(long)]
    path: Option<OsString>,
    /// The request's method
    #[arg(long, default_value = "GET", conflicts_with = "request")]
    method: OsString,
    /// A header, `name: value`; as often as needed
    #[arg(long = "header", value_name = "HEADER", conflicts_with = "request")]
    headers: Vec<OsString>,
    /// The bearer token; `-` reads standard input
    #[arg(long, conflicts_with = "request")]
    token: Option<String>,
    /// Requests as JSON, one or several after another; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// The time to decide at, as seconds since 1970 or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
    /// Whether the decision is enforced, or the request would only be looked at
    #[arg(long, value_enum, default_value_t)]
    mode: ModeName,
    /// For people, or JSON lines
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum ModeName {
    #[default]
    Enforce,
    Shadow,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Enforce => Self::Enforce,
            ModeName::Shadow => Self::Shadow,
        }
    }
}

pub(crate) fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let token_is_stdin = arguments.token.as_deref() == Some("-");
    let request_is_stdin = arguments.request.as_deref().is_some_and(is_stdin);
    if is_stdin(&arguments.policy) && (token_is_stdin || request_is_stdin) {
        let other = if token_is_stdin { "--policy and --token" } else { "--policy and --request" };
        return Err(Failure::StdinTwice(other));
    }
    let (_, checked) = PolicyText::read(&arguments.policy)?.check()?;
    let policy = checked.compile().map_err(|findings| Failure::Option {
        option: "--policy",
        value: arguments.policy.display().to_string(),
        reason: findings.to_string(),
    })?;
    let session = Session {
        gate: Gate::new(Arc::new(policy)),
        at: arguments.at,
        mode: arguments.mode.into(),
        format: arguments.format,
    };
    match arguments.request {
        Some(file) => session.many(&file),
        None => session.show(&input::from_arguments(
            arguments.path.unwrap_or_default(),
            arguments.method,
            &arguments.headers,
            arguments.token,
        )?),
    }
}

/// What all requests of one call have in common.
struct Session {
    gate: Gate,
    at: Option<Moment>,
    mode: Mode,
    format: Format,
}

impl Session {
    fn many(&self, file: &Path) -> Result<Outcome, Failure> {
        let mut outcome = None;
        for asked in input::from_json(&crate::files::read_text(file)?, file) {
            if outcome.is_some() && self.format == Format::Human {
                writeln!(anstream::stdout().lock())?;
            }
            let shown = self.show(&asked?)?;
            outcome = Some(outcome.filter(|earlier| *earlier == Outcome::Bad).unwrap_or(shown));
        }
        let none = || "there is none".to_owned();
        outcome.ok_or_else(|| Failure::Request { path: file.to_owned(), number: 1, reason: none() })
    }

    fn show(&self, asked: &Asked) -> Result<Outcome, Failure> {
        let at = match asked.at.or(self.at) {
            Some(moment) => moment,
            None => Moment::now()?,
        };
        let request = Request {
            headers: &asked.headers,
            mode: Some(asked.mode.unwrap_or(self.mode)),
            ids: RequestIds::from_entropy([0; 32]),
            certificate: None,
        };
        let now = Now { wall: at.into(), monotonic: Duration::ZERO };
        // A command line has nobody to ask; what the proxy would have to fetch is not there.
        let decided = Decided::by(&self.gate, &request, now, |_| {});
        let mut out = anstream::stdout().lock();
        match self.format {
            Format::Human => write!(out, "{}", human::screen(&decided))?,
            Format::Json => writeln!(out, "{}", json::line(&decided))?,
        }
        Ok(if decided.is_permitted() { Outcome::Good } else { Outcome::Bad })
    }
}
