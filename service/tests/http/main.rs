//! The HTTP API as its clients meet it: a service on a port of its own, asked over sockets.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod access;
#[path = "../authority.rs"]
mod authority;
mod authzen;
mod connections;
mod delegations;
mod document;
mod exchange;
mod exchange_keys;
mod feed;
mod keys;
mod oauth;
mod proxy;
mod redis;
#[path = "../state/redis_server.rs"]
#[allow(dead_code, reason = "the state's tests do more with a Redis")]
mod redis_server;
mod reload;
mod requests;
mod rig;
mod tls;
mod who_can;
