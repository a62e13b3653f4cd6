//! Tokens: who one speaks for, by the policy's own rules and keys.
//!
//! The gate decides, as it does in a proxy. This adds what a proxy's host gives it there: a clock,
//! and keys from the endpoints that the policy names; and the service's own directory in the place of
//! a proxy's copy of it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Mutex, RwLock};
use tenantguard::artifact::Policy;
use tenantguard::control::{TenantEntry, TenantStatus};
use tenantguard::decision::Refusal;
use tenantguard::gate::{Directory, Gate, Identity, Need, Unidentified};
use tenantguard::identity::TenantId;
use tenantguard::keyring::FetchAnswer;
use tenantguard::time::{Now, UnixTime};
use tenantguard::trust::{IssuerKeys, RemoteKeys};
use tokio::sync::Notify;

use crate::state::Control;

/// How long a token may wait for keys.
const WAIT: Duration = Duration::from_secs(2);

/// Identifies the bearers of tokens.
pub struct Tokens {
    gate: RwLock<Arc<Gate>>,
    newcomers: Arc<Newcomers>,
    seed: u64,
    started: Instant,
    /// What key endpoints answered last.
    fetched: Mutex<HashMap<Endpoint, Fetched>>,
    /// Somebody wants keys.
    pub(super) wanted: Notify,
    /// Keys have come, or have failed to.
    pub(super) answered: Notify,
}

/// A cluster and a path.
type Endpoint = (Box<str>, Box<str>);

/// An answer of a key endpoint.
pub(super) struct Fetched {
    pub(super) body: Vec<u8>,
    pub(super) etag: Option<String>,
    pub(super) max_age: Option<Duration>,
    /// When it was asked for, on the monotonic clock.
    pub(super) at: Duration,
}

impl Tokens {
    /// By this policy. `seed` is random: it spreads the fetches of keys of several services.
    #[must_use]
    pub fn new(policy: Arc<Policy>, seed: u64) -> Self {
        let newcomers = Arc::new(Newcomers::default());
        Self {
            gate: RwLock::new(Arc::new(gate(policy, seed, &newcomers))),
            newcomers,
            seed,
            started: Instant::now(),
            fetched: Mutex::default(),
            wanted: Notify::new(),
            answered: Notify::new(),
        }
    }

    /// The policy's gate, as it is now.
    #[must_use]
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate.read())
    }

    /// By another policy from now on. Keys of endpoints that it names too are kept: its issuers may
    /// be out of reach at this moment.
    pub fn replace(&self, policy: Arc<Policy>) {
        let gate = gate(policy, self.seed, &self.newcomers);
        let (fetched, now) = (self.fetched.lock(), self.now());
        for (id, issuer) in gate.policy().issuers() {
            let IssuerKeys::Remote(source) = &issuer.keys else { continue };
            let endpoint = (source.cluster.clone(), source.path.clone());
            let Some(Fetched { body, etag, max_age, at }) = fetched.get(&endpoint) else {
                continue;
            };
            let etag = etag.as_deref();
            let answer = FetchAnswer::Body { body, etag, max_age: *max_age };
            // They were good keys when they came; if not, they are fetched like any others.
            let _ = gate.take_keys(id, &answer, now.monotonic.saturating_sub(*at), now);
        }
        drop(fetched);
        *self.gate.write() = Arc::new(gate);
        self.wanted.notify_one();
    }

    /// Knows the tenants of this directory too, from now on.
    pub fn look_into(&self, control: Control) {
        // Whoever comes second has the same one.
        let _ = self.newcomers.0.set(control);
    }

    pub(super) fn remember(&self, source: &RemoteKeys, answer: Fetched) {
        self.fetched.lock().insert((source.cluster.clone(), source.path.clone()), answer);
    }

    pub(super) fn confirm(&self, source: &RemoteKeys, at: Duration) {
        let endpoint = (source.cluster.clone(), source.path.clone());
        if let Some(fetched) = self.fetched.lock().get_mut(&endpoint) {
            fetched.at = at;
        }
    }

    /// Both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now { wall: UnixTime::from_duration(wall), monotonic: self.started.elapsed() }
    }

    /// Whether the token is good for another tenant's data alone.
    #[must_use]
    pub fn is_delegation_token(&self, identity: &Identity) -> bool {
        let gate = self.gate();
        let issuer = gate.policy().find_issuer(&identity.issuer);
        // An issuer that has left the policy just now vouches for nobody.
        issuer.is_none_or(|(_, issuer)| issuer.delegation_tokens)
    }

    /// Who a token speaks for. Waits at most two seconds for its issuer's keys.
    ///
    /// # Errors
    /// [`Refusal`]
    pub async fn identify(&self, token: &str) -> Result<Identity, Refusal> {
        let answered = self.answered.notified();
        tokio::pin!(answered);
        answered.as_mut().enable();
        match self.gate().identify(token, self.now(), false) {
            Ok(identity) => return Ok(identity),
            Err(Unidentified::Refused(refusal)) => return Err(refusal),
            Err(Unidentified::Needs(Need::Keys(issuer))) => {
                self.gate().ring().refetch(issuer, self.now().monotonic);
                self.wanted.notify_one();
            }
            // A gate without a copy of the control state needs nothing of it.
            Err(Unidentified::Needs(_)) => return Err(Refusal::KeysUnavailable),
        }
        // Whoever waited in vain gets the refusal that says so.
        let _ = tokio::time::timeout(WAIT, answered).await;
        self.gate().identify(token, self.now(), true).map_err(|error| match error {
            Unidentified::Refused(refusal) => refusal,
            Unidentified::Needs(_) => Refusal::KeysUnavailable,
        })
    }
}

fn gate(policy: Arc<Policy>, seed: u64, newcomers: &Arc<Newcomers>) -> Gate {
    let gate = Gate::with_verifier(policy, Arc::new(tenantguard::token::PureRust), seed);
    gate.with_directory(newcomers.clone())
}

/// The directory's tenants, once it is open.
#[derive(Default)]
struct Newcomers(OnceLock<Control>);

impl Directory for Newcomers {
    fn tenant(&self, id: &str) -> Option<TenantEntry> {
        let entry = self.0.get()?.tenant(&TenantId::parse(id).ok()?)?;
        (entry.status != TenantStatus::Deleted).then_some(entry)
    }
}

impl fmt::Debug for Newcomers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Newcomers(..)")
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("policy", &self.gate().policy().digest())
            .finish_non_exhaustive()
    }
}
