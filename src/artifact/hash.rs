//! The hash behind an artifact's indices. It is part of the format: another one needs another
//! [`VERSION`](super::layout::VERSION).
//!
//! It need not resist anybody. An index has one place for each name that was compiled, and a look-up
//! compares the one name that could be meant, so names that collide cost nothing. It is fast where
//! multiplying 64 bits is, in a guest too.

use crate::bytes::last_word;

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
const FINISHER: u64 = 0xbf58_476d_1ce4_e5b9;

/// The hash of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameHash(u64);

impl NameHash {
    /// Hashes a name; `salt` tells equal names in different places apart.
    #[must_use]
    #[inline]
    pub fn of(seed: u64, salt: u32, name: &[u8]) -> Self {
        let length = u64::try_from(name.len()).unwrap_or(u64::MAX);
        let mut state = seed ^ u64::from(salt).wrapping_mul(FINISHER) ^ length;
        for word in name.as_chunks().0 {
            state = (state ^ u64::from_le_bytes(*word)).wrapping_mul(MULTIPLIER).rotate_left(32);
        }
        // Beside the chain of the others, so that a processor works on both at once.
        state ^= (last_word(name) ^ seed).wrapping_mul(FINISHER);
        Self((state ^ (state >> 32)).wrapping_mul(FINISHER))
    }

    /// The bucket of the name, of `count`.
    #[must_use]
    #[inline]
    pub fn bucket(self, count: u32) -> u32 {
        reduce(self.0, count)
    }

    /// The slot of the name, of `count`, with its bucket's displacement: names that share a bucket
    /// move by steps of their own.
    #[must_use]
    #[inline]
    pub fn slot(self, displacement: u32, count: u32) -> u32 {
        let moved = u64::from(displacement).wrapping_mul(self.0 | 1);
        reduce(self.0.rotate_left(32).wrapping_add(moved), count)
    }
}

/// The upper half of the hash, scaled to `0..count`.
#[inline]
fn reduce(hash: u64, count: u32) -> u32 {
    let scaled = (hash >> 32).wrapping_mul(u64::from(count)) >> 32;
    u32::try_from(scaled).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Whatever changes these figures changes the format.
    #[test]
    fn a_name_has_the_hash_that_artifacts_were_made_with() {
        for (seed, salt, name, bucket, slot) in [
            (0, 0, "", 0, 0),
            (0, 0, "acme", 705, 505),
            (1, 0, "acme", 747, 772),
            (0, 7, "acme", 401, 942),
            (3, 0, "tenant-00042", 611, 465),
            (0, 0, "reports", 744, 487),
        ] {
            let hash = NameHash::of(seed, salt, name.as_bytes());
            assert_eq!((hash.bucket(1000), hash.slot(5, 1000)), (bucket, slot), "{name:?}");
        }
    }
}
