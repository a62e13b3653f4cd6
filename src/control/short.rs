//! The 64 bits by which a replica keeps what a revocation names, and the key that nobody else has.

use std::fmt;
use std::hash::Hasher as _;
use std::num::NonZeroU64;

use siphasher::sip::SipHasher13;

use super::handle::{HandleKind, Target};
use super::hash::HandleHash;

/// 64 bits that stand for a target, or for names. As good as random, and never zero, so that a place
/// without one takes no more memory than a place with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Short(NonZeroU64);

impl Short {
    /// From a hash. Two of all hashes become one short.
    #[must_use]
    pub const fn new(hash: u64) -> Self {
        match NonZeroU64::new(hash) {
            Some(hash) => Self(hash),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// The first `bits` of its bits as a number.
    pub(crate) fn first(self, bits: u32) -> usize {
        // Without bits the shift would be by 64.
        let first = self.0.get().checked_shr(u64::BITS - bits).unwrap_or(0);
        usize::try_from(first).unwrap_or(0)
    }

    /// Which of `count` places is its own, by the bits behind the first `bits`: of two shorts the
    /// greater has the same or a later one. At most 2^32 places.
    pub(crate) fn place_among(self, count: usize, bits: u32) -> usize {
        let rest = (self.0.get() << bits) >> 32;
        usize::try_from((rest * count as u64) >> 32).unwrap_or(0)
    }
}

/// The key under which a replica shortens targets to 64 bits. Nobody outside knows it, so nobody
/// can look for a target that collides with another's.
#[derive(Clone, Copy)]
pub struct ReplicaKey([u8; 16]);

impl ReplicaKey {
    /// From 16 random bytes.
    #[must_use]
    pub const fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// What stands for a target in a replica (SipHash-1-3).
    #[must_use]
    pub fn short(&self, target: &Target) -> Short {
        let tenant = target.tenant().map(|tenant| self.short_of_tenant(tenant.as_str()));
        self.short_of(tenant, target.kind(), &target.hash())
    }

    /// What stands for a tenant's name.
    pub(crate) fn short_of_tenant(&self, name: &str) -> Short {
        self.short_of_names([name, ""])
    }

    /// What stands for one name or two. Nothing in a name is a zero byte.
    pub(crate) fn short_of_names(&self, [first, second]: [&str; 2]) -> Short {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        for part in [&[0], first.as_bytes(), &[0], second.as_bytes()] {
            hasher.write(part);
        }
        Short::new(hasher.finish())
    }

    /// What stands for a target, given what stands for its tenant.
    pub(crate) fn short_of(
        &self,
        tenant: Option<Short>,
        kind: HandleKind,
        hash: &HandleHash,
    ) -> Short {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        // Whole words first, which it takes at once.
        let (words, _) = hash.as_bytes().as_chunks();
        words.iter().for_each(|word| hasher.write_u64(u64::from_le_bytes(*word)));
        hasher.write_u64(tenant.map_or(0, |Short(tenant)| tenant.get()));
        hasher.write_u8(kind as u8);
        Short::new(hasher.finish())
    }
}

impl fmt::Debug for ReplicaKey {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplicaKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::handle::Handle;
    use super::*;
    use crate::identity::TenantId;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).unwrap()
    }

    #[test]
    fn a_hash_under_another_tenant_hits_nothing() {
        let hash = Handle::Session { issuer: "i", tenant: &tenant("acme"), sid: "1" }.hash();
        let key = ReplicaKey::new([7; 16]);
        let acme = key.short(&Target::Session { tenant: tenant("acme"), hash });
        assert_ne!(acme, key.short(&Target::Session { tenant: tenant("globex"), hash }));
        assert_ne!(acme, key.short(&Target::Token { tenant: tenant("acme"), hash }));
        assert_ne!(
            acme,
            ReplicaKey::new([8; 16]).short(&Target::Session { tenant: tenant("acme"), hash })
        );
    }

    #[test]
    fn a_greater_short_has_the_same_place_or_a_later_one() {
        let shorts = [0, 1, 2, 1 << 31, 1 << 32, 1 << 53, (1 << 54) - 1].map(Short::new);
        for (bits, count) in [(0, 1), (0, 240), (10, 8_000), (10, 1 << 31)] {
            let places = shorts.map(|short| short.place_among(count, bits));
            assert!(places.is_sorted() && places.iter().all(|place| *place < count), "{places:?}");
            assert_eq!(Short::new(u64::MAX).place_among(count, bits), count - 1);
        }
        assert_eq!([0, 1, 10].map(|bits| Short::new(u64::MAX).first(bits)), [0, 1, 1023]);
    }
}
