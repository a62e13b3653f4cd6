//! The control service: what changes while proxies run, kept where it cannot be lost, and handed
//! to every proxy in order.
//!
//! From the inside out: [`store`] keeps, [`journal`] bridges a Redis that may lose writes,
//! [`state`] is the live state and the one door to it ([`state::Control`]), [`feed`] hands it to
//! proxies and knows how far each one is, [`session`], [`directory`] and [`delegation`] are what
//! applications and tenants use.
//! Around these, [`http`] answers, [`auth`] knows who asks, [`limits`] bounds how much, [`authzen`]
//! decides questions by the policy, [`exchange`] gives out delegation tokens, [`config`] is what an operator sets, and [`serve`] is the
//! process.

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

pub mod auth;
pub mod authzen;
pub mod clock;
pub mod config;
pub mod delegation;
pub mod directory;
pub mod exchange;
pub mod feed;
pub mod http;
pub mod journal;
pub mod limits;
pub mod metrics;
pub mod openapi;
pub mod serve;
pub mod session;
pub mod state;
pub mod store;
