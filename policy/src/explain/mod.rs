//! Why a request is decided as it is: each check of the gate in its order, the rules of the policy
//! that settle it, each with its place, and, for a refusal, what would have to be so.
//!
//! The gate decides ([`Decided`]); an [`Explanation`] looks up in the policy as it was written what
//! led there. `context` is what it draws on, `routes`, `issuers`, `permission` with `roles`, and
//! `delegations` explain one kind of check each. [`Person`] makes claims for somebody who has no token.

mod context;
mod credential;
mod decided;
mod delegations;
mod issuers;
mod permission;
mod person;
mod roles;
mod routes;
mod rule;
mod touched;

use tenantguard::decision::Check;
use tenantguard::time::UnixTime;

use self::context::Context;
pub use self::credential::credential;
pub use self::decided::{CheckOutcome, CheckStep, Decided};
pub use self::person::{Assumed, Person, PersonError};
pub use self::rule::Rule;
pub(crate) use self::touched::Touched;
use crate::source::Source;

/// A decision, explained check by check.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The checks in their order.
    pub checks: Vec<ExplainedCheck>,
}

/// One check, explained.
#[derive(Debug, Clone)]
pub struct ExplainedCheck {
    /// Its name.
    pub name: &'static str,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// What it found out, or why it refuses.
    pub detail: Option<String>,
    /// The rules that settled it.
    pub rules: Vec<Rule>,
    /// If it refuses: what would have to be so for it to pass.
    pub needs: Vec<Rule>,
}

impl Explanation {
    /// Explains a decision that was made by the policy of this source.
    #[must_use]
    pub fn of(decided: &Decided<'_>, source: &Source, at: UnixTime) -> Self {
        let context = Context::new(decided, source, at);
        let mut checks = Vec::new();
        for step in decided.steps() {
            let outcome = step.outcome;
            let (rules, needs) = match outcome {
                CheckOutcome::Passed => (passed(&context, step.check), Vec::new()),
                CheckOutcome::Refused => refused(&context, step.check),
                _ => (Vec::new(), Vec::new()),
            };
            let name = step.check.name();
            checks.push(ExplainedCheck { name, outcome, detail: step.detail, rules, needs });
        }
        Self { checks }
    }

    /// The checks that say most: the one that refuses, or, for a permit, those with rules.
    pub fn telling(&self) -> impl Iterator<Item = &ExplainedCheck> {
        let is_refused = self.checks.iter().any(|check| check.outcome == CheckOutcome::Refused);
        self.checks.iter().filter(move |check| match is_refused {
            true => check.outcome == CheckOutcome::Refused,
            false => !check.rules.is_empty(),
        })
    }
}

fn passed(context: &Context<'_>, check: Check) -> Vec<Rule> {
    match check {
        Check::Request | Check::Token | Check::Signature | Check::Claims | Check::Revocation => {
            Vec::new()
        }
        Check::Route => routes::passed(context),
        Check::Issuer => issuers::known(context),
        Check::Tenant => issuers::may_assert(context),
        Check::Permission => permission::given(context),
        Check::Delegation => delegations::passed(context),
    }
}

fn refused(context: &Context<'_>, check: Check) -> (Vec<Rule>, Vec<Rule>) {
    match check {
        Check::Request | Check::Revocation => (Vec::new(), Vec::new()),
        Check::Route => routes::refused(context),
        Check::Token => (Vec::new(), issuers::token_needed(context)),
        Check::Issuer => (Vec::new(), issuers::others(context)),
        Check::Signature => (issuers::known(context), Vec::new()),
        Check::Claims => issuers::claims_refused(context),
        Check::Tenant => issuers::tenant_refused(context),
        Check::Permission => permission::refused(context),
        Check::Delegation => delegations::refused(context),
    }
}
