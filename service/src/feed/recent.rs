//! The newest frames in memory: what a delta is made of.

use std::collections::VecDeque;

use bytes::Bytes;
use tenantguard::control::{Delta, Epoch, Position};

use crate::store::Commit;

/// What there is for a proxy at some position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// Nothing new.
    Current,
    /// A [`Delta`] that leads on, if not always all the way.
    Delta(Bytes),
    /// Frames do not lead there from where the proxy stands: it needs a snapshot.
    Snapshot,
}

/// Frames that follow each other, and where they begin.
#[derive(Debug)]
pub(crate) struct Recent {
    base: Position,
    commits: VecDeque<(Position, Bytes)>,
    bytes: usize,
    limit: usize,
}

impl Recent {
    pub(crate) fn new(base: Position, limit: usize) -> Self {
        Self { base, commits: VecDeque::new(), bytes: 0, limit }
    }

    pub(crate) fn position(&self) -> Position {
        self.commits.back().map_or(self.base, |(position, _)| *position)
    }

    pub(crate) fn push(&mut self, commit: &Commit) {
        self.bytes += commit.frame.len();
        self.commits.push_back((commit.position, commit.frame.clone()));
        while self.bytes > self.limit
            && self.commits.len() > 1
            && let Some((position, frame)) = self.commits.pop_front()
        {
            self.bytes -= frame.len();
            self.base = position;
        }
    }

    /// Forgets the frames after `base`, or all where it does not know that position.
    pub(crate) fn cut_back(&mut self, base: &Position) {
        if self.index_after(base).is_none() {
            *self = Self::new(*base, self.limit);
        }
        while self.position().epoch > base.epoch
            && let Some((_, frame)) = self.commits.pop_back()
        {
            self.bytes -= frame.len();
        }
    }

    /// Whether this position is one of this feed's that is still known.
    pub(crate) fn knows(&self, position: &Position) -> bool {
        self.index_after(position).is_some()
    }

    pub(crate) fn since(&self, position: &Position, max_bytes: usize) -> Since {
        let Some(start) = self.index_after(position) else { return Since::Snapshot };
        let mut bytes = 0;
        let frames: Vec<_> = self
            .commits
            .range(start..)
            .take_while(|(_, frame)| {
                let fits = bytes == 0 || bytes + frame.len() <= max_bytes;
                bytes += frame.len();
                fits
            })
            .map(|(position, frame)| (position.hash, frame.as_ref()))
            .collect();
        if frames.is_empty() {
            return Since::Current;
        }
        Since::Delta(Delta::encode(position, frames.into_iter()).into())
    }

    /// The index of the frame that follows a position of this feed.
    fn index_after(&self, position: &Position) -> Option<usize> {
        if *position == self.base {
            return Some(0);
        }
        let Epoch(first) = self.base.epoch;
        let index = usize::try_from(position.epoch.0.checked_sub(first)?.checked_sub(1)?).ok()?;
        let (found, _) = self.commits.get(index)?;
        (found == position).then_some(index + 1)
    }
}

#[cfg(test)]
mod tests {
    use tenantguard::control::HistoryId;

    use super::*;

    fn commits(base: Position, frames: &[&'static str]) -> Vec<Commit> {
        let mut at = base;
        frames
            .iter()
            .map(|frame| {
                at = at.after(frame.as_bytes());
                let frame = Bytes::from_static(frame.as_bytes());
                Commit { position: at, frame, notes: Vec::new() }
            })
            .collect()
    }

    #[test]
    fn a_delta_leads_on_from_every_known_position_and_from_no_other() {
        let base = Position::start(HistoryId::from_bytes([1; 16]));
        let mut recent = Recent::new(base, 1 << 20);
        let chain = commits(base, &["a", "b", "c"]);
        chain.iter().for_each(|commit| recent.push(commit));
        let mut from = vec![base];
        from.extend(chain.iter().map(|commit| commit.position));
        for (index, position) in from.iter().enumerate() {
            let Since::Delta(bytes) = recent.since(position, 1 << 20) else {
                assert_eq!((index, recent.since(position, 1 << 20)), (3, Since::Current));
                continue;
            };
            let mut delta = Delta::read(&bytes, position).unwrap();
            while delta.next_frame().unwrap().is_some() {}
            assert_eq!(delta.position(), recent.position());
        }
        let forked = commits(base, &["a", "x"]);
        let other = Position::start(HistoryId::from_bytes([2; 16]));
        for unknown in [forked[1].position, other, chain[2].position.after(b"future")] {
            assert_eq!(recent.since(&unknown, 1 << 20), Since::Snapshot);
        }
    }

    #[test]
    fn old_frames_are_forgotten_and_new_ones_can_be_taken_back() {
        let base = Position::start(HistoryId::from_bytes([1; 16]));
        let mut recent = Recent::new(base, 2);
        let chain = commits(base, &["a", "b", "c"]);
        chain.iter().for_each(|commit| recent.push(commit));
        assert_eq!(recent.since(&base, 1 << 20), Since::Snapshot);
        assert!(recent.knows(&chain[0].position));
        recent.cut_back(&chain[1].position);
        assert_eq!(recent.position(), chain[1].position);
        assert!(!recent.knows(&chain[2].position));
        recent.cut_back(&base);
        assert_eq!(recent.position(), base);
    }
}
