//! Where the control service is, from the plugin configuration:
//! `{"cluster": "tenantguard-control", "authority": "control.example", "proxy": "edge",
//! "ask_deadline": "50ms", "snapshot_deadline": "2s"}`. There is no secret in it: the proxy proves
//! who it is by the cluster's client certificate.

use std::time::Duration;

use serde::Deserialize;

/// What a question's deadline is, and may be, in milliseconds.
const ASK: (u64, u64) = (50, 1_000);
/// What the first snapshot's deadline is, and may be, in milliseconds.
const SNAPSHOT: (u64, u64) = (2_000, 30_000);
/// The longest name, in bytes.
const NAME_LIMIT: usize = 256;
/// The longest name of a proxy, in bytes: the service's limit, less what is appended.
const PROXY_LIMIT: usize = 112;

/// As the operator writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControlSource {
    cluster: String,
    authority: Option<String>,
    proxy: Option<String>,
    ask_deadline: Option<String>,
    snapshot_deadline: Option<String>,
}

/// Where the control service is, and how long to wait for it.
pub(crate) struct ControlConfig {
    /// Envoy's cluster.
    pub(super) cluster: String,
    /// The host that calls name.
    pub(super) authority: String,
    /// What the proxy calls itself, if not by its node.
    pub(super) proxy: Option<String>,
    /// How long a request waits for the answer to a question.
    pub(super) ask_deadline: Duration,
    /// How long a request waits for the first snapshot.
    pub(crate) snapshot_deadline: Duration,
}

/// Why `control` is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// A name.
    #[error("has a `{0}` that is not 1 to {1} visible ASCII characters")]
    Name(&'static str, usize),
    /// A time.
    #[error("has a `{0}` that is no time like \"50ms\" or \"2s\", of at most {1} ms")]
    Time(&'static str, u64),
}

impl TryFrom<ControlSource> for ControlConfig {
    type Error = ControlError;

    fn try_from(source: ControlSource) -> Result<Self, ControlError> {
        let authority = source.authority.unwrap_or_else(|| source.cluster.clone());
        let proxy = source.proxy.map(|it| name("proxy", it, PROXY_LIMIT)).transpose()?;
        Ok(Self {
            cluster: name("cluster", source.cluster, NAME_LIMIT)?,
            authority: name("authority", authority, NAME_LIMIT)?,
            proxy,
            ask_deadline: time("ask_deadline", source.ask_deadline, ASK)?,
            snapshot_deadline: time("snapshot_deadline", source.snapshot_deadline, SNAPSHOT)?,
        })
    }
}

impl ControlConfig {
    /// What the keys in shared data begin with. Another service, or another name, has other keys.
    pub(super) fn prefix(&self) -> String {
        let proxy = self.proxy.as_deref().unwrap_or_default();
        // No part has a space in it.
        format!("tenantguard.control {} {} {proxy}", self.cluster, self.authority)
    }
}

fn name(what: &'static str, text: String, limit: usize) -> Result<String, ControlError> {
    let is_good = (1..=limit).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic());
    if is_good { Ok(text) } else { Err(ControlError::Name(what, limit)) }
}

fn time(
    what: &'static str,
    text: Option<String>,
    (default, limit): (u64, u64),
) -> Result<Duration, ControlError> {
    let millis = match text {
        None => Some(default),
        Some(text) => millis(&text).filter(|millis| (1..=limit).contains(millis)),
    };
    millis.map(Duration::from_millis).ok_or(ControlError::Time(what, limit))
}

fn millis(text: &str) -> Option<u64> {
    let (digits, factor) = match text.strip_suffix("ms") {
        Some(digits) => (digits, 1),
        None => (text.strip_suffix('s')?, 1_000),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
