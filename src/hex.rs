//! Bytes as lower-case hexadecimal digits, written in one piece: ids and digests stand in every
//! record.

use std::fmt;

/// The most bytes that are written in one piece.
const PIECE: usize = 32;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Writes `bytes`.
pub(crate) fn write(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for piece in bytes.chunks(PIECE) {
        let mut digits = [0u8; PIECE * 2];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(piece) {
            if let [high, low] = pair {
                *high = digit(byte >> 4);
                *low = digit(byte & 0xf);
            }
        }
        let text = digits.get(..piece.len() * 2).unwrap_or_default();
        f.write_str(std::str::from_utf8(text).unwrap_or_default())?;
    }
    Ok(())
}

fn digit(nibble: u8) -> u8 {
    DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    struct Hex<'a>(&'a [u8]);

    impl fmt::Display for Hex<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write(self.0, f)
        }
    }

    #[test]
    fn every_byte_is_two_digits() {
        assert_eq!(Hex(&[]).to_string(), "");
        assert_eq!(Hex(&[0, 1, 0x9f, 0xa0, 0xff]).to_string(), "00019fa0ff");
        assert_eq!(Hex(&[0xab; 33]).to_string(), "ab".repeat(33));
    }
}
