//! Moments in a report: RFC 3339 in UTC to the second, so that their order is the order of their
//! texts.

use std::fmt;

use serde::{Deserialize, Serialize};
use tenantguard::time::UnixTime;

/// A moment, such as `2026-12-31T00:00:00Z`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Time(String);

/// Why a text is no moment of a report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time like 2026-12-31T00:00:00Z")]
pub struct TimeError(String);

impl Time {
    pub(crate) fn from_secs(secs: u64) -> Self {
        let with_millis = UnixTime::from_secs(secs).to_string();
        Self(with_millis.replace(".000Z", "Z"))
    }

    /// The day.
    pub(crate) fn day(&self) -> &str {
        self.0.split('T').next().unwrap_or_default()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Time {
    type Error = TimeError;

    fn try_from(text: String) -> Result<Self, TimeError> {
        let pattern = b"0000-00-00T00:00:00Z";
        let fits = text.len() == pattern.len()
            && text.bytes().zip(pattern).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                _ => byte == *form,
            });
        if fits { Ok(Self(text)) } else { Err(TimeError(text)) }
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_to_the_second_and_nothing_else() {
        let time = Time::from_secs(1_767_225_600);
        assert_eq!((time.to_string().as_str(), time.day()), ("2026-01-01T00:00:00Z", "2026-01-01"));
        assert_eq!(Time::try_from(time.to_string()), Ok(time));
        for bad in
            ["", "2026-01-01", "2026-01-01T00:00:00.000Z", "2026-01-01t00:00:00Z", "9999999999"]
        {
            assert!(Time::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
