//! `tenantguard delegation`: by which a tenant lets another at its data. Proposed by either side,
//! agreed to by the one whose data it is; what is written reaches every proxy over the feed.
//!
//! `arguments` is what the verbs take, `consent` the question before a consent, `screen` what is
//! shown, `who_can` the question who gets at a tenant's data.

mod arguments;
mod consent;
mod screen;
mod who_can;

use clap::Subcommand;
use serde::Serialize;
use tenantguard_service::http::{
    Because, DelegationBody, DelegationChangeRequest, DelegationDone, DelegationList,
};

use self::arguments::{Amend, Common, Consent, Ending, List, Named, Propose};
use self::who_can::WhoCanArguments;
use crate::Outcome;
use crate::control::{Client, segment};
use crate::failure::Failure;

const PATH: &str = "/v1/delegations";

const EXAMPLES: &str = "\
Examples:
  tenantguard delegation propose --from acme --to partnerco --any-principal \\
      --permission partner:read --expires 2026-12-31T00:00:00Z --reason 'the audit'
  tenantguard delegation show dlg-3f0c9a1b5d7e2f64
  tenantguard delegation consent dlg-3f0c9a1b5d7e2f64 --reference DPA-114 --reason 'we agree'
  tenantguard delegation list --from acme --stage consented
  tenantguard delegation revoke dlg-3f0c9a1b5d7e2f64 --reason 'the audit is over' --wait

Exit codes: 0 done (with --wait: and every proxy knows), 1 not consented, or a proxy was silent until
its lease ran out, 2 could not run.";

#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    /// Propose one, as either side or as the operator
    Propose(Box<Propose>),
    /// Agree to one, as the tenant whose data it is
    Consent(Named<Consent>),
    /// List those that the caller may see
    List(List),
    /// Show one
    Show(Named<arguments::Nothing>),
    /// Let it let nobody in for now
    Suspend(Named<Ending>),
    /// Let it let in again whom it did
    Resume(Named<Ending>),
    /// Take it back, for good
    Revoke(Named<Ending>),
    /// Give it other terms; they need another consent, unless it is the delegator who amends
    Amend(Box<Named<Amend>>),
    /// Show everybody whom one lets at a tenant's data
    WhoCan(Box<WhoCanArguments>),
}

pub(crate) fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Propose(propose) => {
            let (request, common) = propose.request();
            let done = common.client()?.post(PATH, &request)?;
            screen::done(&done, common.format)
        }
        Command::Consent(Named { id, what, common }) => what.run(&id, &common),
        Command::List(list) => run_list(&list),
        Command::Show(Named { id, common, .. }) => {
            screen::one(&shown(&common.client()?, &id)?, common.format)
        }
        Command::Suspend(named) => end(&named, DelegationChangeRequest::Suspend),
        Command::Resume(named) => end(&named, DelegationChangeRequest::Resume),
        Command::Revoke(named) => end(&named, DelegationChangeRequest::Revoke),
        Command::Amend(named) => {
            let Named { id, what, common } = *named;
            what.run(&id, &common)
        }
        Command::WhoCan(arguments) => arguments.run(),
    }
}

fn end(
    named: &Named<Ending>,
    change: fn(Because) -> DelegationChangeRequest,
) -> Result<Outcome, Failure> {
    let Named { id, what: Ending { reason, wait }, common } = named;
    let change = change(Because { reason: reason.clone() });
    let path = format!("{}{}", path(id), if *wait { "?wait=true" } else { "" });
    let done: DelegationDone = common.client()?.post(&path, &change)?;
    screen::done(&done, common.format)
}

fn run_list(list: &List) -> Result<Outcome, Failure> {
    let client = list.common.client()?;
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page: DelegationList = client.get(&list.query(PATH, after.as_deref()))?;
        found.extend(page.delegations);
        match page.next {
            Some(next) => after = Some(next),
            None => return screen::many(&found, list.common.format),
        }
    }
}

fn path(id: &str) -> String {
    format!("{PATH}/{}", segment(id))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The delegation as the caller may see it.
fn shown(client: &Client, id: &str) -> Result<DelegationBody, Failure> {
    Ok(client.get(&path(id))?)
}

impl Common {
    fn client(&self) -> Result<Client, Failure> {
        Client::new(&self.control)
    }
}
