//! `tenantguard session`: the sessions that applications keep in the control service.
//!
//! An id lets its bearer in, so it is read from a file or standard input, never from an argument.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use tenantguard_service::http::{Ended, SessionBody, SessionList, SessionName, SessionRequest};

use crate::Outcome;
use crate::control::{Client, Options, segment};
use crate::failure::Failure;
use crate::files::read_text;
use crate::output::{BOLD, DIM, Format, GOOD, bytes_human, styled};
use crate::revoke::principal;
use crate::revoke::screen::epoch;

const EXAMPLES: &str = "\
Examples:
  tenantguard session create --tenant acme --principal platform/alice \\
      --issuer https://id.example.com
  tenantguard session end --tenant acme --id - < id.txt
  tenantguard session end --tenant acme --principal platform/alice
  tenantguard session list --tenant acme --principal platform/alice

Exit codes: 0 done, 2 could not run.";

#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    /// Create a session
    Create(Create),
    /// Show a session
    Show(One),
    /// Put off a session's end
    Touch(One),
    /// End a session, those of a principal, or all of a tenant, and refuse their tokens
    End(End),
    /// Count a tenant's sessions, or list those of a principal
    List(List),
}

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The tenant
    #[arg(long)]
    tenant: String,
    /// For people, or one JSON object
    #[arg(long, value_name = "human|json", default_value_t, hide_possible_values = true)]
    #[arg(value_enum)]
    format: Format,
    #[command(flatten)]
    control: Options,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Whose it is, namespace/subject
    #[arg(long)]
    principal: String,
    /// The `iss` of its tokens
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// A file with its id; one is made, unless it is given. `-` reads standard input
    #[arg(long, value_name = "FILE")]
    id: Option<PathBuf>,
    /// How many seconds it lives untouched
    #[arg(long, value_name = "SECONDS")]
    idle: Option<u64>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// A file with its id; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    id: PathBuf,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["id", "principal", "all"])))]
pub(crate) struct End {
    /// A file with its id; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    id: Option<PathBuf>,
    /// All of a principal, namespace/subject
    #[arg(long)]
    principal: Option<String>,
    /// All of the tenant
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Those of a principal, namespace/subject
    #[arg(long)]
    principal: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl Common {
    fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{}/sessions{rest}", segment(&self.tenant))
    }
}

pub(crate) fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Create(create) => create.run(),
        Command::Show(one) => one.run("/lookup"),
        Command::Touch(one) => one.run("/touch"),
        Command::End(end) => end.run(),
        Command::List(list) => list.run(),
    }
}

impl Create {
    fn run(self) -> Result<Outcome, Failure> {
        let Self { common, principal, issuer, id, idle } = self;
        let (namespace, subject) = split(&principal)?;
        let request = SessionRequest {
            id: id.as_deref().map(read_id).transpose()?,
            issuer,
            namespace,
            subject,
            idle_seconds: idle,
            data: String::new(),
        };
        let made: SessionBody = Client::new(&common.control)?.post(&common.path(""), &request)?;
        show(&made, common.format)
    }
}

impl One {
    fn run(self, rest: &str) -> Result<Outcome, Failure> {
        let Self { common, id } = self;
        let name = SessionName { id: read_id(&id)? };
        let found: SessionBody = Client::new(&common.control)?.post(&common.path(rest), &name)?;
        show(&found, common.format)
    }
}

impl End {
    fn run(self) -> Result<Outcome, Failure> {
        let Self { common, id, principal, .. } = self;
        let client = Client::new(&common.control)?;
        let ended: Ended = match (id, principal) {
            (Some(id), _) => {
                client.post(&common.path("/end"), &SessionName { id: read_id(&id)? })?
            }
            (None, Some(principal)) => client.delete(&common.path(&query(&principal)?))?,
            (None, None) => client.delete(&common.path(""))?,
        };
        let mut out = anstream::stdout().lock();
        match common.format {
            Format::Json => writeln!(out, "{}", json(&ended))?,
            Format::Human => {
                let at = styled(DIM, format!("epoch {}", epoch(&ended.position)));
                let sessions = if ended.ended == 1 { "session" } else { "sessions" };
                writeln!(out, "{} {} {sessions}  {at}", styled(GOOD, "ended"), ended.ended)?;
            }
        }
        Ok(Outcome::Good)
    }
}

impl List {
    fn run(self) -> Result<Outcome, Failure> {
        let Self { common, principal } = self;
        let query = principal.as_deref().map(query).transpose()?.unwrap_or_default();
        let found: SessionList = Client::new(&common.control)?.get(&common.path(&query))?;
        let mut out = anstream::stdout().lock();
        if common.format == Format::Json {
            writeln!(out, "{}", json(&found))?;
            return Ok(Outcome::Good);
        }
        let sessions = if found.count == 1 { "session" } else { "sessions" };
        writeln!(out, "{} live {sessions}", styled(BOLD, found.count))?;
        for session in &found.sessions {
            let SessionBody { digest, created, ends, .. } = session;
            let short = digest.get(..12).unwrap_or(digest);
            writeln!(out, "  {short}  created {created}  ends {ends}")?;
        }
        Ok(Outcome::Good)
    }
}

fn show(session: &SessionBody, format: Format) -> Result<Outcome, Failure> {
    let mut out = anstream::stdout().lock();
    if format == Format::Json {
        writeln!(out, "{}", json(session))?;
        return Ok(Outcome::Good);
    }
    let text = |text: &str| bytes_human(text.as_bytes());
    for (label, value) in [
        ("id", session.id.as_deref().unwrap_or_default()),
        ("digest", &session.digest),
        ("tenant", &session.tenant),
        ("principal", &session.principal),
        ("created", &session.created),
        ("ends", &session.ends),
        ("at last", &session.ends_at_last),
    ] {
        if !value.is_empty() {
            writeln!(out, "{}{}", styled(BOLD, format!("{label:<10}")), text(value))?;
        }
    }
    Ok(Outcome::Good)
}

fn read_id(path: &Path) -> Result<String, Failure> {
    Ok(read_text(path)?.trim_end_matches(['\r', '\n']).to_owned())
}

fn split(text: &str) -> Result<(String, String), Failure> {
    principal(text).map_err(|reason| Failure::Option {
        option: "--principal",
        value: text.to_owned(),
        reason,
    })
}

fn query(text: &str) -> Result<String, Failure> {
    let (namespace, subject) = split(text)?;
    Ok(format!("?namespace={}&subject={}", segment(&namespace), segment(&subject)))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
