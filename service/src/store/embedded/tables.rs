//! The tables of the embedded store, and what can go wrong with them.

use std::sync::Arc;

use redb::{Database, TableDefinition};
use tenantguard::control::Position;

use super::StoreError;
use crate::store::codec::PositionTextError;

/// `head` and `pushed`, as texts.
pub(super) const META: TableDefinition<'_, &str, &str> = TableDefinition::new("meta");
/// Epoch to commit.
pub(super) const COMMITS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("commits");
/// An entry's key to its record and the entry.
pub(super) const LIVE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("live");
/// (tenant, digest) to session.
pub(super) const SESSIONS: TableDefinition<'_, (&str, [u8; 32]), &[u8]> =
    TableDefinition::new("sessions");
/// (tenant, principal, digest): the sessions of a principal.
pub(super) const OWNERS: TableDefinition<'_, (&str, &str, [u8; 32]), ()> =
    TableDefinition::new("owners");

/// Why an operation failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The head is elsewhere.
    Moved(Box<Position>),
    /// Bytes that this program did not write.
    Alien(String),
    /// A text that is no position of this program's.
    Position(PositionTextError, String),
    /// The database.
    Database(Box<redb::Error>),
}

impl<E: Into<redb::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Database(Box::new(error.into()))
    }
}

pub(super) fn create(database: &Database) -> Result<(), Failure> {
    let write = database.begin_write()?;
    write.open_table(META)?;
    write.open_table(COMMITS)?;
    write.open_table(LIVE)?;
    write.open_table(SESSIONS)?;
    write.open_table(OWNERS)?;
    write.commit()?;
    Ok(())
}

/// Tells a full disk, which an administrator can mend, from everything else.
pub(super) fn explain(store: Arc<str>, error: &redb::Error) -> StoreError {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    match error {
        redb::Error::Io(io) if matches!(io.kind(), StorageFull | QuotaExceeded | FileTooLarge) => {
            StoreError::Full { store, detail: io.to_string().into() }
        }
        redb::Error::Corrupted(detail) => {
            StoreError::Corrupt { store, detail: detail.as_str().into() }
        }
        other => StoreError::Unavailable { store, detail: other.to_string().into() },
    }
}
