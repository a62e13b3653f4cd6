//! The configuration file as it is written, with what is built in where it says nothing. Unknown
//! settings are errors.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::authzen::AuthzenSource;
use super::units::{Size, Span};
use crate::exchange::SigningAlgorithm;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Source {
    pub(super) listen: SocketAddr,
    pub(super) public_url: Option<String>,
    pub(super) policy: Option<PathBuf>,
    pub(super) keys: BTreeMap<String, String>,
    pub(super) tls: Option<TlsSource>,
    pub(super) auth: AuthSource,
    pub(super) store: StoreSource,
    pub(super) feed: FeedSource,
    pub(super) sessions: SessionsSource,
    pub(super) limits: LimitsSource,
    pub(super) log: LogSource,
    pub(super) authzen: AuthzenSource,
    pub(super) delegations: DelegationsSource,
    pub(super) exchange: Option<ExchangeSource>,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7070)),
            public_url: None,
            policy: None,
            keys: BTreeMap::new(),
            tls: None,
            auth: AuthSource::default(),
            store: StoreSource::default(),
            feed: FeedSource::default(),
            sessions: SessionsSource::default(),
            limits: LimitsSource::default(),
            log: LogSource::default(),
            authzen: AuthzenSource::default(),
            delegations: DelegationsSource::default(),
            exchange: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsSource {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    pub(super) client_ca: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AuthSource {
    pub(super) credentials: Vec<CredentialSource>,
    pub(super) certificates: Vec<CertificateSource>,
    pub(super) tokens: Option<TokensSource>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialSource {
    pub(super) name: String,
    pub(super) role: RoleName,
    pub(super) tenant: Option<String>,
    pub(super) sha256: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CertificateSource {
    pub(super) san: String,
    pub(super) name: Option<String>,
    pub(super) role: RoleName,
    pub(super) tenant: Option<String>,
}

/// The permission that a token's bearer needs for each role, and for the delegations of its tenant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TokensSource {
    pub(super) admin: Option<String>,
    pub(super) tenant_admin: Option<String>,
    pub(super) proxy: Option<String>,
    pub(super) auditor: Option<String>,
    pub(super) delegations: String,
}

impl Default for TokensSource {
    fn default() -> Self {
        let delegations = "cross_tenant:manage".to_owned();
        Self { admin: None, tenant_admin: None, proxy: None, auditor: None, delegations }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RoleName {
    Admin,
    TenantAdmin,
    Proxy,
    Auditor,
}

/// Where state is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSource {
    /// `file:PATH`, or where a Redis is ([`crate::store::RedisAddress`]).
    pub url: String,
    /// The journal in front of Redis.
    pub journal: PathBuf,
    /// Has the ACL user for Redis; read for each connection.
    pub username_file: Option<PathBuf>,
    /// Has the password for Redis; read for each connection.
    pub password_file: Option<PathBuf>,
    /// Roots to trust for Redis instead of the public ones, in PEM.
    pub ca: Option<PathBuf>,
    /// What Redis is shown of this service, in PEM.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// Tenants with a Redis of their own.
    pub tenants: BTreeMap<String, TenantStoreSource>,
}

/// A Redis of one tenant's own. Certificates that are not named are those of the main one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantStoreSource {
    /// Where it is.
    pub url: String,
    /// As for the main one.
    pub username_file: Option<PathBuf>,
    /// As for the main one.
    pub password_file: Option<PathBuf>,
    /// As for the main one.
    pub ca: Option<PathBuf>,
    /// As for the main one.
    pub certificate: Option<PathBuf>,
    /// As for the main one.
    pub key: Option<PathBuf>,
}

impl Default for StoreSource {
    fn default() -> Self {
        Self {
            url: "file:control.redb".to_owned(),
            journal: "control.journal".into(),
            username_file: None,
            password_file: None,
            ca: None,
            certificate: None,
            key: None,
            tenants: BTreeMap::new(),
        }
    }
}

impl StoreSource {
    /// With its relative paths taken to be under `directory`.
    pub(super) fn under(mut self, directory: &Path) -> Self {
        if let Some(path) = self.url.strip_prefix("file:") {
            self.url = format!("file:{}", directory.join(path).display());
        }
        self.journal = directory.join(self.journal);
        let Self { username_file, password_file, ca, certificate, key, tenants, .. } = &mut self;
        let own = [username_file, password_file, ca, certificate, key];
        let theirs = tenants.values_mut().flat_map(|it| {
            let TenantStoreSource { username_file, password_file, ca, certificate, key, .. } = it;
            [username_file, password_file, ca, certificate, key]
        });
        for path in own.into_iter().chain(theirs).flatten() {
            *path = directory.join(&*path);
        }
        self
    }
}

/// The feed's lease and hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedSource {
    /// How long a proxy may decide alone, counted from when it sent its last poll.
    pub lease: Span,
    /// How long a poll is held when there is nothing new; at most a second.
    pub hold: Span,
}

impl Default for FeedSource {
    fn default() -> Self {
        Self { lease: Span::seconds(5), hold: Span::seconds(1) }
    }
}

/// How long sessions live, and how many.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionsSource {
    /// How long a session lives without being touched.
    pub idle: Span,
    /// How long it lives at all.
    pub lifetime: Span,
    /// How many a principal may have at once.
    pub per_principal: u32,
    /// Tenants with an idle time of their own.
    pub tenants: BTreeMap<String, Span>,
}

impl Default for SessionsSource {
    fn default() -> Self {
        Self {
            idle: Span::seconds(60 * 60),
            lifetime: Span::seconds(7 * 24 * 60 * 60),
            per_principal: 100,
            tenants: BTreeMap::new(),
        }
    }
}

/// How tokens are exchanged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExchangeSource {
    pub(super) keys: PathBuf,
    pub(super) issuer: Option<String>,
    #[serde(default)]
    pub(super) algorithm: SigningAlgorithm,
    #[serde(default = "ExchangeSource::rotate")]
    pub(super) rotate: Span,
    #[serde(default = "ExchangeSource::lifetime")]
    pub(super) lifetime: Span,
}

impl ExchangeSource {
    fn rotate() -> Span {
        Span::seconds(24 * 60 * 60)
    }

    fn lifetime() -> Span {
        Span::seconds(5 * 60)
    }
}

/// What delegations may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DelegationsSource {
    /// How long one may last.
    pub max_lifetime: Span,
}

impl Default for DelegationsSource {
    fn default() -> Self {
        Self { max_lifetime: Span::seconds(90 * 24 * 60 * 60) }
    }
}

/// How much of everything.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSource {
    /// The largest body.
    pub body: Size,
    /// The largest body of a bulk request.
    pub bulk_body: Size,
    /// How long a connection has for its handshake and for each request's head.
    pub head_timeout: Span,
    /// How long a request has for everything else.
    pub request_timeout: Span,
    /// How many connections at once.
    pub connections: usize,
    /// How many requests at once, polls excepted.
    pub requests: usize,
    /// How many polls at once.
    pub polls: usize,
    /// How many requests a second one caller may make, on average.
    pub requests_per_second: u32,
    /// How many polls, or shards, a second one proxy may ask for, on average.
    pub polls_per_second: u32,
    /// How many wrong credentials a second one address may show, on average.
    pub failures_per_second: u32,
    /// How long requests have to end when the service goes down.
    pub shutdown: Span,
}

impl Default for LimitsSource {
    fn default() -> Self {
        Self {
            body: Size::kibibytes(64),
            bulk_body: Size::kibibytes(4 * 1024),
            head_timeout: Span::seconds(5),
            request_timeout: Span::seconds(10),
            connections: 4096,
            requests: 512,
            polls: 2048,
            requests_per_second: 1000,
            polls_per_second: 200,
            failures_per_second: 10,
            shutdown: Span::seconds(10),
        }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSource {
    /// For people or for machines.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, or directives as of `tracing`.
    pub level: String,
}

impl Default for LogSource {
    fn default() -> Self {
        Self { format: LogFormat::Human, level: "info".to_owned() }
    }
}

/// For people or for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// A line of text.
    Human,
    /// A JSON object on a line.
    Json,
}
