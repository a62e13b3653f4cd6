//! Bytes as lower-case hexadecimal digits, written in one piece: ids and digests stand in every
//! record.

use std::fmt;

/// The most bytes that are written in one piece.
const PIECE: usize = 32;

/// Writes `bytes`.
pub(crate) fn write(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for piece in bytes.chunks(PIECE) {
        let digits: [u8; PIECE * 2] = digits(piece);
        let text = digits.get(..piece.len() * 2).unwrap_or_default();
        f.write_str(std::str::from_utf8(text).unwrap_or_default())?;
    }
    Ok(())
}

/// The digits of as many bytes as there is room for, two each; what is left over is zero bytes.
pub(crate) fn digits<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut digits = [0; N];
    let (pairs, _) = digits.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = [digit(byte >> 4), digit(byte & 0xf)];
    }
    digits
}

/// Nine is followed by `a`, 39 places further on; told without a table, many digits are made at
/// once.
fn digit(nibble: u8) -> u8 {
    nibble + b'0' + if nibble > 9 { b'a' - b'0' - 10 } else { 0 }
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
