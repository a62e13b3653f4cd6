//! Tokens: who one speaks for, by the policy's own rules and keys.
//!
//! The gate decides, as it does in a proxy. This adds what a proxy's host gives it there: a clock,
//! and keys from the endpoints that the policy names.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tenantguard::artifact::Policy;
use tenantguard::decision::Refusal;
use tenantguard::gate::{Gate, Identity, Need, Unidentified};
use tenantguard::time::{Now, UnixTime};
use tokio::sync::Notify;

/// How long a token may wait for keys.
const WAIT: Duration = Duration::from_secs(2);

/// Identifies the bearers of tokens.
pub struct Tokens {
    gate: Gate,
    started: Instant,
    /// Somebody wants keys.
    pub(super) wanted: Notify,
    /// Keys have come, or have failed to.
    pub(super) answered: Notify,
}

impl Tokens {
    /// By this policy. `seed` is random: it spreads the fetches of keys of several services.
    #[must_use]
    pub fn new(policy: Arc<Policy>, seed: u64) -> Self {
        let gate = Gate::with_verifier(policy, Arc::new(tenantguard::token::PureRust), seed);
        Self { gate, started: Instant::now(), wanted: Notify::new(), answered: Notify::new() }
    }

    /// The policy's gate.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now { wall: UnixTime::from_duration(wall), monotonic: self.started.elapsed() }
    }

    /// Who a token speaks for. Waits at most two seconds for its issuer's keys.
    ///
    /// # Errors
    /// [`Refusal`]
    pub async fn identify(&self, token: &str) -> Result<Identity, Refusal> {
        let answered = self.answered.notified();
        tokio::pin!(answered);
        answered.as_mut().enable();
        match self.gate.identify(token, self.now(), false) {
            Ok(identity) => return Ok(identity),
            Err(Unidentified::Refused(refusal)) => return Err(refusal),
            Err(Unidentified::Needs(Need::Keys(issuer))) => {
                self.gate.ring().refetch(issuer, self.now().monotonic);
                self.wanted.notify_one();
            }
            // A gate without a copy of the control state needs nothing of it.
            Err(Unidentified::Needs(_)) => return Err(Refusal::KeysUnavailable),
        }
        // Whoever waited in vain gets the refusal that says so.
        let _ = tokio::time::timeout(WAIT, answered).await;
        self.gate.identify(token, self.now(), true).map_err(|error| match error {
            Unidentified::Refused(refusal) => refusal,
            Unidentified::Needs(_) => Refusal::KeysUnavailable,
        })
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("policy", &self.gate.policy().digest())
            .finish_non_exhaustive()
    }
}
