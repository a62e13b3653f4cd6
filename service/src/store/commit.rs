//! A commit: one frame of the feed, where it leads, and who made each of its entries.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tenantguard::control::{DecodeError, Entry, Frame, Position};
use tenantguard::time::UnixTime;

use crate::state::{Actor, Reason, Record};

/// A record that holds for so many entries in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRun {
    #[serde(rename = "n")]
    count: usize,
    by: Actor,
    reason: Reason,
    at: u64,
}

/// One frame of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Where a copy stands after it.
    pub position: Position,
    /// Its bytes, a [`Frame`].
    pub frame: Bytes,
    /// Who made its entries, in their order.
    pub notes: Vec<NoteRun>,
}

impl Commit {
    /// Puts as many of `entries` as one frame takes after `base`; returns it and how many it took.
    #[must_use]
    pub fn after(base: &Position, entries: &[(Entry, Record)]) -> (Self, usize) {
        let (frame, taken) = Frame::encode(entries.iter().map(|(entry, _)| entry));
        let mut notes: Vec<NoteRun> = Vec::new();
        for (_, record) in entries.iter().take(taken) {
            let at = record.at.as_millis();
            match notes.last_mut() {
                Some(run) if run.by == record.by && run.reason == record.reason && run.at == at => {
                    run.count += 1;
                }
                _ => {
                    let (by, reason) = (record.by.clone(), record.reason.clone());
                    notes.push(NoteRun { count: 1, by, reason, at });
                }
            }
        }
        (Self { position: base.after(&frame), frame: frame.into(), notes }, taken)
    }

    /// All of `entries`, in as many commits as they need.
    #[must_use]
    pub fn chain(base: &Position, mut entries: &[(Entry, Record)]) -> Vec<Self> {
        let mut commits: Vec<Self> = Vec::new();
        while !entries.is_empty() {
            let base = commits.last().map_or(*base, |commit| commit.position);
            let (commit, taken) = Self::after(&base, entries);
            entries = entries.get(taken.max(1)..).unwrap_or_default();
            commits.push(commit);
        }
        commits
    }

    /// The same frame in another place.
    #[must_use]
    pub fn moved_after(&self, base: &Position) -> Self {
        Self { position: base.after(&self.frame), ..self.clone() }
    }

    /// Its entries, each with its record.
    ///
    /// # Errors
    /// [`DecodeError`] if its bytes are no frame.
    pub fn entries(&self) -> Result<Vec<(Entry, Record)>, DecodeError> {
        let mut records = self.notes.iter().flat_map(|run| {
            let at = UnixTime::from_duration(std::time::Duration::from_millis(run.at));
            let record = Record { by: run.by.clone(), reason: run.reason.clone(), at };
            std::iter::repeat_n(record, run.count)
        });
        Frame::new(&self.frame)
            .entries()
            .map(|entry| Ok((entry?, records.next().unwrap_or_else(Record::unknown))))
            .collect()
    }
}
