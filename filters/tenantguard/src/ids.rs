//! Ids that no other request has: the key stream of ChaCha20 (RFC 8439) under a seed that the host
//! gives each VM once, so that there is no call for randomness per request. Whoever has seen any
//! number of ids can neither tell the next one nor another VM's, and 128 bits do not come twice.

use std::cell::RefCell;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use tenantguard::request::RequestIds;

/// Makes ids.
pub(crate) struct IdSource {
    stream: RefCell<ChaCha20Rng>,
    instance: u64,
    private_seed: u64,
    replica_key: [u8; 16],
}

impl IdSource {
    /// Seeds from the host's randomness.
    pub(crate) fn seeded() -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        let mut stream = ChaCha20Rng::from_seed(seed);
        let (instance, private_seed) = (stream.next_u64(), stream.next_u64());
        let mut replica_key = [0; 16];
        stream.fill_bytes(&mut replica_key);
        Ok(Self { stream: RefCell::new(stream), instance, private_seed, replica_key })
    }

    /// The ids of the next request.
    pub(crate) fn next(&self) -> RequestIds {
        let mut entropy = [0; 32];
        self.stream.borrow_mut().fill_bytes(&mut entropy);
        RequestIds::from_entropy(entropy)
    }

    /// Names this VM among all VMs: 16 hexadecimal digits.
    pub(crate) fn instance(&self) -> String {
        format!("{:016x}", self.instance)
    }

    /// The key of this VM's copy of the control state.
    pub(crate) fn replica_key(&self) -> [u8; 16] {
        self.replica_key
    }

    /// A number that nobody outside can know.
    pub(crate) fn private_seed(&self) -> u64 {
        self.private_seed
    }
}
