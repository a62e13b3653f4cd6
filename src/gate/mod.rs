//! The gate: a request in, a decision out. Deterministic: the same policy, request and time give
//! the same decision.
//!
//! [`Gate::begin`] decides, or asks for what it lacks; [`Gate::resume`] goes on with the answer.
//! `pipeline` is the checks in their order, `bearer` who a token speaks for and `tokens` the cache
//! of those; `permit`, `denial` and `account` are what a decision leads to. Nothing outside this
//! folder can make a [`Permit`].

mod account;
mod bearer;
mod denial;
mod permit;
mod pipeline;
mod tokens;

use std::sync::Arc;

pub use self::account::{Account, Facts, Verdict};
pub use self::denial::{Denial, Response};
pub use self::permit::{Permit, PublicPermit, Shadowed, TenantPermit};
use self::pipeline::{Pipeline, Stop};
use self::tokens::TokenCache;
use crate::artifact::Policy;
use crate::decision::Refusal;
use crate::request::{HeaderList, Mode, Request, RequestIds};
use crate::time::Now;
use crate::token::{KeySet, PureRust, Verifier};
use crate::trust::IssuerId;

/// Where a decision stands.
#[derive(Debug)]
pub enum Step {
    /// The request may go on.
    Permit(Permit),
    /// It may not.
    Deny(Denial),
    /// Something is needed first.
    Ask(Pending, Need),
}

/// What a decision waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The keys of an issuer.
    Keys(IssuerId),
}

/// What the shell found out.
#[derive(Debug)]
pub enum Answer<'a> {
    /// The keys that were asked for.
    Keys(&'a KeySet),
    /// Nothing, within the time that there was.
    Unavailable,
}

/// A decision that waits. It owns what [`Gate::resume`] needs, so that each stream asks for itself.
#[derive(Debug)]
pub struct Pending {
    headers: HeaderList,
    mode: Mode,
    ids: RequestIds,
    need: Need,
}

/// Decides requests by one policy.
#[derive(Debug)]
pub struct Gate {
    policy: Arc<Policy>,
    verifier: Arc<dyn Verifier>,
    tokens: TokenCache,
}

impl Gate {
    /// A gate for a policy, which verifies signatures by itself.
    #[must_use]
    pub fn new(policy: Arc<Policy>) -> Self {
        Self::with_verifier(policy, Arc::new(PureRust), 0)
    }

    /// A gate for a policy, with another way to verify signatures. `seed` is random; it keeps
    /// anybody from preparing tokens that collide in the cache.
    #[must_use]
    pub fn with_verifier(policy: Arc<Policy>, verifier: Arc<dyn Verifier>, seed: u64) -> Self {
        Self { policy, verifier, tokens: TokenCache::new(seed) }
    }

    /// The policy that it decides by.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Decides a request.
    #[must_use]
    pub fn begin(&self, request: &Request<'_>, now: Now) -> Step {
        self.decide(request, now, None)
    }

    /// Goes on with a decision. An answer that is not to the question denies.
    #[must_use]
    pub fn resume(&self, pending: Pending, answer: Answer<'_>, now: Now) -> Step {
        let Pending { headers, mode, ids, need } = pending;
        let request = Request { headers: &headers, mode, ids };
        match (need, answer) {
            (Need::Keys(issuer), Answer::Keys(keys)) => {
                self.decide(&request, now, Some((issuer, keys)))
            }
            (Need::Keys(_), Answer::Unavailable) => {
                self.conclude(&request, now, Facts::default(), Err(Refusal::KeysUnavailable))
            }
        }
    }

    fn decide(
        &self,
        request: &Request<'_>,
        now: Now,
        answered: Option<(IssuerId, &KeySet)>,
    ) -> Step {
        let mut facts = Facts::default();
        let (policy, verifier) = (&self.policy, &*self.verifier);
        let tokens = &self.tokens;
        let pipeline = Pipeline { policy, verifier, tokens, request, now, answered };
        match pipeline.run(&mut facts) {
            Ok(granted) => self.conclude(request, now, facts, Ok(granted)),
            Err(Stop::Refused(refusal)) => self.conclude(request, now, facts, Err(refusal)),
            Err(Stop::Needs(need)) => {
                let Request { headers, mode, ids } = *request;
                Step::Ask(Pending { headers: headers.to_vec(), mode, ids, need }, need)
            }
        }
    }

    fn conclude(
        &self,
        request: &Request<'_>,
        now: Now,
        facts: Facts,
        outcome: Result<pipeline::Granted, Refusal>,
    ) -> Step {
        let verdict = match &outcome {
            Ok(granted) => granted.verdict(),
            Err(refusal) => Verdict::Deny(refusal.clone()),
        };
        let account =
            Account { ids: request.ids, mode: request.mode, at: now.wall, facts, verdict };
        if request.mode == Mode::Shadow {
            let would_set = outcome.ok().map(|granted| self.changes(request, &account, &granted));
            return Step::Permit(Permit::shadowed(
                request,
                self.policy.headers(),
                account,
                would_set,
            ));
        }
        match outcome {
            Ok(granted) => {
                let changes = self.changes(request, &account, &granted);
                Step::Permit(Permit::granted(granted, account, changes))
            }
            Err(refusal) => Step::Deny(Denial::new(&self.policy, request, &refusal, account)),
        }
    }
}

#[cfg(test)]
mod tests;
