//! One configured plugin in one VM: the engine that decides, the fetcher of its keys if the policy
//! has keys at endpoints, and the follower of the control service if there is one.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tenantguard::artifact::Policy;
use tenantguard::control::ReplicaKey;
use tenantguard::gate::Gate;
use tenantguard::replica::Answer;
use tenantguard::token::{Algorithm, PureRust, Verifier};
use tenantguard::trust::Issuer;

use crate::config::Configuration;
use crate::control::{Answered, Controller};
use crate::engine::Engine;
use crate::host_verifier::HostVerifier;
use crate::ids::IdSource;
use crate::keys::KeyFetcher;
use crate::metrics::Metrics;
use crate::stream::Shared;
use crate::{clock, host};

/// How often a VM looks whether there is something to do.
const TICK: Duration = Duration::from_millis(100);
/// When there is something to do soon.
const SOON: Duration = Duration::from_millis(5);

/// What a host must give, and does not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostLacks {
    #[error("the host gives no randomness: {0}")]
    Randomness(getrandom::Error),
    /// Leases are counted by it, and looks at the bell.
    #[error(
        "the host's monotonic clock cannot be read, without which no control service can be followed"
    )]
    Clock,
}

pub(crate) struct Plugin {
    pub(crate) engine: Rc<Engine>,
    pub(crate) keys: Option<KeyFetcher>,
    /// Apart, as most decisions do without.
    pub(crate) control: Option<Box<Controller>>,
    period: Cell<Duration>,
    /// When the next tick is due.
    next: Cell<Duration>,
}

/// The guest does without the arithmetic of P-384.
fn warn_of_es384(policy: &Policy) {
    let takes = |issuer: &Issuer| issuer.algorithms.contains(&Algorithm::Es384);
    if policy.issuers().any(|(_, issuer)| takes(issuer)) {
        log::warn!("this host verifies no signatures: tokens that are signed by ES384 are refused");
    }
}

impl Plugin {
    /// Sets a plugin up as it is configured; its policy has been made ready since `begun`.
    ///
    /// # Errors
    /// [`HostLacks`]
    pub(crate) fn new(configuration: Configuration, begun: Instant) -> Result<Self, HostLacks> {
        let Configuration { policy, control } = configuration;
        if control.is_some() && !clock::is_shared() {
            return Err(HostLacks::Clock);
        }
        let ids = IdSource::seeded().map_err(HostLacks::Randomness)?;
        let (verifier, signatures): (Arc<dyn Verifier>, _) = match HostVerifier::detect() {
            Some(verifier) => (Arc::new(verifier), "the host"),
            None => {
                warn_of_es384(&policy);
                (Arc::new(PureRust), "the guest")
            }
        };
        let digest = policy.digest();
        let millis = begun.elapsed().as_millis();
        log::info!("ready in {millis} ms, policy {digest}, signatures verified by {signatures}");
        let (seed, instance) = (ids.private_seed(), ids.instance());
        let gate = Gate::with_verifier(policy, verifier, seed);
        let gate = match &control {
            Some(_) => gate.with_control(ReplicaKey::new(ids.replica_key())),
            None => {
                log::info!("no control service: the policy alone decides, nothing can be revoked");
                gate
            }
        };
        let engine = Rc::new(Engine::new(gate, ids, Metrics::define()));
        let fetches = !engine.gate.ring().is_empty();
        let keys = fetches.then(|| KeyFetcher::new(Rc::clone(&engine), digest, &instance));
        if let Some(keys) = &keys {
            // What other VMs have fetched is there at once.
            keys.take_notices();
        }
        let control =
            control.map(|it| Box::new(Controller::new(Rc::clone(&engine), &it, &instance)));
        let period = if control.is_some() { SOON } else { TICK };
        host::set_tick_period(period);
        Ok(Self { engine, keys, control, period: Cell::new(period), next: Cell::default() })
    }

    /// Has the copy of the control state be as new as a decision needs it.
    pub(crate) fn follow(&self, now: Duration) {
        let is_level = self.engine.gate.control().is_none_or(|copy| copy.is_level(now));
        if !is_level && let Some(control) = &self.control {
            control.follow(now);
        }
    }

    /// Fetches and follows what there is, resumes what has waited, and ends what is over. `root` is
    /// the root context's id.
    pub(crate) fn tick(&self, root: u32) {
        self.engine.metrics.tell();
        if let Some(keys) = &self.keys {
            keys.tick();
        }
        if let Some(control) = &self.control {
            let period = control.tick().map_or(TICK, |wait| wait.min(TICK));
            self.next.set(self.engine.now().monotonic + period);
            self.set_period(period);
            let overdue = control.take_overdue().into_iter();
            self.resume(root, overdue.map(|it| (it.id, it.stream, Some(it.answer))));
        }
        self.resume_waiting(root);
        self.end_streams(root);
    }

    /// Takes the answer to a call.
    pub(crate) fn on_response(&self, root: u32, call: u32, headers: usize, body: usize) {
        if let Some(keys) = &self.keys {
            keys.on_response(call, headers, body);
        }
        let answered = self.control.as_ref().and_then(|it| it.on_response(call, headers, body));
        if let Some(wait) = self.control.as_ref().and_then(|it| it.wait()) {
            self.come_sooner(wait);
        }
        if let Some(Answered { id, stream, answer }) = answered {
            self.resume(root, std::iter::once((id, stream, Some(answer))));
        }
        self.resume_waiting(root);
    }

    /// Has the next tick come after this time, if it would come later. One that is due already is
    /// left alone: a period that is set anew begins anew, and many answers would put it off for ever.
    fn come_sooner(&self, wait: Duration) {
        let at = self.engine.now().monotonic + wait;
        if at < self.next.get() {
            self.next.set(at);
            self.set_period(wait);
        }
    }

    fn set_period(&self, period: Duration) {
        if self.period.replace(period) != period {
            host::set_tick_period(period);
        }
    }

    /// Lets other VMs do what this one did for all of them. There are no streams any more.
    pub(crate) fn retire(&self) {
        self.engine.metrics.tell();
        if let Some(control) = &self.control {
            control.retire();
        }
    }

    fn resume_waiting(&self, root: u32) {
        let ready = self.engine.waiting.take_ready(self.engine.now().monotonic).into_iter();
        self.resume(root, ready.map(|(id, stream)| (id, stream, None)));
    }

    fn resume(&self, root: u32, ready: impl Iterator<Item = (u32, Rc<Shared>, Option<Answer>)>) {
        let mut is_elsewhere = false;
        for (id, stream, answer) in ready {
            if host::enter_context(id) {
                stream.resume(answer.as_ref());
                is_elsewhere = true;
            }
        }
        if is_elsewhere {
            host::enter_context(root);
        }
    }

    fn end_streams(&self, root: u32) {
        let ended = self.engine.open.take_ended(self.engine.now());
        for id in &ended {
            if host::enter_context(*id) {
                self.engine.metrics.count_ended();
                host::end_stream();
            }
        }
        if !ended.is_empty() {
            host::enter_context(root);
        }
    }
}
