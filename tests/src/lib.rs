//! The end-to-end harness: one corpus of cases, run through the core, the CLI and a real Envoy.
//!
//! [`corpus`] turns the tables of `corpus/*.json` into requests; [`keys`] signs their tokens;
//! [`policy`] is the policy that they are decided by; [`verdict`] compares what came out with what
//! the table says. Those compile for wasm32 too, so that the same cases run under Node. The rest
//! ([`envoy`], [`control`], [`redis`], [`idp`], [`upstream`], [`client`]) starts processes and opens
//! sockets, natively only.

pub mod core_run;
pub mod corpus;
pub mod keys;
pub mod policy;
pub mod verdict;

#[cfg(not(target_arch = "wasm32"))]
pub mod client;
#[cfg(not(target_arch = "wasm32"))]
pub mod control;
#[cfg(not(target_arch = "wasm32"))]
pub mod envoy;
#[cfg(not(target_arch = "wasm32"))]
pub mod idp;
#[cfg(not(target_arch = "wasm32"))]
mod process;
#[cfg(not(target_arch = "wasm32"))]
pub mod redis;
#[cfg(not(target_arch = "wasm32"))]
pub mod upstream;
