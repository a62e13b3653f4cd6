//! The stores and the state behind the API, against real files, a real Redis, and real faults.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod acl;
#[path = "../authority.rs"]
mod authority;
mod clocks;
mod cluster;
mod control;
mod crash;
mod directory;
mod disk;
mod feed;
mod formats;
mod hostile;
mod outage;
mod redis_server;
mod redis_tls;
mod regression;
mod relay;
mod rotation;
mod sentinel;
mod sessions;
mod suite;
mod support;
