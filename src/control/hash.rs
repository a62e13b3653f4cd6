//! Handles as 128 bits of SHA-256, positions as 128 bits of SHA-512/256 (FIPS 180-4), and their
//! hexadecimal form.

use sha2::digest::Output;
use sha2::{Digest, Sha256, Sha512_256};

/// A hash over parts that are each preceded by their length, so that no two lists of parts hash alike.
pub(super) struct PartsOf<D>(D);

/// For names.
pub(super) type Parts = PartsOf<Sha256>;

/// For what is long. On 64-bit numbers, which WebAssembly has, SHA-512/256 takes two thirds of the
/// time of SHA-256.
pub(super) type LongParts = PartsOf<Sha512_256>;

impl<D: Digest> PartsOf<D> {
    /// Starts with a label that keeps apart what is hashed for different purposes.
    pub(super) fn new(label: &[u8]) -> Self {
        Self(D::new()).part(label)
    }

    pub(super) fn part(mut self, bytes: &[u8]) -> Self {
        self.0.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// The first 128 bits.
    pub(super) fn half(self) -> [u8; 16] {
        let digest: Output<D> = self.0.finalize();
        let mut half = [0; 16];
        half.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        half
    }
}

/// What a text must be to name 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not 32 hexadecimal digits")]
pub struct HexError;

/// Reads exactly 32 hexadecimal digits.
pub(super) fn parse_hex(text: &str) -> Result<[u8; 16], HexError> {
    let digits = text.as_bytes();
    if digits.len() != 32 {
        return Err(HexError);
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = match pair {
            [high, low] => nibble(*high)? << 4 | nibble(*low)?,
            _ => return Err(HexError),
        };
    }
    Ok(bytes)
}

fn nibble(digit: u8) -> Result<u8, HexError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(HexError),
    }
}

macro_rules! hex_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// From its bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            /// 32 hexadecimal digits.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                crate::hex::write(&self.0, f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::str::FromStr for $name {
            type Err = super::hash::HexError;

            fn from_str(text: &str) -> Result<Self, super::hash::HexError> {
                super::hash::parse_hex(text).map(Self)
            }
        }
    };
}
pub(super) use hex_name;

hex_name! {
    /// What names a handle on every wire: 128 bits of SHA-256 over the handle's tuple. Of a token,
    /// it is what the audit record shows.
    HandleHash
}
