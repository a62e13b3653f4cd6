//! `tenantguard delegation consent`: shows what is agreed to, and asks. What goes to the service
//! names the terms that were shown, so that nothing else is agreed to.

use std::io::{BufRead as _, Write as _};

use tenantguard_service::http::{ConsentRequest, DelegationBody, DelegationChangeRequest};

use super::arguments::{Common, Consent};
use super::{path, screen, shown};
use crate::Outcome;
use crate::failure::Failure;
use crate::output::{BOLD, bytes_human, styled};

impl Consent {
    pub(super) fn run(self, id: &str, common: &Common) -> Result<Outcome, Failure> {
        let Self { terms, yes, reference, reason } = self;
        let asks = terms.is_none() && !yes;
        if asks && common.control.reads_stdin() {
            return Err(Failure::StdinTwice("the question and --credential-file"));
        }
        let client = common.client()?;
        let terms = match terms {
            Some(terms) => terms,
            None => {
                let delegation = shown(&client, id)?;
                if asks && !is_agreed(&delegation)? {
                    writeln!(anstream::stderr(), "nothing was changed")?;
                    return Ok(Outcome::Bad);
                }
                delegation.terms
            }
        };
        let change = DelegationChangeRequest::Consent(ConsentRequest { terms, reference, reason });
        screen::done(&client.post(&path(id), &change)?, common.format)
    }
}

/// On standard error, because the result alone goes to standard output.
fn is_agreed(delegation: &DelegationBody) -> Result<bool, Failure> {
    let mut out = anstream::stderr().lock();
    screen::terms(&mut out, delegation)?;
    let from = bytes_human(delegation.from.as_bytes());
    write!(out, "{} for {from}? [y/N] ", styled(BOLD, "Consent"))?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
