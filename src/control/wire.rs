//! Reading and writing the feed's bytes: little-endian numbers, and texts that are preceded by
//! their length. The reader stays inside its input and says where it stopped.

/// What is wrong with a byte string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It ends in the middle of a value.
    #[error("ends too early")]
    Truncated,
    /// It goes on after its last value.
    #[error("has bytes left over")]
    Trailing,
    /// It is of a version that this program does not read.
    #[error("is of version {0}, which this program does not read")]
    Version(u8),
    /// It does not begin as it should.
    #[error("is something else")]
    Magic,
    /// A number that names nothing.
    #[error("has {1} for a {0}")]
    Unknown(&'static str, u16),
    /// A text that may not stand there.
    #[error("has a {0} that is not allowed")]
    Name(&'static str),
    /// More, or fewer, of something than there may be.
    #[error("has {1} {0}, which is out of bounds")]
    Count(&'static str, u64),
}

/// What is wrong with a byte string, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at}: {fault}")]
pub struct DecodeError {
    /// The offset, in bytes.
    pub at: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// A byte string that is read from front to back.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    all: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { all: bytes, rest: bytes }
    }

    /// From an offset on that a reader of the same bytes has come to.
    pub(super) fn at(bytes: &'a [u8], offset: usize) -> Self {
        Self { all: bytes, rest: bytes.get(offset..).unwrap_or_default() }
    }

    /// The same bytes from an offset on that this reader has passed.
    pub(super) fn seek(&self, offset: usize) -> Self {
        Self::at(self.all, offset)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn offset(&self) -> usize {
        self.all.len() - self.rest.len()
    }

    pub(super) fn fail(&self, fault: Fault) -> DecodeError {
        DecodeError { at: self.offset(), fault }
    }

    /// A number, read from here on, that names nothing.
    pub(super) fn unknown(&self, what: &'static str, number: u8) -> DecodeError {
        self.fail(Fault::Unknown(what, number.into()))
    }

    pub(super) fn end(&self) -> Result<(), DecodeError> {
        if self.is_at_end() { Ok(()) } else { Err(self.fail(Fault::Trailing)) }
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (bytes, rest) =
            self.rest.split_at_checked(count).ok_or_else(|| self.fail(Fault::Truncated))?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (bytes, rest) =
            self.rest.split_first_chunk::<N>().ok_or_else(|| self.fail(Fault::Truncated))?;
        self.rest = rest;
        Ok(*bytes)
    }

    pub(super) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A text of at most 65,535 bytes, made into a checked name by `parse`.
    pub(super) fn name<T, E>(
        &mut self,
        what: &'static str,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Result<T, DecodeError> {
        let at = self.clone();
        let length = self.u16()?;
        let bytes = self.bytes(usize::from(length))?;
        std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| parse(text).ok())
            .ok_or_else(|| at.fail(Fault::Name(what)))
    }
}

/// Writes a text that is bounded by its type to far less than 65,535 bytes.
pub(super) fn put_name(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.as_bytes().get(..usize::from(length)).unwrap_or_default());
}
