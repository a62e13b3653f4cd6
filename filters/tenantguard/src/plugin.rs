//! One configured plugin in one VM: the engine that decides, and the fetcher of its keys if the
//! policy has keys at endpoints.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tenantguard::artifact::Policy;
use tenantguard::gate::Gate;
use tenantguard::token::{PureRust, Verifier};

use crate::engine::Engine;
use crate::host;
use crate::host_verifier::HostVerifier;
use crate::ids::IdSource;
use crate::keys::{KeyFetcher, TICK};
use crate::metrics::Metrics;

pub(crate) struct Plugin {
    pub(crate) engine: Rc<Engine>,
    pub(crate) keys: Option<KeyFetcher>,
}

impl Plugin {
    /// Sets a plugin up for a policy, which has been made ready since `begun`.
    ///
    /// # Errors
    /// The host gives no randomness.
    pub(crate) fn new(policy: Arc<Policy>, begun: Instant) -> Result<Self, getrandom::Error> {
        let ids = IdSource::seeded()?;
        let (verifier, signatures): (Arc<dyn Verifier>, _) = match HostVerifier::detect() {
            Some(verifier) => (Arc::new(verifier), "the host"),
            None => (Arc::new(PureRust), "the guest"),
        };
        let digest = policy.digest();
        let millis = begun.elapsed().as_millis();
        log::info!("ready in {millis} ms, policy {digest}, signatures verified by {signatures}");
        let (seed, instance) = (ids.private_seed(), ids.instance());
        let gate = Gate::with_verifier(policy, verifier, seed);
        let engine = Rc::new(Engine::new(gate, ids, Metrics::define()));
        let fetches = !engine.gate.ring().is_empty();
        let keys = fetches.then(|| KeyFetcher::new(Rc::clone(&engine), digest, &instance));
        if let Some(keys) = &keys {
            // What other VMs have fetched is there at once.
            keys.take_notices();
            host::set_tick_period(TICK);
        }
        Ok(Self { engine, keys })
    }

    /// Fetches and takes keys, and resumes what has waited. `root` is the root context's id.
    pub(crate) fn tick(&self, root: u32) {
        if let Some(keys) = &self.keys {
            keys.tick();
        }
        self.resume_waiting(root);
    }

    /// Takes the answer to a call.
    pub(crate) fn on_response(&self, root: u32, call: u32, headers: usize, body: usize) {
        if let Some(keys) = &self.keys {
            keys.on_response(call, headers, body);
        }
        self.resume_waiting(root);
    }

    fn resume_waiting(&self, root: u32) {
        let ready = self.engine.waiting.take_ready(self.engine.now().monotonic);
        if ready.is_empty() {
            return;
        }
        for (id, stream) in ready {
            if host::enter_context(id) {
                stream.resume();
            }
        }
        host::enter_context(root);
    }
}
