//! The board in shared data on which the leader publishes key sets, and on which the others put
//! down whose keys they miss.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenantguard::keyring::FetchAnswer;
use tenantguard::time::UnixTime;
use tenantguard::trust::IssuerId;

use crate::host;

/// How often to try again when another VM was quicker.
const TRIES: usize = 5;

pub(super) struct Board {
    prefix: String,
}

/// What an endpoint answered last. An empty body: what was published before is confirmed.
#[derive(Serialize, Deserialize)]
pub(super) struct Notice {
    pub(super) version: u64,
    at: u64,
    max_age: Option<u64>,
    etag: Option<String>,
    body: String,
}

impl Notice {
    /// How long ago the endpoint answered.
    pub(super) fn age(&self, now: UnixTime) -> Duration {
        Duration::from_millis(now.as_millis().saturating_sub(self.at))
    }

    pub(super) fn answer(&self) -> FetchAnswer<'_> {
        FetchAnswer::Body {
            body: self.body.as_bytes(),
            etag: self.etag.as_deref(),
            max_age: self.max_age.map(Duration::from_secs),
        }
    }
}

impl Board {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    /// Changes whenever a notice does.
    pub(super) fn version(&self) -> u64 {
        host::shared(&self.key("version")).map_or(0, |(value, _)| number(&value))
    }

    pub(super) fn notice(&self, issuer: IssuerId) -> Option<Notice> {
        let (value, _) = host::shared(&self.key(&issuer.0.to_string()))?;
        serde_json::from_slice(&value).ok()
    }

    /// Publishes an answer, and says under which version.
    pub(super) fn publish(&self, issuer: IssuerId, answer: &FetchAnswer<'_>, at: UnixTime) -> u64 {
        let version = self.version() + 1;
        let (body, etag, max_age) = match *answer {
            FetchAnswer::Body { body, etag, max_age } => {
                (String::from_utf8_lossy(body).into_owned(), etag.map(str::to_owned), max_age)
            }
            FetchAnswer::NotModified { max_age } => {
                let before = self.notice(issuer);
                let (body, etag) =
                    before.map(|notice| (notice.body, notice.etag)).unwrap_or_default();
                (body, etag, max_age)
            }
        };
        let max_age = max_age.map(|age| age.as_secs());
        let notice = Notice { version, at: at.as_millis(), max_age, etag, body };
        if let Ok(value) = serde_json::to_vec(&notice) {
            host::set_shared(&self.key(&issuer.0.to_string()), &value);
            host::set_shared(&self.key("version"), version.to_string().as_bytes());
        }
        version
    }

    /// Puts down that an issuer's keys are missed.
    pub(super) fn wish(&self, issuer: IssuerId) {
        let key = self.key("wishes");
        for _ in 0..TRIES {
            let Some((value, version)) = host::shared(&key) else {
                host::set_shared(&key, issuer.0.to_string().as_bytes());
                return;
            };
            let mut wishes = String::from_utf8(value).unwrap_or_default();
            if wishes.split(' ').any(|wish| wish == issuer.0.to_string()) {
                return;
            }
            wishes = format!("{wishes} {}", issuer.0);
            if host::swap_shared(&key, wishes.as_bytes(), version) {
                return;
            }
        }
    }

    /// Takes down what is missed.
    pub(super) fn take_wishes(&self) -> Vec<IssuerId> {
        let key = self.key("wishes");
        match host::shared(&key) {
            Some((value, version))
                if !value.is_empty() && host::swap_shared(&key, b"", version) =>
            {
                let wishes = String::from_utf8(value).unwrap_or_default();
                wishes.split(' ').filter_map(|wish| wish.parse().ok().map(IssuerId)).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn number(value: &[u8]) -> u64 {
    std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}
