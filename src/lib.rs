//! TenantGuard's decision core: whose token is this, which tenant acts, whose data is asked for,
//! may it.
//!
//! No I/O, no clock, no randomness, no host: the same code decides in Envoy, in the command line,
//! in tests and in benchmarks. Read in this order:
//!
//! 1. [`request`], [`path`] and [`credential`]: what is seen of a request;
//! 2. [`artifact`] and [`trust`]: the policy that it is held against;
//! 3. [`token`] and [`keyring`]: from a text to claims that an issuer vouches for;
//! 4. [`gate`]: the checks in their order, and the permit that only they can make;
//! 5. [`delegation`]: the grants by which a tenant lets another in;
//! 6. [`control`] and [`replica`]: what changes while proxies run, as the control service hands it
//!    to them, and the copy that a proxy keeps of it;
//! 7. [`decision`]: every reason, with its stable code;
//! 8. [`audit`] and [`usage`]: what a decision leaves behind.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test fails by panicking"
    )
)]

pub mod artifact;
pub mod audit;
mod bytes;
pub mod control;
pub mod credential;
pub mod decision;
pub mod delegation;
pub mod gate;
pub mod headers;
mod hex;
pub mod identity;
pub mod keyring;
pub mod limits;
pub mod path;
pub mod permissions;
mod record;
pub mod replica;
pub mod request;
pub mod time;
pub mod token;
pub mod trust;
pub mod usage;
