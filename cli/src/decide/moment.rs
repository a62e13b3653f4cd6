//! A point in time as an argument.

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer};
use tenantguard::time::UnixTime;

use crate::failure::Failure;

/// Seconds since 1970, or RFC 3339 such as `2026-01-01T00:00:00Z`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) fn now() -> Result<Self, Failure> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Failure::Clock)?;
        Ok(Self(since.as_secs()))
    }

    pub(crate) fn seconds(self) -> u64 {
        self.0
    }
}

impl From<Moment> for UnixTime {
    fn from(moment: Moment) -> Self {
        Self::from_secs(moment.0)
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(seconds) = text.parse() {
            return Ok(Self(seconds));
        }
        let timestamp: jiff::Timestamp = text
            .parse()
            .map_err(|_| "write seconds since 1970, or 2026-01-01T00:00:00Z".to_owned())?;
        let seconds = u64::try_from(timestamp.as_second());
        seconds.map(Self).map_err(|_| "that is before 1970".to_owned())
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a time as seconds since 1970 or as RFC 3339")]
        enum Form {
            Seconds(u64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Seconds(seconds) => Ok(Self(seconds)),
            Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}
