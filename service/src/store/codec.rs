//! Entries with their records, and commits, as bytes in a store.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tenantguard::control::{Entry, Position, PositionError};
use tenantguard::time::UnixTime;

use super::{Commit, NoteRun, StoreError};
use crate::state::{Actor, Reason, Record};

/// Of what entries, frames and the hash that chains them look like. It stands before each position
/// that is stored, so that whoever would read on finds out first.
const FORMAT: &str = "2";

/// Why a stored text is no position of this program's.
#[derive(Debug, thiserror::Error)]
pub(super) enum PositionTextError {
    /// What belongs to it is in another format: this one.
    #[error("is in format {0}")]
    Format(String),
    #[error(transparent)]
    Position(#[from] PositionError),
}

impl PositionTextError {
    pub(super) fn explain(self, store: Arc<str>, text: &str) -> StoreError {
        match self {
            Self::Format(found) => StoreError::Format { store, found: found.into(), read: FORMAT },
            Self::Position(error) => {
                let detail = format!("the position {text:?} {error}").into();
                StoreError::Corrupt { store, detail }
            }
        }
    }
}

pub(super) fn position_to_text(position: &Position) -> String {
    format!("{FORMAT}:{position}")
}

pub(super) fn position_from_text(text: &str) -> Result<Position, PositionTextError> {
    // The first format did not say which it was.
    let (format, position) = text.split_once(':').unwrap_or(("1", text));
    let position = position.parse()?;
    match format {
        FORMAT => Ok(position),
        other => Err(PositionTextError::Format(other.to_owned())),
    }
}

#[derive(Serialize, Deserialize)]
struct StoredRecord {
    by: Actor,
    reason: Reason,
    at: u64,
}

/// The record as JSON behind its length, then the entry.
pub(super) fn live_to_bytes(entry: &Entry, record: &Record) -> Vec<u8> {
    let record = StoredRecord {
        by: record.by.clone(),
        reason: record.reason.clone(),
        at: record.at.as_millis(),
    };
    let mut out = with_length(&serde_json::to_vec(&record).unwrap_or_default());
    entry.encode(&mut out);
    out
}

pub(super) fn live_from_bytes(bytes: &[u8]) -> Option<(Entry, Record)> {
    let (record, entry) = split_length(bytes)?;
    let StoredRecord { by, reason, at } = serde_json::from_slice(record).ok()?;
    let at = UnixTime::from_duration(std::time::Duration::from_millis(at));
    Some((Entry::decode(entry).ok()?, Record { by, reason, at }))
}

/// The notes as JSON behind their length, then the frame. The position is known from elsewhere,
/// and is put in front as text where it is not.
pub(super) fn commit_to_bytes(commit: &Commit) -> Vec<u8> {
    let mut out = with_length(position_to_text(&commit.position).as_bytes());
    out.extend(with_length(&notes_to_bytes(&commit.notes)));
    out.extend_from_slice(&commit.frame);
    out
}

pub(super) fn commit_from_bytes(bytes: &[u8]) -> Option<Commit> {
    let (position, rest) = split_length(bytes)?;
    let (notes, frame) = split_length(rest)?;
    let position = position_from_text(std::str::from_utf8(position).ok()?).ok()?;
    Some(Commit { position, notes: notes_from_bytes(notes)?, frame: Bytes::copy_from_slice(frame) })
}

pub(super) fn notes_to_bytes(notes: &[NoteRun]) -> Vec<u8> {
    serde_json::to_vec(notes).unwrap_or_default()
}

pub(super) fn notes_from_bytes(bytes: &[u8]) -> Option<Vec<NoteRun>> {
    serde_json::from_slice(bytes).ok()
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
    out.extend_from_slice(bytes);
    out
}

fn split_length(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}
