//! TenantGuard as a proxy-wasm filter: a thin shell between the host and the decision core.
//!
//! It decides nothing. `root` turns the plugin configuration (`config`, `structure`) into a
//! `plugin`, or refuses to start; `stream` hands each request to the gate and does what comes back;
//! `keys` fetches and `control` follows what decisions need, each with a `leader` among the VMs;
//! `waiting` requests go on when it is there, and `open` streams end when it is over; `record` writes what a decision leaves; `host` is
//! every call into the proxy, `host_verifier` the one for signatures; `engine`, `metrics`, `clock`
//! and `ids` are what all of them use. Nothing here may panic: a trap would take the VM with it.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

// The guest's allocator, which is there by being linked.
use tenantguard_allocator as _;

mod clock;
mod config;
mod control;
mod engine;
mod host;
mod host_verifier;
mod ids;
mod keys;
mod leader;
mod metrics;
mod open;
mod plugin;
mod record;
mod root;
mod stream;
mod structure;
mod waiting;

/// What the host calls first.
mod start {
    use proxy_wasm::traits::RootContext;
    use proxy_wasm::types::LogLevel;

    use crate::root::Root;

    proxy_wasm::main! {{
        proxy_wasm::set_log_level(LogLevel::Info);
        proxy_wasm::set_root_context(|id| -> Box<dyn RootContext> { Box::new(Root::new(id)) });
    }}
}
