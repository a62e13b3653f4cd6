//! Fetches the keys of issuers that have them at an endpoint.
//!
//! A policy names the proxy's cluster that leads there; the configuration says where that cluster
//! is for this service: `[keys] idp = "https://id.example.com"`. When to fetch, and how long keys
//! hold, the core's key ring decides.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tenantguard::gate::Gate;
use tenantguard::keyring::{BODY_LIMIT, Change, Fetch, FetchAnswer, max_age};
use tokio_util::sync::CancellationToken;
use ureq::Agent;
use ureq::http::header;

use super::tokens::{Fetched, Tokens};

/// How long one fetch may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How often the ring is asked what is due.
const TICK: Duration = Duration::from_secs(1);
/// How many fetches at once.
const AT_ONCE: usize = 8;

/// Why keys could not be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the configuration does not say where the cluster {0:?} is: set it under [keys]")]
    Cluster(Box<str>),
    #[error("{url}: {source}")]
    Unreachable { url: String, source: Box<ureq::Error> },
    #[error("{url} answers {status}")]
    Status { url: String, status: u16 },
    #[error("{url}: {source}")]
    Answer { url: String, source: tenantguard::keyring::AnswerError },
}

/// Fetches what is due until the service goes down.
pub async fn fetch_keys(
    tokens: Arc<Tokens>,
    hosts: BTreeMap<String, String>,
    shutdown: CancellationToken,
) {
    let fetcher = Arc::new(Fetcher { agent: agent(), hosts });
    loop {
        let gate = tokens.gate();
        for fetch in gate.ring().take_due(tokens.now().monotonic, AT_ONCE) {
            let (tokens, gate) = (Arc::clone(&tokens), Arc::clone(&gate));
            let fetcher = Arc::clone(&fetcher);
            tokio::task::spawn_blocking(move || {
                fetcher.fetch(&tokens, &gate, &fetch);
                tokens.answered.notify_waiters();
            });
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokens.wanted.notified() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

fn agent() -> Agent {
    let roots = ureq::tls::RootCerts::PlatformVerifier;
    let tls = ureq::tls::TlsConfig::builder().root_certs(roots).build();
    Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .into()
}

struct Fetcher {
    agent: Agent,
    hosts: BTreeMap<String, String>,
}

impl Fetcher {
    fn fetch(&self, tokens: &Tokens, gate: &Gate, fetch: &Fetch) {
        match self.answer(tokens, gate, fetch) {
            Ok(Change::Replaced) => {
                tracing::info!(cluster = &*fetch.source.cluster, "keys fetched");
            }
            Ok(Change::Confirmed) => {}
            Err(error) => {
                if !matches!(error, FetchError::Answer { .. }) {
                    gate.ring().failed(fetch.issuer, tokens.now().monotonic);
                }
                tracing::warn!(cluster = &*fetch.source.cluster, "keys not fetched: {error}");
            }
        }
    }

    fn answer(&self, tokens: &Tokens, gate: &Gate, fetch: &Fetch) -> Result<Change, FetchError> {
        let host = self.hosts.get(&*fetch.source.cluster);
        let host = host.ok_or_else(|| FetchError::Cluster(fetch.source.cluster.clone()))?;
        let url = format!("{}{}", host.trim_end_matches('/'), fetch.source.path);
        let unreachable = |error: ureq::Error| FetchError::Unreachable {
            url: url.clone(),
            source: Box::new(error),
        };
        let asked = Instant::now();
        let mut request = self.agent.get(&url);
        if let Some(etag) = &fetch.etag {
            request = request.header(header::IF_NONE_MATCH, &**etag);
        }
        let mut response = request.call().map_err(unreachable)?;
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let etag = text(header::ETAG).map(str::to_owned);
        let max_age = text(header::CACHE_CONTROL).and_then(max_age);
        let status = response.status().as_u16();
        let limit = u64::try_from(BODY_LIMIT).unwrap_or(u64::MAX);
        let body = match status {
            200 => response.body_mut().with_config().limit(limit).read_to_vec(),
            304 => Ok(Vec::new()),
            _ => return Err(FetchError::Status { url, status }),
        };
        let body = body.map_err(unreachable)?;
        let answer = match status {
            304 => FetchAnswer::NotModified { max_age },
            _ => FetchAnswer::Body { body: &body, etag: etag.as_deref(), max_age },
        };
        let (age, now) = (asked.elapsed(), tokens.now());
        let taken = gate.take_keys(fetch.issuer, &answer, age, now);
        let change = taken.map_err(|source| FetchError::Answer { url, source })?;
        let at = now.monotonic.saturating_sub(age);
        match status {
            304 => tokens.confirm(&fetch.source, at),
            _ => tokens.remember(&fetch.source, Fetched { body, etag, max_age, at }),
        }
        Ok(change)
    }
}
