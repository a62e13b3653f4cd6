//! Properties of the token path that hold for all inputs, not for chosen ones: the gate agrees with
//! a naive reading of the rules ([`oracle`]) on random tokens, cold and warm; every algorithm makes
//! the round trip; no flipped bit and no bytes at all get past; work is bounded.

mod agreement;
mod bits;
mod case;
mod faults;
mod hostile;
mod jwks;
mod oracle;
mod random;
mod work;
mod world;
