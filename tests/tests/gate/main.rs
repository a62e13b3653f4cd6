//! What the corpus cannot show: decisions that wait for an answer, what a shadow reports, and what
//! the control state refuses. The corpus in `tests/` has the rest.

mod exchanged;
mod living;
mod revoked;
mod stale;
mod streams;
mod waits;
mod world;
