//! A frame: the entries that were committed together, which is what the feed counts, chains and
//! hands on. A delta is the frames between two positions.

use super::encoding::Fact;
use super::entry::Entry;
use super::position::{Epoch, HistoryId, Position, RunningHash};
use super::short::ReplicaKey;
use super::tenants::{TenantNumbers, TenantsRead};
use super::wire::{DecodeError, Fault, Reader};

/// The most entries of one frame.
pub const ENTRY_COUNT_LIMIT: usize = 4096;
/// The most bytes of one frame. It must be whole to be checked, so it is small.
pub const FRAME_LIMIT: usize = 1 << 20;

const FRAME_VERSION: u8 = 2;
const DELTA_MAGIC: &[u8; 4] = b"TGfd";
const DELTA_VERSION: u8 = 2;

/// The bytes of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a>(&'a [u8]);

impl<'a> Frame<'a> {
    /// Bytes that claim to be a frame. [`Frame::entries`] finds out.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Writes as many of `entries` as one frame takes; returns it and how many they were.
    #[must_use]
    pub fn encode<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> (Vec<u8>, usize) {
        let mut bytes = vec![FRAME_VERSION];
        let mut tenants = TenantNumbers::default();
        let mut taken = 0;
        for entry in entries.into_iter().take(ENTRY_COUNT_LIMIT) {
            let before = bytes.len();
            entry.put(&mut tenants, &mut bytes);
            if bytes.len() > FRAME_LIMIT {
                bytes.truncate(before);
                break;
            }
            taken += 1;
        }
        (bytes, taken)
    }

    /// Its entries, one after the other; after an error there is nothing more.
    pub fn entries(self) -> impl Iterator<Item = Result<Entry, DecodeError>> + use<'a> {
        self.each(Entry::read)
    }

    /// The same for a replica.
    pub(crate) fn facts<'k>(
        self,
        key: &'k ReplicaKey,
    ) -> impl Iterator<Item = Result<Fact, DecodeError>> + use<'a, 'k> {
        self.each(|reader, tenants| Fact::read(reader, tenants, key))
    }

    fn each<T, R>(self, read: R) -> impl Iterator<Item = Result<T, DecodeError>> + use<'a, T, R>
    where
        R: Fn(&mut Reader<'a>, &mut TenantsRead) -> Result<T, DecodeError>,
    {
        let mut reader = Reader::new(self.0);
        let mut refused = match reader.u8() {
            _ if self.0.len() > FRAME_LIMIT => {
                Some(reader.fail(Fault::Count("bytes", self.0.len() as u64)))
            }
            Ok(FRAME_VERSION) => None,
            Ok(other) => Some(reader.fail(Fault::Version(other))),
            Err(error) => Some(error),
        };
        let mut tenants = TenantsRead::default();
        let mut is_over = false;
        std::iter::from_fn(move || {
            if let Some(error) = refused.take() {
                is_over = true;
                return Some(Err(error));
            }
            if is_over || reader.is_at_end() {
                return None;
            }
            let entry = read(&mut reader, &mut tenants);
            is_over = entry.is_err();
            Some(entry)
        })
    }
}

/// What is wrong with a delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeltaError {
    /// Its bytes.
    #[error("the delta {0}")]
    Bytes(#[from] DecodeError),
    /// It begins elsewhere than where the copy stands.
    #[error("the delta begins at {found}, but the copy stands at {expected}: take a snapshot")]
    Start {
        /// Where the copy stands.
        expected: Position,
        /// Where the delta begins.
        found: Position,
    },
    /// A frame is not the one that its running hash names.
    #[error("the frame of epoch {0} is not what its hash says: take a snapshot")]
    Fork(Epoch),
}

/// The frames that follow a position, each preceded by the running hash after it, so that each is
/// checked before any of it is applied.
pub struct Delta<'a> {
    reader: Reader<'a>,
    position: Position,
    left: u32,
}

/// How far a delta was read, by whoever keeps its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeltaMark {
    at: usize,
    position: Position,
    left: u32,
}

impl<'a> Delta<'a> {
    /// Writes the frames that follow `start`, each with the running hash after it.
    pub fn encode<'f>(
        start: &Position,
        frames: impl ExactSizeIterator<Item = (RunningHash, &'f [u8])>,
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(DELTA_MAGIC);
        out.push(DELTA_VERSION);
        start.encode(&mut out);
        out.extend_from_slice(&u32::try_from(frames.len()).unwrap_or(u32::MAX).to_le_bytes());
        for (hash, frame) in frames {
            out.extend_from_slice(hash.as_bytes());
            out.extend_from_slice(&u32::try_from(frame.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend_from_slice(frame);
        }
        out
    }

    /// Begins to read a delta for a copy that stands at `expected`.
    ///
    /// # Errors
    /// [`DeltaError`] if it is none, or begins elsewhere.
    pub fn read(bytes: &'a [u8], expected: &Position) -> Result<Self, DeltaError> {
        let mut reader = Reader::new(bytes);
        if reader.array()? != *DELTA_MAGIC {
            return Err(Reader::new(bytes).fail(Fault::Magic).into());
        }
        match reader.u8()? {
            DELTA_VERSION => {}
            other => return Err(reader.fail(Fault::Version(other)).into()),
        }
        let found = Position::read(&mut reader)?;
        if found != *expected {
            return Err(DeltaError::Start { expected: *expected, found });
        }
        let left = reader.u32()?;
        Ok(Self { reader, position: found, left })
    }

    /// Where it was read to.
    pub(crate) fn mark(&self) -> DeltaMark {
        DeltaMark { at: self.reader.offset(), position: self.position, left: self.left }
    }

    /// Goes on in the same bytes from a mark.
    pub(crate) fn resume(bytes: &'a [u8], mark: &DeltaMark) -> Self {
        let DeltaMark { at, position, left } = *mark;
        Self { reader: Reader::at(bytes, at), position, left }
    }

    /// The position after the frames that were read.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    /// The next frame, which follows the ones before it.
    ///
    /// # Errors
    /// [`DeltaError`] if the bytes end or go on where they should not, or if the frame does not
    /// follow. There is no use in reading on.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'a>>, DeltaError> {
        if self.left == 0 {
            self.reader.end()?;
            return Ok(None);
        }
        let hash = self.reader.array().map(RunningHash::from_bytes)?;
        let at = self.reader.clone();
        let length = self.reader.u32()?;
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= FRAME_LIMIT)
            .ok_or_else(|| at.fail(Fault::Count("bytes", u64::from(length))))?;
        let frame = self.reader.bytes(length)?;
        let position = self.position.after(frame);
        if position.hash != hash {
            return Err(DeltaError::Fork(position.epoch));
        }
        self.position = position;
        self.left -= 1;
        Ok(Some(Frame(frame)))
    }
}

impl Position {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.history.as_bytes());
        out.extend_from_slice(&self.epoch.0.to_le_bytes());
        out.extend_from_slice(self.hash.as_bytes());
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            history: HistoryId::from_bytes(reader.array()?),
            epoch: Epoch(reader.u64()?),
            hash: RunningHash::from_bytes(reader.array()?),
        })
    }
}
