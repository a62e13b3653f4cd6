//! Where in the feed a copy stands. Two copies with the same position have seen the same frames in
//! the same order; any mismatch is answered with a snapshot.

use std::fmt;
use std::str::FromStr;

use super::hash::{HexError, LongParts, hex_name};

hex_name! {
    /// Names one feed from its first frame on. A store that starts anew starts a new history.
    HistoryId
}

hex_name! {
    /// 128 bits of SHA-512/256, chained over every frame since the history began.
    RunningHash
}

/// How many frames of its history a copy has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where in the feed a copy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// Which feed.
    pub history: HistoryId,
    /// After which frame.
    pub epoch: Epoch,
    /// Over which frames.
    pub hash: RunningHash,
}

impl Position {
    /// Before the first frame of a history.
    #[must_use]
    pub fn start(history: HistoryId) -> Self {
        let hash = LongParts::new(b"tenantguard feed").part(history.as_bytes()).half();
        Self { history, epoch: Epoch(0), hash: RunningHash::from_bytes(hash) }
    }

    /// After one more frame, given as its bytes.
    #[must_use]
    pub fn after(&self, frame: &[u8]) -> Self {
        let epoch = self.epoch.next();
        let hash = LongParts::new(b"frame")
            .part(self.hash.as_bytes())
            .part(&epoch.0.to_be_bytes())
            .part(frame)
            .half();
        Self { history: self.history, epoch, hash: RunningHash::from_bytes(hash) }
    }
}

impl fmt::Display for Position {
    /// `history.epoch.hash`, as it stands in headers and URLs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.history, self.epoch, self.hash)
    }
}

/// Why a text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PositionError {
    /// Not three parts with dots between them.
    #[error("is not history.epoch.hash")]
    Shape,
    /// The history or the hash.
    #[error("a part of it {0}")]
    Hex(#[from] HexError),
    /// The epoch.
    #[error("its epoch is not a plain decimal number of 64 bits")]
    Epoch,
}

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        let mut parts = text.splitn(3, '.');
        let (Some(history), Some(epoch), Some(hash)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(PositionError::Shape);
        };
        let is_plain = epoch == "0"
            || (!epoch.starts_with('0') && epoch.bytes().all(|digit| digit.is_ascii_digit()));
        let epoch = epoch.parse().ok().filter(|_| is_plain).ok_or(PositionError::Epoch)?;
        Ok(Self { history: history.parse()?, epoch: Epoch(epoch), hash: hash.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn positions_differ_wherever_what_was_seen_differs() {
        let start = Position::start(HistoryId::from_bytes([1; 16]));
        let other = Position::start(HistoryId::from_bytes([2; 16]));
        let one = start.after(b"one");
        assert_eq!(one.epoch, Epoch(1));
        assert_eq!(one, start.after(b"one"));
        for different in [start.after(b"two"), other.after(b"one"), one.after(b"")] {
            assert_ne!(one.hash, different.hash);
        }
        assert_ne!(start.after(b"a").after(b"b").hash, start.after(b"b").after(b"a").hash);
    }

    #[test]
    fn a_position_is_read_as_it_is_written_and_nothing_else_is() {
        let position = Position::start(HistoryId::from_bytes([0xab; 16])).after(b"x").after(b"y");
        let text = position.to_string();
        assert_eq!(text.parse(), Ok(position));
        for bad in [
            "",
            "a.b",
            &text.replace(".2.", ".02."),
            &text.replace(".2.", ".+2."),
            &text.replace(".2.", ".99999999999999999999."),
            &format!("{text}0"),
            &format!("{text}.1"),
            &text.replacen('a', "g", 1),
        ] {
            assert!(bad.parse::<Position>().is_err(), "{bad}");
        }
    }
}
