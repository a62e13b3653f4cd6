//! The verified-token cache: bearers by their whole token.
//!
//! Only tokens that passed every check of their own get in, so nobody without a valid token can
//! fill it. It is bounded by weight and evicts as S3-FIFO does: what was used once goes before what is
//! used often, so a flood of distinct tokens does not push the busy ones out all at once. An entry
//! never outlives its token's times or its issuer's keys; a new policy begins with an empty cache.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quick_cache::Weighter;
use quick_cache::unsync::Cache;

use super::bearer::Bearer;
use crate::bytes::same;
use crate::time::UnixTime;
use crate::trust::IssuerId;

/// What an entry takes beside its token and bearer, in bytes.
const ENTRY_OVERHEAD: usize = 64;
/// How many entries to expect when no better is known.
const EXPECTED_ENTRIES: usize = 8 * 1024;

/// How much of a token's end is hashed, in bytes: part of the signature, which nobody chooses.
const HASHED_TAIL: usize = 64;

type Entries = Cache<TokenText, Arc<Bearer>, ByBytes, Seeded>;

/// A whole token. Equal only to itself; hashed by its end, which is as good as random.
struct TokenText(Box<[u8]>);

impl Hash for TokenText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Presented(&self.0).hash(state);
    }
}

impl PartialEq for TokenText {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for TokenText {}

/// A token that is looked up.
struct Presented<'a>(&'a [u8]);

impl Hash for Presented<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let bytes = self.0;
        let tail = bytes.len().saturating_sub(HASHED_TAIL);
        state.write(bytes.get(tail..).unwrap_or(bytes));
    }
}

impl quick_cache::Equivalent<TokenText> for Presented<'_> {
    fn equivalent(&self, key: &TokenText) -> bool {
        same(self.0, &key.0)
    }
}

/// The cache.
pub(super) struct TokenCache {
    /// None if nothing is to be kept.
    entries: Option<Mutex<Entries>>,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<TokenText, Arc<Bearer>> for ByBytes {
    fn weight(&self, token: &TokenText, bearer: &Arc<Bearer>) -> u64 {
        u64::try_from(token.0.len() + bearer.weight() + ENTRY_OVERHEAD).unwrap_or(u64::MAX)
    }
}

/// SipHash that begins with a seed, so that nobody can prepare tokens that collide.
#[derive(Clone)]
struct Seeded(u64);

impl BuildHasher for Seeded {
    type Hasher = std::hash::DefaultHasher;

    fn build_hasher(&self) -> Self::Hasher {
        let mut hasher = Self::Hasher::new();
        self.0.hash(&mut hasher);
        hasher
    }
}

impl TokenCache {
    /// An empty cache of at most `limit` bytes, whose hashes begin with `seed`.
    pub(super) fn new(limit: u64, seed: u64) -> Self {
        let lifecycle = quick_cache::unsync::DefaultLifecycle::default();
        let entries = Cache::with(EXPECTED_ENTRIES, limit, ByBytes, Seeded(seed), lifecycle);
        Self { entries: (limit > 0).then(|| Mutex::new(entries)) }
    }

    /// The bearer of this very token, if it is known and its times still hold.
    pub(super) fn get(&self, token: &[u8], now: UnixTime) -> Option<Arc<Bearer>> {
        let mut entries = self.lock()?;
        let bearer = Arc::clone(entries.get(&Presented(token))?);
        if bearer.is_valid_at(now) {
            return Some(bearer);
        }
        entries.remove(&Presented(token));
        None
    }

    /// Forgets what was verified by an issuer's former keys.
    pub(super) fn forget(&self, issuer: IssuerId) {
        if let Some(mut entries) = self.lock() {
            entries.retain(|_, bearer| bearer.issuer != issuer);
        }
    }

    /// Keeps a bearer.
    pub(super) fn insert(&self, token: &str, bearer: Arc<Bearer>) {
        if let Some(mut entries) = self.lock() {
            entries.insert(TokenText(token.as_bytes().into()), bearer);
        }
    }

    fn lock(&self) -> Option<MutexGuard<'_, Entries>> {
        let entries = self.entries.as_ref()?;
        Some(entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tokens = self.lock().map(|entries| entries.len());
        f.debug_struct("TokenCache").field("tokens", &tokens).finish_non_exhaustive()
    }
}
