//! The policies, each over the same keys and weights, each held to the same memory.

use std::collections::{HashMap, VecDeque};

use lru::LruCache;
use quick_cache::Weighter;
use quick_cache::unsync::{Cache, DefaultLifecycle};

type State = std::collections::hash_map::RandomState;

/// A cache of tokens, by their number, that holds at most its memory's worth of them.
pub(crate) trait Policy {
    /// Looks a token up and keeps it if it was not there. Whether it was.
    fn touch(&mut self, token: u64, weight: u64) -> bool;

    /// The weight of all that is kept.
    fn memory(&self) -> u64;
}

/// `quick_cache`, set up as the core does.
pub(crate) struct S3Fifo(Cache<u64, u64, OwnWeight, State>);

#[derive(Clone)]
struct OwnWeight;

impl Weighter<u64, u64> for OwnWeight {
    fn weight(&self, _: &u64, weight: &u64) -> u64 {
        *weight
    }
}

impl S3Fifo {
    pub(crate) fn new(memory: u64) -> Self {
        let lifecycle = DefaultLifecycle::default();
        Self(Cache::with(8 * 1024, memory, OwnWeight, State::new(), lifecycle))
    }
}

impl Policy for S3Fifo {
    fn touch(&mut self, token: u64, weight: u64) -> bool {
        let is_known = self.0.get(&token).is_some();
        if !is_known {
            self.0.insert(token, weight);
        }
        is_known
    }

    fn memory(&self) -> u64 {
        self.0.weight()
    }
}

/// Least recently used.
pub(crate) struct Lru {
    entries: LruCache<u64, u64>,
    memory: u64,
    limit: u64,
}

impl Lru {
    pub(crate) fn new(limit: u64) -> Self {
        Self { entries: LruCache::unbounded(), memory: 0, limit }
    }
}

impl Policy for Lru {
    fn touch(&mut self, token: u64, weight: u64) -> bool {
        if self.entries.get(&token).is_some() {
            return true;
        }
        self.memory += weight;
        while self.memory > self.limit
            && let Some((_, oldest)) = self.entries.pop_lru()
        {
            self.memory -= oldest;
        }
        self.entries.put(token, weight);
        false
    }

    fn memory(&self) -> u64 {
        self.memory
    }
}

/// First in, first out: use keeps nothing.
pub(crate) struct Fifo {
    entries: HashMap<u64, u64>,
    order: VecDeque<u64>,
    memory: u64,
    limit: u64,
}

impl Fifo {
    pub(crate) fn new(limit: u64) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), memory: 0, limit }
    }
}

impl Policy for Fifo {
    fn touch(&mut self, token: u64, weight: u64) -> bool {
        if self.entries.contains_key(&token) {
            return true;
        }
        self.memory += weight;
        while self.memory > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.memory -= self.entries.remove(&oldest).unwrap_or_default();
        }
        self.order.push_back(token);
        self.entries.insert(token, weight);
        false
    }

    fn memory(&self) -> u64 {
        self.memory
    }
}
