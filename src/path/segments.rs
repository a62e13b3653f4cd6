//! The segments of a path in its normal form. It is walked more than once for every request, so where
//! its slashes are is found out once, all at a time, and no walk guesses how long a segment is.

use crate::bytes::same;

const ONES: u64 = u64::from_le_bytes([1; 8]);
const LOW_BITS: u64 = u64::from_le_bytes([0x7f; 8]);
const SLASH: u64 = u64::from_le_bytes([b'/'; 8]);
/// Brings the lowest bits of eight bytes side by side, into the highest byte.
const GATHER: u64 = 0x0102_0408_1020_4080;

/// Where the slashes are among the first 64 bytes of a path, a bit each. Few paths are longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slashes(u64);

impl Slashes {
    pub(super) fn of(path: &[u8]) -> Self {
        let (words, rest) = path.as_chunks();
        let mut bits = 0;
        for (word, nth) in words.iter().take(8).zip(0..) {
            bits |= slashes_of(u64::from_le_bytes(*word)) << (8 * nth);
        }
        let last =
            rest.iter().zip(words.len() * 8..).filter(|(byte, at)| **byte == b'/' && *at < 64);
        last.for_each(|(_, at)| bits |= 1 << at);
        Self(bits)
    }
}

/// Which of eight bytes are slashes, a bit each, the first byte's the lowest.
#[inline]
fn slashes_of(word: u64) -> u64 {
    let differs = word ^ SLASH;
    let is_other = ((differs & LOW_BITS) + LOW_BITS) | differs | LOW_BITS;
    ((!is_other >> 7) & ONES).wrapping_mul(GATHER) >> 56
}

/// The segments of a path, left to right.
#[derive(Debug, Clone, Copy)]
pub struct Segments<'p> {
    /// What comes after the last slash that was passed.
    rest: Option<&'p str>,
    /// Where the slashes are in its first `known` bytes.
    slashes: u64,
    known: u32,
}

impl<'p> Segments<'p> {
    /// The segments of a path in its normal form, whose slashes are at hand.
    pub(super) fn of(path: &'p str, Slashes(slashes): Slashes) -> Self {
        Self { rest: path.strip_prefix('/'), slashes: slashes >> 1, known: 63 }
    }

    /// Whether no segment is left.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rest.is_none()
    }

    /// What is left after these segments, if they come next. They are given as they stand in a path,
    /// with slashes between them and none around them.
    #[must_use]
    #[inline]
    pub fn after(self, run: &[u8]) -> Option<Self> {
        let rest = self.rest?;
        let (first, left) = rest.as_bytes().split_at_checked(run.len())?;
        match left.first() {
            Some(byte) if *byte != b'/' => None,
            _ if !same(first, run) => None,
            None => Some(Self { rest: None, ..self }),
            Some(_) => Some(self.behind(rest, run.len())),
        }
    }

    /// What is left behind the slash at a place of the rest.
    #[inline]
    fn behind(self, rest: &'p str, slash: usize) -> Self {
        let passed = u32::try_from(slash + 1).unwrap_or(u32::MAX);
        Self {
            rest: rest.get(slash + 1..),
            slashes: self.slashes.checked_shr(passed).unwrap_or(0),
            known: self.known.saturating_sub(passed),
        }
    }

    /// Where the next slash is, beyond what is known of the rest.
    #[cold]
    fn search(&self, rest: &str) -> Option<usize> {
        let known = self.known as usize;
        let at = rest.as_bytes().iter().skip(known).position(|byte| *byte == b'/')?;
        Some(known + at)
    }
}

impl<'p> Iterator for Segments<'p> {
    type Item = &'p str;

    #[inline]
    fn next(&mut self) -> Option<&'p str> {
        let rest = self.rest?;
        let slash = match self.slashes {
            0 if rest.len() > self.known as usize => self.search(rest),
            0 => None,
            slashes => Some(slashes.trailing_zeros() as usize),
        };
        match slash {
            Some(slash) => {
                *self = self.behind(rest, slash);
                rest.get(..slash)
            }
            None => self.rest.take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn segments(path: &str) -> Segments<'_> {
        Segments::of(path, Slashes::of(path.as_bytes()))
    }

    #[test]
    fn segments_are_what_stands_between_slashes() {
        for path in
            ["/", "/a", "/a/", "/a/b", "/1234567/x", "/12345678/x", "/123456789/x", "/a.0/p/.../0"]
        {
            let expected: Vec<&str> = path.split('/').skip(1).collect();
            assert_eq!(segments(path).collect::<Vec<_>>(), expected, "{path}");
        }
        // Bytes that differ from a slash in one bit, before and behind one.
        for byte in ['.', '-', '+', '\'', '?', '\u{f}', 'o'] {
            let path = format!("/{byte}{byte}/{byte}{byte}{byte}{byte}{byte}/");
            let expected: Vec<&str> = path.split('/').skip(1).collect();
            assert_eq!(segments(&path).collect::<Vec<_>>(), expected, "{path:?}");
        }
    }

    #[test]
    fn a_run_of_segments_is_passed_as_a_whole_or_not_at_all() {
        for (path, run, left) in [
            ("/api/v1/x", "api/v1", Some(vec!["x"])),
            ("/api/v1/", "api/v1", Some(vec![""])),
            ("/api/v1", "api/v1", Some(vec![])),
            ("/api/v1", "api/v1/", None),
            ("/api/v1/", "api/v1/", Some(vec![])),
            ("/api/v12", "api/v1", None),
            ("/api", "api/v1", None),
            ("/apj/v1", "api/v1", None),
            ("/", "", Some(vec![])),
            ("/a", "", None),
        ] {
            let after = segments(path).after(run.as_bytes());
            assert_eq!(after.map(Iterator::collect::<Vec<_>>), left, "{path} after {run}");
        }
    }

    #[test]
    fn a_path_of_any_length_has_the_same_segments_as_by_splitting_it() {
        for length in 1..200 {
            for step in 1..20 {
                let byte = |at| if at % step == 0 { '/' } else { 'x' };
                let path: String = (0..length).map(byte).collect();
                let expected: Vec<&str> = path.split('/').skip(1).collect();
                assert_eq!(segments(&path).collect::<Vec<_>>(), expected, "{path}");
            }
        }
    }
}
