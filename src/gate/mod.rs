//! The gate: a request in, a decision out. Deterministic: the same policy, request and time give
//! the same decision.
//!
//! [`Gate::begin`] decides, or asks for what it lacks; [`Gate::resume`] goes on with the answer.
//! `pipeline` is the checks in their order, `bearer` who a token speaks for and `tokens` the cache
//! of those; `permit`, `denial` and `account` are what a decision leads to. Nothing outside this
//! folder can make a [`Permit`].

mod account;
mod bearer;
mod control;
mod crossing;
mod denial;
mod directory;
mod identify;
mod permit;
mod pipeline;
mod revocation;
mod standing;
mod streams;
mod tokens;
#[cfg(feature = "what-if")]
mod what_if;

use std::sync::Arc;
use std::time::Duration;

pub use self::account::{Account, Facts, Verdict};
pub use self::control::{Basis, Control, ControlStatus, Source};
pub use self::denial::{Denial, Response};
pub use self::directory::Directory;
pub use self::identify::{Handles, Identity, Unidentified};
pub use self::permit::{Permit, PublicPermit, Shadowed, TenantPermit};
use self::pipeline::{Pipeline, Stop};
pub use self::streams::Ended;
use self::tokens::TokenCache;
use crate::artifact::Policy;
use crate::artifact::route::RouteRow;
use crate::control::ReplicaKey;
use crate::decision::Refusal;
use crate::keyring::{AnswerError, Change, FetchAnswer, KeyRing};
use crate::limits::LimitError;
use crate::replica::{Answer, Question};
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
    /// The gate is off on this route: nothing is decided and nothing is recorded.
    Off,
}

/// What a decision waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The keys of an issuer.
    Keys(IssuerId),
    /// The first snapshot of the control state.
    Snapshot,
    /// An answer of the control service, for this request alone.
    Introspect(Question),
}

/// What a decision has waited for, in the order in which it may: for nothing twice, and for nothing
/// that comes before, so that it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Waited {
    Nothing,
    Keys,
    Snapshot,
    Answer,
}

impl From<&Need> for Waited {
    fn from(need: &Need) -> Self {
        match need {
            Need::Keys(_) => Self::Keys,
            Need::Snapshot => Self::Snapshot,
            Need::Introspect(_) => Self::Answer,
        }
    }
}

/// A decision that waits. It owns what [`Gate::resume`] needs, so that each stream asks for itself.
#[derive(Debug)]
pub struct Pending {
    waited: Waited,
    headers: HeaderList,
    mode: Option<Mode>,
    ids: RequestIds,
    certificate: Option<CertificateDigest>,
}

impl Pending {
    fn new(request: &Request<'_>, waited: Waited) -> Self {
        let Request { headers, mode, ids, certificate } = *request;
        Self { waited, headers: headers.to_vec(), mode, ids, certificate }
    }

    fn request(&self) -> Request<'_> {
        let Self { headers, mode, ids, certificate, .. } = self;
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
    /// Apart, so that what a decision reads of it stands together.
    control: Option<Box<Control>>,
    directory: Option<Arc<dyn Directory>>,
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
        Self { policy, verifier, tokens, ring, control: None, directory: None }
    }

    /// The same gate with a copy of the control state, which is empty yet: until the first snapshot
    /// has come in, no token is accepted. The key is random and nobody else's.
    #[must_use]
    pub fn with_control(self, key: ReplicaKey) -> Self {
        Self { control: Some(Box::new(Control::new(key))), ..self }
    }

    /// The same gate for one that has the directory of tenants itself.
    #[must_use]
    pub fn with_directory(self, directory: Arc<dyn Directory>) -> Self {
        Self { directory: Some(directory), ..self }
    }

    /// The copy of the control state, if there is a control service.
    #[must_use]
    pub fn control(&self) -> Option<&Control> {
        self.control.as_deref()
    }

    /// The policy that it decides by.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Decides a request.
    #[must_use]
    pub fn begin(&self, request: &Request<'_>, now: Now) -> Step {
        self.settle(&self.pipeline(request, now, Waited::Nothing))
    }

    /// Goes on with a decision when what it needs is in hand, or the time for it is over. It may ask
    /// for what comes later, and never for the same again. An answer to another request's question
    /// is none.
    #[must_use]
    pub fn resume(&self, pending: &Pending, answer: Option<&Answer>, now: Now) -> Step {
        let request = pending.request();
        self.settle(&Pipeline { answer, ..self.pipeline(&request, now, pending.waited) })
    }

    /// The account of a decision whose client left before it was settled.
    #[must_use]
    pub fn abandon(&self, pending: &Pending, now: Now) -> Denial {
        let request = pending.request();
        let verdict = Verdict::Deny(Refusal::Abandoned);
        let pipeline = self.pipeline(&request, now, pending.waited);
        let account = self.account(&pipeline, Facts::default(), verdict);
        Denial::new(&self.policy, &Refusal::Abandoned, account)
    }

    /// Takes a permit back, because the body that has come is longer than its route's limit.
    #[must_use]
    pub fn refuse_body(&self, permit: &Permit, limit: u64) -> Denial {
        let refusal = Refusal::Limit(LimitError::Body { limit });
        let verdict = Verdict::Deny(refusal.clone());
        let account = Account { verdict, ..permit.account().clone() };
        Denial::new(&self.policy, &refusal, account)
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

    fn pipeline<'a>(&'a self, request: &'a Request<'a>, now: Now, waited: Waited) -> Pipeline<'a> {
        Pipeline {
            policy: &self.policy,
            verifier: &*self.verifier,
            tokens: &self.tokens,
            ring: &self.ring,
            control: self.control.as_deref().map(|control| control.look(now.monotonic)),
            directory: self.directory.as_deref(),
            answer: None,
            request,
            now,
            waited,
            #[cfg(feature = "what-if")]
            stated: None,
        }
    }

    fn settle(&self, pipeline: &Pipeline<'_>) -> Step {
        let mut facts = Facts::default();
        match pipeline.run(&mut facts) {
            Ok(Some(granted)) => self.conclude(pipeline, facts, Ok(granted)),
            Ok(None) => Step::Off,
            Err(Stop::Refused(refusal)) => self.conclude(pipeline, facts, Err(refusal)),
            Err(Stop::Needs(need)) => {
                Step::Ask(Pending::new(pipeline.request, Waited::from(&need)), need)
            }
        }
    }

    fn account(&self, pipeline: &Pipeline<'_>, facts: Facts, verdict: Verdict) -> Account {
        let Pipeline { request, now, control, .. } = pipeline;
        let route = facts.route.and_then(|id| self.policy.route(id));
        let mode = mode_of(request, route.as_ref());
        let (ids, is_grpc) = (request.ids, request.is_grpc());
        let basis = Basis::of(*control, facts.was_asked);
        Account { ids, mode, is_grpc, at: now.wall, basis, facts, verdict }
    }

    fn conclude(
        &self,
        pipeline: &Pipeline<'_>,
        facts: Facts,
        outcome: Result<pipeline::Granted, Refusal>,
    ) -> Step {
        let request = pipeline.request;
        let verdict = match &outcome {
            Ok(granted) => granted.verdict(),
            Err(refusal) => Verdict::Deny(refusal.clone()),
        };
        let account = self.account(pipeline, facts, verdict);
        if account.mode == Mode::Shadow {
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
            Err(refusal) => Step::Deny(Denial::new(&self.policy, &refusal, account)),
        }
    }
}

/// How far the gate is rolled out for a request: as its route in the proxy says, then as its route
/// in the policy says. What neither says is enforced.
fn mode_of(request: &Request<'_>, route: Option<&RouteRow<'_>>) -> Mode {
    request.mode.or_else(|| route.map(RouteRow::mode)).unwrap_or(Mode::Enforce)
}
