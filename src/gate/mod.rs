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
use std::time::Duration;

pub use self::account::{Account, Facts, Verdict};
pub use self::denial::{Denial, Response};
pub use self::permit::{Permit, PublicPermit, Shadowed, TenantPermit};
use self::pipeline::{Pipeline, Stop};
use self::tokens::TokenCache;
use crate::artifact::Policy;
use crate::decision::Refusal;
use crate::keyring::{AnswerError, Change, FetchAnswer, KeyRing};
use crate::request::{HeaderList, Mode, Request, RequestIds};
use crate::time::Now;
use crate::token::{PureRust, Verifier};
use crate::trust::{CertificateDigest, IssuerId};

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

/// A decision that waits. It owns what [`Gate::resume`] needs, so that each stream asks for itself.
#[derive(Debug)]
pub struct Pending {
    headers: HeaderList,
    mode: Mode,
    ids: RequestIds,
    certificate: Option<CertificateDigest>,
}

impl Pending {
    fn new(request: &Request<'_>) -> Self {
        let Request { headers, mode, ids, certificate } = *request;
        Self { headers: headers.to_vec(), mode, ids, certificate }
    }

    fn request(&self) -> Request<'_> {
        let Self { headers, mode, ids, certificate } = self;
        Request { headers, mode: *mode, ids: *ids, certificate: *certificate }
    }
}

/// Decides requests by one policy.
#[derive(Debug)]
pub struct Gate {
    policy: Arc<Policy>,
    verifier: Arc<dyn Verifier>,
    tokens: TokenCache,
    ring: KeyRing,
}

impl Gate {
    /// A gate for a policy, which verifies signatures by itself.
    #[must_use]
    pub fn new(policy: Arc<Policy>) -> Self {
        Self::with_verifier(policy, Arc::new(PureRust), 0)
    }

    /// A gate for a policy, with another way to verify signatures. `seed` is random; it keeps
    /// anybody from preparing tokens that collide in the cache, and many proxies from fetching keys
    /// in step.
    #[must_use]
    pub fn with_verifier(policy: Arc<Policy>, verifier: Arc<dyn Verifier>, seed: u64) -> Self {
        let ring = KeyRing::new(&policy, seed);
        let tokens = TokenCache::new(policy.token_cache(), seed);
        Self { policy, verifier, tokens, ring }
    }

    /// The policy that it decides by.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Decides a request.
    #[must_use]
    pub fn begin(&self, request: &Request<'_>, now: Now) -> Step {
        self.decide(request, now, false)
    }

    /// Goes on with a decision when what it needs is in hand, or the time for it is over: it is
    /// settled now, one way or the other. Nothing waits twice.
    #[must_use]
    pub fn resume(&self, pending: &Pending, now: Now) -> Step {
        let request = pending.request();
        self.decide(&request, now, true)
    }

    /// The account of a decision whose client left before it was settled.
    #[must_use]
    pub fn abandon(&self, pending: &Pending, now: Now) -> Denial {
        let request = pending.request();
        let verdict = Verdict::Deny(Refusal::Abandoned);
        let account = Account::new(&request, now, Facts::default(), verdict);
        Denial::new(&self.policy, &request, &Refusal::Abandoned, account)
    }

    /// Takes the keys that an issuer's endpoint answered `age` ago.
    ///
    /// # Errors
    /// [`AnswerError`] says why they are of no use; what is in hand stays.
    pub fn take_keys(
        &self,
        issuer: IssuerId,
        answer: &FetchAnswer<'_>,
        age: Duration,
        now: Now,
    ) -> Result<Change, AnswerError> {
        let change = self.ring.answered(issuer, answer, age, now.monotonic)?;
        if change == Change::Replaced {
            self.tokens.forget(issuer);
        }
        Ok(change)
    }

    /// The keys that are fetched.
    #[must_use]
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    fn decide(&self, request: &Request<'_>, now: Now, has_waited: bool) -> Step {
        let mut facts = Facts::default();
        let (policy, verifier) = (&self.policy, &*self.verifier);
        let (tokens, ring) = (&self.tokens, &self.ring);
        let pipeline = Pipeline { policy, verifier, tokens, ring, request, now, has_waited };
        match pipeline.run(&mut facts) {
            Ok(granted) => self.conclude(request, now, facts, Ok(granted)),
            Err(Stop::Refused(refusal)) => self.conclude(request, now, facts, Err(refusal)),
            Err(Stop::Needs(need)) => Step::Ask(Pending::new(request), need),
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
        let account = Account::new(request, now, facts, verdict);
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
