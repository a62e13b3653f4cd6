//! Ids that no other request has: a random seed of the VM, hashed with a counter. One call for
//! randomness at start, none per request.

use std::cell::Cell;

use sha2::{Digest as _, Sha256};
use tenantguard::request::RequestIds;

/// Makes ids.
pub(crate) struct IdSource {
    seed: [u8; 32],
    counter: Cell<u64>,
}

impl IdSource {
    /// Seeds from the host's randomness.
    pub(crate) fn seeded() -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self { seed, counter: Cell::new(0) })
    }

    /// The ids of the next request.
    pub(crate) fn next(&self) -> RequestIds {
        self.counter.set(self.counter.get() + 1);
        RequestIds::from_entropy(self.hash(b"request", self.counter.get()))
    }

    /// Names this VM among all VMs: 16 hexadecimal digits.
    pub(crate) fn instance(&self) -> String {
        let digest = self.hash(b"instance", 0);
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A number that nobody outside can know.
    pub(crate) fn private_seed(&self) -> u64 {
        let digest = self.hash(b"private", 0);
        digest.iter().take(8).fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
    }

    fn hash(&self, purpose: &[u8], counter: u64) -> [u8; 32] {
        let hash = Sha256::new_with_prefix(self.seed);
        hash.chain_update(purpose).chain_update(counter.to_be_bytes()).finalize().into()
    }
}
