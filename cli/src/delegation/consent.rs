//! `tenantguard delegation consent` and `amend`: the terms are shown, and a question asked. What goes
//! to the service names the terms that were shown, so that nothing else is agreed to: a delegator
//! who amends some of them agrees to the others.

use std::io::{BufRead as _, Write as _};

use tenantguard_service::http::{ConsentRequest, DelegationBody, DelegationChangeRequest};

use super::arguments::{Amend, Common, Consent, Seen};
use super::{path, screen, shown};
use crate::Outcome;
use crate::control::Client;
use crate::failure::Failure;
use crate::output::{BOLD, bytes_human, styled};

impl Consent {
    pub(super) fn run(self, id: &str, common: &Common) -> Result<Outcome, Failure> {
        let Self { seen, reference, reason } = self;
        let question = |it: &DelegationBody| format!("Consent for {}?", escaped(&it.from));
        seen.then(id, common, question, |terms| {
            DelegationChangeRequest::Consent(ConsentRequest { terms, reference, reason })
        })
    }
}

impl Amend {
    pub(super) fn run(self, id: &str, common: &Common) -> Result<Outcome, Failure> {
        let Self { seen, what } = self;
        let question = |it: &DelegationBody| format!("Amend {}?", escaped(&it.id));
        seen.then(id, common, question, |terms| {
            DelegationChangeRequest::Amend(Box::new(what.request(terms)))
        })
    }
}

impl Seen {
    /// Sends what is made of the terms, if they were seen, or are agreed to now.
    fn then(
        self,
        id: &str,
        common: &Common,
        question: impl Fn(&DelegationBody) -> String,
        change: impl FnOnce(String) -> DelegationChangeRequest,
    ) -> Result<Outcome, Failure> {
        let asks = self.terms.is_none() && !self.yes;
        if asks && common.control.reads_stdin() {
            return Err(Failure::StdinTwice("the question and --credential-file"));
        }
        let client = common.client()?;
        let Some(terms) = self.terms(&client, id, question)? else {
            writeln!(anstream::stderr(), "nothing was changed")?;
            return Ok(Outcome::Bad);
        };
        screen::done(&client.post(&path(id), &change(terms))?, common.format)
    }

    /// The terms, unless somebody has said no to them.
    fn terms(
        self,
        client: &Client,
        id: &str,
        question: impl Fn(&DelegationBody) -> String,
    ) -> Result<Option<String>, Failure> {
        if self.terms.is_some() {
            return Ok(self.terms);
        }
        let delegation = shown(client, id)?;
        let is_agreed = self.yes || is_agreed(&delegation, &question(&delegation))?;
        Ok(is_agreed.then_some(delegation.terms))
    }
}

/// On standard error, because the result alone goes to standard output.
fn is_agreed(delegation: &DelegationBody, question: &str) -> Result<bool, Failure> {
    let mut out = anstream::stderr().lock();
    screen::terms(&mut out, delegation)?;
    write!(out, "{} [y/N] ", styled(BOLD, question))?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn escaped(text: &str) -> String {
    bytes_human(text.as_bytes())
}
