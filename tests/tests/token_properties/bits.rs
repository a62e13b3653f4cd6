//! No bit of a valid token can be flipped, whether or not the gate knows the token already.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tenantguard::gate::Gate;
use tenantguard::token::TokenHandle;
use tenantguard_mint::Algorithm;

use crate::world::{self, Decision, PERMITTED, ask};

pub(crate) fn ask_with(gate: &Gate, token: &str) -> Decision {
    ask(gate, format!("Bearer {token}").as_bytes())
}

/// Whether the gate knew the token when it was asked with it, now.
pub(crate) fn was_known(gate: &Gate, token: &str) -> Option<bool> {
    let headers = world::report(format!("Bearer {token}").as_bytes());
    world::account(gate, &headers, world::NOW).1.facts().was_known
}

/// Every `step`-th bit of the token, flipped, at a gate. How many there were.
fn flip(gate: &Gate, token: &str, step: usize) -> usize {
    let prefix = b"Bearer ";
    let mut authorization = [prefix, token.as_bytes()].concat();
    let bits = (0..token.len() * 8).step_by(step);
    let count = bits.len();
    for bit in bits {
        let (at, mask) = (prefix.len() + bit / 8, 1 << (bit % 8));
        authorization[at] ^= mask;
        let decision = ask(gate, &authorization);
        assert!(!decision.is_permitted, "bit {bit} of {token}: {decision:?}");
        authorization[at] ^= mask;
    }
    count
}

fn no_flip_passes(algorithm: Algorithm, step: usize) -> usize {
    let key = world::platform_key(algorithm);
    let token = world::good_token(key).sign(key);
    let gate = world::gate();
    let cold = flip(&gate, &token, step);
    assert_eq!(ask_with(&gate, &token), PERMITTED, "the token itself is good");
    let warm = flip(&gate, &token, step);
    assert_eq!(was_known(&gate, &token), Some(true), "the gate knew the token all the while");
    assert_eq!(ask_with(&gate, &token), PERMITTED, "the token itself stays good");
    cold + warm
}

#[test]
fn no_bit_of_an_es256_token_can_be_flipped() {
    assert!(no_flip_passes(Algorithm::Es256, 1) > 2 * 8 * 250);
}

#[test]
fn no_bit_of_an_eddsa_token_can_be_flipped() {
    assert!(no_flip_passes(Algorithm::EdDsa, 1) > 2 * 8 * 250);
}

/// A step without a common divisor with 8 meets every bit of a byte.
#[test]
fn no_bit_of_a_sample_of_the_other_algorithms_can_be_flipped() {
    for algorithm in Algorithm::ALL {
        assert!(no_flip_passes(algorithm, 13) > 2 * 150, "{algorithm}");
    }
}

/// The order of P-256's group.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The same claims under the one other signature that anybody can make of an ECDSA signature
/// without the key: (r, n - s) verifies where (r, s) does.
fn twin(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').expect("a token has a signature");
    let mut signature = URL_SAFE_NO_PAD.decode(signature).expect("it is base64url");
    let mut borrow = 0;
    for (digit, order) in signature.iter_mut().skip(32).zip(ORDER).rev() {
        let difference = i16::from(order) - i16::from(*digit) - borrow;
        borrow = i16::from(difference < 0);
        *digit = difference.rem_euclid(256) as u8;
    }
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn handles(token: &str) -> [Option<TokenHandle>; 2] {
    let gate = world::gate();
    [token, &twin(token)].map(|token| {
        let headers = world::report(format!("Bearer {token}").as_bytes());
        let (is_permitted, account) = world::account(&gate, &headers, world::NOW);
        assert!(is_permitted, "{token}");
        account.facts().token
    })
}

/// A token that is revoked by its handle must not come back as its twin.
#[test]
fn the_two_texts_of_an_ecdsa_token_with_an_id_have_one_handle() {
    let key = world::platform_key(Algorithm::Es256);
    let token = world::good_token(key).claim("jti", "7").sign(key);
    assert_ne!(twin(&token), token);
    let [handle, of_its_twin] = handles(&token);
    assert_eq!(handle, of_its_twin);
}

#[test]
fn the_two_texts_of_an_ecdsa_token_without_an_id_have_one_handle() {
    let key = world::platform_key(Algorithm::Es256);
    let [handle, of_its_twin] = handles(&world::good_token(key).sign(key));
    assert_eq!(handle, of_its_twin);
}
