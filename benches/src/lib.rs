//! What the benchmarks share: one policy, and tokens for it.
//!
//! `src/main.rs` is the comparison in Envoy, `benches/decision.rs` the core alone.

pub mod policy;
pub mod tokens;
