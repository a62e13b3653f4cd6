//! Comparing short byte strings a word at a time. Names and tokens are compared for every request, and
//! a call into the usual comparison costs more than most of them are long; in a guest it also goes
//! byte by byte.

/// Whether two byte strings are equal.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    let (a_words, b_words) = (a.as_chunks().0, b.as_chunks().0);
    a.len() == b.len()
        && a_words.iter().zip(b_words).all(|(a, b)| word(a) == word(b))
        && last_word(a) == last_word(b)
}

/// The last eight bytes, or all of fewer, without a loop over them: whatever the length, it takes the
/// same time. Together with the length it stands for no other bytes.
#[inline]
pub(crate) fn last_word(bytes: &[u8]) -> u64 {
    if let Some(last) = bytes.last_chunk() {
        return u64::from_le_bytes(*last);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    }
    let at = |index: usize| u64::from(bytes.get(index).copied().unwrap_or(0));
    at(0) | at(bytes.len() / 2) << 8 | at(bytes.len().saturating_sub(1)) << 16
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn bytes_are_the_same_as_themselves_alone() {
        let bytes: Vec<u8> = (0u8..41).collect();
        for length in 0..=bytes.len() {
            let own = &bytes[..length];
            let equal = own.to_vec();
            assert!(same(own, &equal), "{length}");
            for at in 0..length {
                let mut other = own.to_vec();
                other[at] ^= 0x80;
                assert!(!same(own, &other), "{length}, {at}");
            }
            assert!(!same(own, &[own, &[0]].concat()), "{length}");
        }
    }

    #[test]
    fn short_names_that_differ_have_different_last_words() {
        let names = ["", "a", "aa", "aaa", "aba", "aab", "baa", "aaaa", "aaaaa", "aaaab"];
        for (at, name) in names.iter().enumerate() {
            for other in names.iter().skip(at + 1) {
                let differ = name.len() != other.len()
                    || last_word(name.as_bytes()) != last_word(other.as_bytes());
                assert!(differ, "{name:?} {other:?}");
            }
        }
    }
}
