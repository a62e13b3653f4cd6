//! `tenantguard tenant`: the directory of tenants. What is written there reaches every proxy over
//! the feed.

use std::io::Write as _;

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use tenantguard_service::http::{
    ChangeName, ChangeRequest, Done, IsolationName, StatusName, TenantBody, TenantList,
    TenantRequest,
};

use crate::Outcome;
use crate::control::{Client, Options, segment};
use crate::failure::Failure;
use crate::output::{BAD, BOLD, DIM, Format, GOOD, WARNING, styled};
use crate::revoke::screen::epoch;

const EXAMPLES: &str = "\
Examples:
  tenantguard tenant create acme --isolation dedicated --cell acme-eu --reason sign-up
  tenantguard tenant move acme --cell acme-us --reason migration
  tenantguard tenant suspend acme --reason unpaid
  tenantguard tenant list

Exit codes: 0 done, 2 could not run.";

#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    /// Show the directory
    List(Common),
    /// Show a tenant
    Show(Named<Nothing>),
    /// Create a tenant
    Create(Named<Create>),
    /// Give a tenant another class
    Classify(Named<Classify>),
    /// Let another cell serve a tenant
    Move(Named<Move>),
    /// Let a tenant act no more for now
    Suspend(Named<Because>),
    /// Let a tenant act again
    Resume(Named<Because>),
    /// Delete a tenant; its name is not given out again
    Delete(Named<Because>),
}

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// For people, or one JSON object
    #[arg(long, value_name = "human|json", default_value_t, hide_possible_values = true)]
    #[arg(value_enum)]
    format: Format,
    #[command(flatten)]
    control: Options,
}

#[derive(Debug, Args)]
pub(crate) struct Named<T: Args> {
    /// The tenant
    tenant: String,
    #[command(flatten)]
    what: T,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Nothing {}

#[derive(Debug, Args)]
pub(crate) struct Because {
    /// Why, for whoever looks later
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// How its data is kept apart, shared or dedicated
    #[arg(long, value_enum, value_name = "CLASS", hide_possible_values = true)]
    isolation: Class,
    /// The cell that serves it, if not the default one
    #[arg(long)]
    cell: Option<String>,
    #[command(flatten)]
    because: Because,
}

#[derive(Debug, Args)]
pub(crate) struct Classify {
    /// How its data is kept apart, shared or dedicated
    #[arg(long, value_enum, value_name = "CLASS", hide_possible_values = true)]
    isolation: Class,
    #[command(flatten)]
    because: Because,
}

#[derive(Debug, Args)]
pub(crate) struct Move {
    /// The cell that serves it; the default one, unless it is given
    #[arg(long)]
    cell: Option<String>,
    #[command(flatten)]
    because: Because,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Class {
    Shared,
    Dedicated,
}

impl From<Class> for IsolationName {
    fn from(class: Class) -> Self {
        match class {
            Class::Shared => Self::Shared,
            Class::Dedicated => Self::Dedicated,
        }
    }
}

pub(crate) fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::List(common) => list(&common),
        Command::Show(Named { tenant, common, .. }) => {
            let path = format!("/v1/tenants/{}", segment(&tenant));
            let found: TenantBody = Client::new(&common.control)?.get(&path)?;
            show(&[found], common.format)
        }
        Command::Create(Named { tenant, what: Create { isolation, cell, because }, common }) => {
            let reason = because.reason;
            let request = TenantRequest { tenant, isolation: isolation.into(), cell, reason };
            let done = Client::new(&common.control)?.post("/v1/tenants", &request)?;
            told(&done, common.format)
        }
        Command::Classify(Named { tenant, what: Classify { isolation, because }, common }) => {
            let change = ChangeName::Classify { isolation: isolation.into() };
            send(&tenant, change, because, &common)
        }
        Command::Move(Named { tenant, what: Move { cell, because }, common }) => {
            send(&tenant, ChangeName::Move { cell }, because, &common)
        }
        Command::Suspend(Named { tenant, what, common }) => {
            send(&tenant, ChangeName::Suspend, what, &common)
        }
        Command::Resume(Named { tenant, what, common }) => {
            send(&tenant, ChangeName::Resume, what, &common)
        }
        Command::Delete(Named { tenant, what, common }) => {
            send(&tenant, ChangeName::Delete, what, &common)
        }
    }
}

fn send(
    tenant: &str,
    change: ChangeName,
    because: Because,
    common: &Common,
) -> Result<Outcome, Failure> {
    let request = ChangeRequest { change, reason: because.reason };
    let path = format!("/v1/tenants/{}", segment(tenant));
    told(&Client::new(&common.control)?.post(&path, &request)?, common.format)
}

fn list(common: &Common) -> Result<Outcome, Failure> {
    let client = Client::new(&common.control)?;
    let mut tenants = Vec::new();
    let mut path = "/v1/tenants".to_owned();
    loop {
        let page: TenantList = client.get(&path)?;
        tenants.extend(page.tenants);
        match page.next {
            Some(next) => path = format!("/v1/tenants?after={}", segment(&next)),
            None => return show(&tenants, common.format),
        }
    }
}

fn show(tenants: &[TenantBody], format: Format) -> Result<Outcome, Failure> {
    let mut out = anstream::stdout().lock();
    if format == Format::Json {
        for tenant in tenants {
            writeln!(out, "{}", json(tenant))?;
        }
        return Ok(Outcome::Good);
    }
    if tenants.is_empty() {
        writeln!(out, "the directory has no tenant")?;
        return Ok(Outcome::Good);
    }
    let width = tenants.iter().map(|it| it.tenant.len()).max().unwrap_or(0).max(6);
    let head = format!("{:<width$}  {:<9}  {:<9}  CELL", "TENANT", "ISOLATION", "STATUS");
    writeln!(out, "{}", styled(BOLD, head))?;
    for TenantBody { tenant, isolation, cell, status } in tenants {
        let isolation = match isolation {
            IsolationName::Shared => "shared",
            IsolationName::Dedicated => "dedicated",
        };
        let (style, status) = match status {
            StatusName::Active => (GOOD, "active"),
            StatusName::Suspended => (WARNING, "suspended"),
            StatusName::Deleted => (BAD, "deleted"),
        };
        let status = styled(style, format!("{status:<9}"));
        let cell = cell.clone().unwrap_or_else(|| styled(DIM, "default"));
        writeln!(out, "{tenant:<width$}  {isolation:<9}  {status}  {cell}")?;
    }
    Ok(Outcome::Good)
}

fn told(done: &Done, format: Format) -> Result<Outcome, Failure> {
    let mut out = anstream::stdout().lock();
    match format {
        Format::Json => writeln!(out, "{}", json(done))?,
        Format::Human => {
            let what = if done.changed > 0 { "done" } else { "already so" };
            let at = styled(DIM, format!("epoch {}", epoch(&done.position)));
            writeln!(out, "{}  {at}", styled(GOOD, what))?;
        }
    }
    Ok(Outcome::Good)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
