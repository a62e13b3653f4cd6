//! Durations and sizes as people write them: `5s`, `250ms`, `64KiB`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A duration above zero, written as `250ms`, `5s`, `10m`, `1h` or `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

/// A size in bytes above zero, written as `512B`, `64KiB` or `10MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(usize);

/// Why a text is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    /// No duration.
    #[error("write a whole number above zero and a unit: 250ms, 5s, 10m, 1h or 7d")]
    Span,
    /// No size.
    #[error("write a whole number above zero and a unit: 512B, 64KiB or 10MiB")]
    Size,
}

impl Span {
    /// So many seconds.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// As a duration.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`UnitError::Span`]
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
        let millis = parse(text, &units).ok_or(UnitError::Span)?;
        Ok(Self(Duration::from_millis(millis)))
    }
}

impl Size {
    /// So many KiB.
    #[must_use]
    pub const fn kibibytes(count: usize) -> Self {
        Self(count * 1024)
    }

    /// In bytes.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`UnitError::Size`]
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("B", 1)];
        let bytes = parse(text, &units).ok_or(UnitError::Size)?;
        usize::try_from(bytes).map(Self).map_err(|_| UnitError::Size)
    }
}

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    units.iter().find_map(|(unit, factor)| {
        let digits = text.strip_suffix(unit)?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = is_number.then(|| digits.parse().ok()).flatten()?;
        number.checked_mul(*factor).filter(|product| *product > 0)
    })
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            millis if millis % 1000 == 0 => write!(f, "{}s", millis / 1000),
            millis => write!(f, "{millis}ms"),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| de::Error::custom(format!("{text:?}: {error}")))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| de::Error::custom(format!("{text:?}: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_whole_number_and_a_unit() {
        for (text, millis) in [
            ("250ms", 250),
            ("5s", 5_000),
            ("10m", 600_000),
            ("1h", 3_600_000),
            ("7d", 604_800_000),
        ] {
            assert_eq!(Span::parse(text).map(|span| span.get().as_millis()), Ok(millis), "{text}");
        }
        for bad in ["", "5", "s", "0s", "-1s", "1.5s", "5 s", "+5s", "99999999999999999999d"] {
            assert_eq!(Span::parse(bad), Err(UnitError::Span), "{bad}");
        }
    }

    #[test]
    fn a_size_is_a_whole_number_and_a_unit() {
        for (text, bytes) in [("512B", 512), ("64KiB", 65_536), ("10MiB", 10_485_760)] {
            assert_eq!(Size::parse(text).map(Size::get), Ok(bytes), "{text}");
        }
        for bad in ["", "64", "64KB", "0B", "1.5MiB"] {
            assert_eq!(Size::parse(bad), Err(UnitError::Size), "{bad}");
        }
    }
}
