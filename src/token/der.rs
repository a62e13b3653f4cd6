//! An ECDSA signature in DER (RFC 3279, section 2.2.3), for verifiers that want it so.

/// `SEQUENCE { INTEGER r, INTEGER s }` of a signature as a JWS carries it, r‖s (RFC 7518, section
/// 3.4). `None` unless each half has `length` bytes and is not zero; whether it is below the curve's
/// order, the verifier looks. `length` is at most 48, so that each length here fits one byte.
pub(super) fn ecdsa(signature: &[u8], length: usize) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at_checked(length).filter(|(_, s)| s.len() == length)?;
    let body = [integer(r)?, integer(s)?].concat();
    let mut der = vec![0x30, u8::try_from(body.len()).ok().filter(|length| *length < 0x80)?];
    der.extend_from_slice(&body);
    Some(der)
}

fn integer(bytes: &[u8]) -> Option<Vec<u8>> {
    let first = bytes.iter().position(|byte| *byte != 0)?;
    let magnitude = bytes.get(first..)?;
    // A number that begins with a one bit would be negative.
    let is_padded = magnitude.first().is_some_and(|byte| *byte >= 0x80);
    let length = u8::try_from(magnitude.len() + usize::from(is_padded)).ok()?;
    let mut out = vec![2, length];
    out.extend(is_padded.then_some(0));
    out.extend_from_slice(magnitude);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_signature_is_encoded_as_the_library_does() {
        for (r, s) in [(1, 1), (0x7f, 0x80), (0x80, 0xff), (0, 1), (0xff, 0)] {
            let mut signature = [0x11; 64];
            (signature[0], signature[32]) = (r, s);
            let expected = p256::ecdsa::Signature::from_slice(&signature);
            // What is not below the order is no signature for the library.
            if let Ok(expected) = expected {
                let der = ecdsa(&signature, 32);
                assert_eq!(der.as_deref(), Some(expected.to_der().as_bytes()), "{r} {s}");
            }
        }
        let mut small = [0; 64];
        (small[31], small[63]) = (1, 0x80);
        assert_eq!(ecdsa(&small, 32).as_deref(), Some(&[0x30, 7, 2, 1, 1, 2, 2, 0, 0x80][..]));
    }

    #[test]
    fn zeros_and_other_lengths_are_no_signature() {
        assert_eq!(ecdsa(&[0; 64], 32), None);
        assert_eq!(ecdsa(&[1; 63], 32), None);
        assert_eq!(ecdsa(&[1; 65], 32), None);
        assert_eq!(ecdsa(&[], 48), None);
        assert_eq!(ecdsa(&[0xff; 96], 48).map(|der| der.len()), Some(2 + 2 * (2 + 49)));
    }
}
