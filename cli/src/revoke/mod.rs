//! `tenantguard revoke`: refuse a token, a session, a principal, a tenant or a key; look first at
//! what that would hit; take it back; wait until every proxy knows.
//!
//! `named` is what the arguments or the lines of standard input name, `screen` shows what came of
//! it.

mod named;
pub(crate) mod screen;

use clap::{Args, Subcommand};
use tenantguard_service::http::{
    Done, LookupRequest, NamedTarget, Preview, PreviewRequest, RestorationRequest, RevocationMode,
    RevocationRequest,
};

pub(crate) use self::named::principal;
use self::named::{KeyName, PrincipalName, SessionName, TenantName, TokenName};
use crate::Outcome;
use crate::control::{Client, Options};
use crate::failure::Failure;
use crate::output::Format;

/// How many targets go into one request.
const BATCH: usize = 1000;

const EXAMPLES: &str = "\
Examples:
  tenantguard revoke token --tenant acme --hash 921df9fa1c4cf33f2f01bfee3fc189a7 --reason leaked
  tenantguard revoke token --token alice.jwt --reason leaked --wait
  tenantguard revoke principal platform/alice --tenant acme --dry-run
  tenantguard revoke principal platform/alice --tenant acme --suspend --reason 'left the company'
  tenantguard revoke tenant acme --undo --reason 'a mistake'
  tenantguard revoke tenant acme --show
  tenantguard revoke key --issuer https://id.example.com --kid 2026-01 --reason stolen --wait
  tenantguard revoke session --tenant acme --from-stdin --reason incident-7 < sessions.jsonl

Exit codes: 0 done (with --wait: and every proxy knows), 1 a proxy was silent until its lease ran
out, 2 could not run.";

#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    /// Refuse one token
    Token(Arguments<TokenName, Expiry>),
    /// Refuse all tokens of one session
    Session(Arguments<SessionName, Expiry>),
    /// Refuse what a principal was issued until now
    Principal(Arguments<PrincipalName, Block>),
    /// Refuse what a tenant's principals were issued until now
    Tenant(Arguments<TenantName, Block>),
    /// Refuse all tokens that one key signed
    Key(Arguments<KeyName, Expiry>),
}

#[derive(Debug, Args)]
pub(crate) struct Arguments<N: Args, T: Args> {
    #[command(flatten)]
    name: N,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    terms: T,
    #[command(flatten)]
    control: Options,
}

/// How a principal or a tenant is refused.
#[derive(Debug, Args)]
pub(crate) struct Block {
    /// Block it until it is taken back, new tokens too
    #[arg(long, conflicts_with = "undo")]
    suspend: bool,
}

/// How long a token, a session or a key is refused.
#[derive(Debug, Args)]
pub(crate) struct Expiry {
    /// When all tokens concerned have expired (RFC 3339)
    #[arg(long, value_name = "TIME", conflicts_with = "undo")]
    expires: Option<String>,
}

#[derive(Debug, Args)]
struct How {
    /// Why, for whoever looks later
    #[arg(long, value_name = "TEXT", required_unless_present_any = ["dry_run", "show"])]
    reason: Option<String>,
    /// Show what it would hit, and change nothing
    #[arg(long, conflicts_with_all = ["wait", "undo"])]
    dry_run: bool,
    /// Show what holds of it, by whom and why
    #[arg(long, conflicts_with_all = ["dry_run", "wait", "undo"])]
    show: bool,
    /// Take it back
    #[arg(long)]
    undo: bool,
    /// Wait until every proxy knows or its lease is over
    #[arg(long)]
    wait: bool,
    /// Read a name or a JSON object a line from stdin
    #[arg(long)]
    from_stdin: bool,
    /// For people, or one JSON object
    #[arg(long, value_name = "human|json", default_value_t, hide_possible_values = true)]
    #[arg(value_enum)]
    format: Format,
}

pub(crate) fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Token(arguments) => arguments.run(),
        Command::Session(arguments) => arguments.run(),
        Command::Principal(arguments) => arguments.run(),
        Command::Tenant(arguments) => arguments.run(),
        Command::Key(arguments) => arguments.run(),
    }
}

/// What names one kind of target, by arguments or by a line.
pub(crate) trait Name: Args {
    /// What the arguments name.
    fn named(self) -> Result<NamedTarget, Failure>;
    /// What a line names that is no JSON object. What the arguments say counts for every line.
    fn named_by(&self, line: &str) -> Result<NamedTarget, String>;
    /// What a line of JSON names.
    fn named_by_json(&self, line: &str) -> Result<NamedTarget, String>;
}

/// On which terms something is refused.
pub(crate) trait Terms: Args {
    /// How, and until when, if that is said.
    fn said(self) -> (RevocationMode, Option<String>);
}

impl Terms for Block {
    fn said(self) -> (RevocationMode, Option<String>) {
        match self.suspend {
            true => (RevocationMode::Suspend, None),
            false => (RevocationMode::CutOff, None),
        }
    }
}

impl Terms for Expiry {
    fn said(self) -> (RevocationMode, Option<String>) {
        (RevocationMode::CutOff, self.expires)
    }
}

impl<N: Name, T: Terms> Arguments<N, T> {
    fn run(self) -> Result<Outcome, Failure> {
        let Self { name, how, terms, control } = self;
        if how.from_stdin && control.reads_stdin() {
            return Err(Failure::StdinTwice("--from-stdin and --credential-file"));
        }
        let client = Client::new(&control)?;
        let targets = match how.from_stdin {
            true => named::from_stdin(&name)?,
            false => vec![name.named()?],
        };
        how.run(&client, targets, terms.said())
    }
}

impl How {
    fn run(
        self,
        client: &Client,
        targets: Vec<NamedTarget>,
        terms: (RevocationMode, Option<String>),
    ) -> Result<Outcome, Failure> {
        if self.dry_run {
            let previews = batches(targets, |targets| -> Result<Preview, Failure> {
                Ok(client.post("/v1/revocations/preview", &PreviewRequest { targets })?)
            })?;
            screen::preview(&previews, self.format)?;
            return Ok(Outcome::Good);
        }
        if self.show {
            for target in targets {
                let found = client.post("/v1/revocations/lookup", &LookupRequest { target })?;
                screen::records(&found, self.format)?;
            }
            return Ok(Outcome::Good);
        }
        // A proxy that knows of the last batch knows of those before it.
        let last = targets.len().div_ceil(BATCH);
        let mut count = 0;
        let done = batches(targets, |targets| {
            count += 1;
            self.send(client, targets, terms.clone(), self.wait && count == last)
        })?;
        let waited = done.last().and_then(|last| last.acknowledged.as_ref());
        screen::done(&done, waited, self.undo, self.format)?;
        Ok(match waited {
            Some(waited) if !waited.silent.is_empty() || !waited.pending.is_empty() => Outcome::Bad,
            _ => Outcome::Good,
        })
    }

    fn send(
        &self,
        client: &Client,
        targets: Vec<NamedTarget>,
        (mode, expires): (RevocationMode, Option<String>),
        waits: bool,
    ) -> Result<Done, Failure> {
        let reason = self.reason.clone().unwrap_or_default();
        let query = if waits { "?wait=true" } else { "" };
        let done = match self.undo {
            true => client
                .post(&format!("/v1/restorations{query}"), &RestorationRequest { reason, targets }),
            false => client.post(
                &format!("/v1/revocations{query}"),
                &RevocationRequest { reason, targets, mode, expires },
            ),
        };
        Ok(done?)
    }
}

/// Sends targets in batches. What was done before a failure stays done, and doing it again does
/// nothing.
fn batches<T>(
    targets: Vec<NamedTarget>,
    mut send: impl FnMut(Vec<NamedTarget>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    targets.chunks(BATCH).map(|batch| send(batch.to_vec())).collect()
}
