//! The state at a glance.

use std::time::Duration;

use tenantguard::control::Position;

use crate::journal::Health;

/// The state at a glance.
#[derive(Debug, Clone)]
pub struct Status {
    /// Where the feed stands.
    pub position: Position,
    /// How many entries hold.
    pub entries: usize,
    /// How the store is doing.
    pub store: Health,
    /// How old what is served may be: the time since this process and the store last agreed.
    pub age: Duration,
    /// What the store promises, sentence by sentence.
    pub durability: Vec<String>,
}
