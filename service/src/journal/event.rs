//! What became of the log, for the copy in memory.

use tenantguard::control::{Entry, Position};

use crate::state::Record;
use crate::store::Commit;

/// What became of the log.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// Commits followed the head.
    Appended(Vec<Commit>),
    /// Others wrote meanwhile: what followed `base` was put behind that.
    Replaced {
        /// The last position that stays.
        base: Position,
        /// All commits that follow it now.
        commits: Vec<Commit>,
        /// Where commits of this process were, and where they are now.
        moved: Vec<(Position, Position)>,
    },
    /// The log and Redis no longer have a common past: Redis's state was taken over, and what was
    /// missing in it follows.
    Adopted {
        /// Redis's head.
        base: Position,
        /// Its state.
        live: Vec<(Entry, Record)>,
        /// What was missing in it.
        commits: Vec<Commit>,
    },
}
