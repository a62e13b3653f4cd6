//! The policy language from outside: what it refuses, what it means, and that nothing breaks it.

mod common;
mod compiled;
mod findings;
mod properties;
