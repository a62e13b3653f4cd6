//! The segments of a path in its normal form. It is walked more than once for every request.

/// Where the first slash is. Segments are short: eight bytes at a time, without the preparations
/// that a search in long texts makes.
#[inline]
fn find_slash(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const SLASHES: u64 = u64::from_le_bytes([b'/'; 8]);
    let (words, rest) = bytes.as_chunks();
    for (word, nth) in words.iter().zip(0..) {
        // A byte that is zero here is a slash there; the lowest one that is found is one.
        let differs = u64::from_le_bytes(*word) ^ SLASHES;
        let zeros = differs.wrapping_sub(ONES) & !differs & (ONES << 7);
        if zeros != 0 {
            return Some(nth * 8 + zeros.trailing_zeros() as usize / 8);
        }
    }
    let in_rest = rest.iter().position(|byte| *byte == b'/');
    in_rest.map(|at| words.len() * 8 + at)
}

/// The segments of a path, left to right.
#[derive(Debug, Clone)]
pub struct Segments<'p> {
    /// What comes after the last slash that was passed.
    rest: Option<&'p str>,
}

impl<'p> Segments<'p> {
    /// The segments of a path in its normal form.
    pub(super) fn of(path: &'p str) -> Self {
        Self { rest: path.strip_prefix('/') }
    }
}

impl<'p> Iterator for Segments<'p> {
    type Item = &'p str;

    #[inline]
    fn next(&mut self) -> Option<&'p str> {
        let rest = self.rest?;
        match find_slash(rest.as_bytes()) {
            Some(end) => {
                self.rest = rest.get(end + 1..);
                rest.get(..end)
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

    #[test]
    fn segments_are_what_stands_between_slashes() {
        for path in
            ["/", "/a", "/a/", "/a/b", "/1234567/x", "/12345678/x", "/123456789/x", "/a.0/p/.../0"]
        {
            let expected: Vec<&str> = path.split('/').skip(1).collect();
            assert_eq!(Segments::of(path).collect::<Vec<_>>(), expected, "{path}");
        }
        // Bytes that differ from a slash in one bit, before and behind one.
        for byte in ['.', '-', '+', '\'', '?', '\u{f}', 'o'] {
            let path = format!("/{byte}{byte}/{byte}{byte}{byte}{byte}{byte}/");
            let expected: Vec<&str> = path.split('/').skip(1).collect();
            assert_eq!(Segments::of(&path).collect::<Vec<_>>(), expected, "{path:?}");
        }
    }
}
