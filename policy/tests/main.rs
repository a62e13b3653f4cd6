//! The policy language from outside: what it refuses, what it means, and that nothing breaks it.

mod artifact;
mod common;
mod compiled;
mod directory;
#[cfg(all(feature = "what-if", feature = "yaml"))]
mod explain;
mod findings;
#[cfg(feature = "yaml")]
mod layout;
mod meaning;
mod properties;
mod routes;
#[cfg(feature = "schema")]
mod schema;
