//! What is asked of the control service, and what an answer must be to count. The proxy makes up
//! answers for calls that fail, so only what says what the service alone says is believed.

use std::time::Duration;

use tenantguard::control::Position;
use tenantguard::replica::{ANSWER_LIMIT, Answer, QUESTION_PATH, Question};

use super::config::ControlConfig;
use crate::host;

/// How long a poll may take: it is held for up to a second.
const POLL_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a shard may take.
const SHARD_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest lease that is believed.
const LEASE_LIMIT: Duration = Duration::from_secs(60);
/// The longest answer to a poll, and the longest shard, in bytes.
const BODY_LIMIT: usize = 8 << 20;

/// What a poll was answered.
pub(super) enum Told {
    /// Nothing is new.
    Current,
    /// Frames that follow.
    Delta(Vec<u8>),
    /// A snapshot's manifest.
    Manifest(Vec<u8>),
}

/// Why an answer does not count.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServiceError {
    #[error("Envoy has no cluster {0:?}")]
    NoCluster(String),
    #[error("there was no answer in time")]
    NoAnswer,
    #[error("it answered {0}")]
    Status(String),
    #[error("its answer is not the control service's: it lacks {0}")]
    Foreign(&'static str),
    #[error("its answer has {0} bytes")]
    TooLarge(usize),
}

/// The service, as one proxy sees it.
pub(super) struct Service {
    cluster: String,
    authority: String,
    poll_path: String,
    ask_deadline: Duration,
}

impl Service {
    /// `proxy` is what the proxy calls itself.
    pub(super) fn new(config: &ControlConfig, proxy: &str) -> Self {
        Self {
            cluster: config.cluster.clone(),
            authority: config.authority.clone(),
            poll_path: format!("/v1/feed?proxy={}", escape(proxy)),
            ask_deadline: config.ask_deadline,
        }
    }

    pub(super) fn ask_deadline(&self) -> Duration {
        self.ask_deadline
    }

    /// Polls; `position` is acknowledged by it.
    pub(super) fn poll(&self, position: Option<&Position>) -> Result<u32, ServiceError> {
        match position {
            None => self.get(&self.poll_path, POLL_TIMEOUT),
            Some(at) => self.get(&format!("{}&position={at}", self.poll_path), POLL_TIMEOUT),
        }
    }

    pub(super) fn shard(&self, digest: &[u8; 32]) -> Result<u32, ServiceError> {
        let mut path = String::from("/v1/feed/shards/");
        for byte in digest {
            path.extend(
                [byte >> 4, byte & 15].map(|it| char::from_digit(it.into(), 16)).iter().flatten(),
            );
        }
        self.get(&path, SHARD_TIMEOUT)
    }

    /// Puts a question, for the stream whose context is in effect.
    pub(super) fn ask(&self, question: &Question) -> Option<u32> {
        let headers = vec![
            (":method", "POST"),
            (":path", QUESTION_PATH),
            (":authority", &*self.authority),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        host::begin_call(&self.cluster, headers, Some(question.body()), self.ask_deadline)
    }

    fn get(&self, path: &str, timeout: Duration) -> Result<u32, ServiceError> {
        let headers = vec![(":method", "GET"), (":path", path), (":authority", &*self.authority)];
        host::begin_call(&self.cluster, headers, None, timeout)
            .ok_or_else(|| ServiceError::NoCluster(self.cluster.clone()))
    }
}

/// The answer to a poll, and the lease that it grants.
pub(super) fn told(headers: usize, size: usize) -> Result<(Told, Duration), ServiceError> {
    let (status, find) = read(headers)?;
    if !matches!(&*status, "200" | "204") {
        return Err(ServiceError::Status(status));
    }
    let lease = find("x-tenantguard-lease").and_then(|lease| lease.parse().ok());
    let lease = lease.map(Duration::from_millis).ok_or(ServiceError::Foreign("a lease"))?;
    let kind = find("content-type").unwrap_or_default();
    let told = match (&*status, &*kind) {
        ("204", _) => Told::Current,
        (_, "application/vnd.tenantguard.delta") => Told::Delta(body(size)?),
        (_, "application/vnd.tenantguard.manifest") => Told::Manifest(body(size)?),
        _ => return Err(ServiceError::Foreign("a type")),
    };
    Ok((told, lease.min(LEASE_LIMIT)))
}

/// The bytes of a shard; whether they are the right ones, their digest says.
pub(super) fn shard(headers: usize, size: usize) -> Result<Vec<u8>, ServiceError> {
    let (status, _) = read(headers)?;
    if status == "200" { body(size) } else { Err(ServiceError::Status(status)) }
}

/// The answer to a question, whatever it is.
pub(super) fn answer(question: &Question, headers: usize, size: usize) -> Answer {
    match read(headers) {
        Ok((status, _)) if size <= ANSWER_LIMIT => {
            question.answer(status.parse().unwrap_or(0), &host::call_response_body(size))
        }
        _ => question.answer(0, b""),
    }
}

type Find = Box<dyn Fn(&str) -> Option<String>>;

fn read(count: usize) -> Result<(String, Find), ServiceError> {
    if count == 0 {
        return Err(ServiceError::NoAnswer);
    }
    let headers = host::call_response_headers();
    let find = move |name: &str| {
        let (_, value) = headers.iter().find(|(own, _)| own == name)?;
        String::from_utf8(value.clone()).ok()
    };
    let status = find(":status").unwrap_or_default();
    Ok((status, Box::new(find)))
}

fn body(size: usize) -> Result<Vec<u8>, ServiceError> {
    if size > BODY_LIMIT {
        return Err(ServiceError::TooLarge(size));
    }
    Ok(host::call_response_body(size))
}

/// A name as a query takes it (RFC 3986, section 2.1).
fn escape(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
