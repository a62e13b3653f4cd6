//! The service's configuration: a TOML file, the environment, and flags, in this order, each over
//! the one before ([`layers`]). What comes out has been checked: a [`Config`] can be served.
//!
//! `source` is the file as it is written, `layers` where settings come from, `units` durations and
//! sizes.

mod access;
mod authzen;
mod error;
mod exchange;
mod layers;
mod source;
mod units;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use axum::http::Uri;

pub use self::access::{Access, TokenRoles};
pub use self::authzen::{AuthzenSource, Condition, Grant, Mapping, Resource, Subject};
pub use self::error::ConfigError;
pub use self::exchange::ExchangeSettings;
use self::layers::Layers;
pub use self::layers::PREFIX;
use self::source::Source;
pub use self::source::{
    DelegationsSource, FeedSource, LimitsSource, LogFormat, LogSource, SessionsSource, StoreSource,
    TenantStoreSource,
};
pub use self::units::{Size, Span, UnitError};

/// What the command line sets.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<String>,
    /// `--policy`
    pub policy: Option<PathBuf>,
    /// `--store`
    pub store: Option<String>,
    /// `--log-format`
    pub log_format: Option<String>,
}

/// Everything that the service needs to know to start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens. Without TLS, this machine alone.
    pub listen: SocketAddr,
    /// Where clients reach it, if that is not where it listens.
    pub public_url: Option<String>,
    /// Its certificate, and whose clients it trusts.
    pub tls: Option<TlsFiles>,
    /// The policy that tokens and decisions are held against.
    pub policy: Option<PathBuf>,
    /// Where the policy's key clusters are, as `https://host[:port]`.
    pub key_hosts: BTreeMap<String, String>,
    /// Who may call.
    pub access: Access,
    /// Where state is kept.
    pub store: StoreSource,
    /// The feed's lease and hold.
    pub feed: FeedSource,
    /// How long sessions live, and how many.
    pub sessions: SessionsSource,
    /// How much of everything.
    pub limits: LimitsSource,
    /// What is logged, and how.
    pub log: LogSource,
    /// How AuthZEN questions are understood.
    pub authzen: AuthzenSource,
    /// What delegations may be.
    pub delegations: DelegationsSource,
    /// How tokens are exchanged, if they are.
    pub exchange: Option<ExchangeSettings>,
}

/// Files in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, the service's own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// Who signs clients' certificates. Without it no client shows one.
    pub client_ca: Option<PathBuf>,
}

impl Config {
    /// Reads the file, the environment and the flags.
    ///
    /// # Errors
    /// [`ConfigError`] names the layer and the setting.
    pub fn load(
        flags: Flags,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Layers::default();
        let mut directory = PathBuf::new();
        if let Some(path) = &flags.config {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Read { path: path.clone(), source })?;
            layers.file::<Source>(path, &text)?;
            directory = path.parent().map(Path::to_owned).unwrap_or_default();
        }
        layers.environment::<Source>(environment)?;
        let text = |path: PathBuf| path.display().to_string();
        for (flag, setting, value) in [
            ("--listen", &["listen"][..], flags.listen),
            ("--policy", &["policy"], flags.policy.map(text)),
            ("--store", &["store", "url"], flags.store),
            ("--log-format", &["log", "format"], flags.log_format),
        ] {
            if let Some(value) = value {
                layers.flag::<Source>(flag, setting, value)?;
            }
        }
        Self::check(layers.read()?, &directory)
    }

    /// Makes a configuration of what was read. Relative paths in it are relative to `directory`.
    fn check(source: Source, directory: &Path) -> Result<Self, ConfigError> {
        let at = |path: PathBuf| directory.join(path);
        let tls = source.tls.map(|tls| TlsFiles {
            certificate: at(tls.certificate),
            key: at(tls.key),
            client_ca: tls.client_ca.map(at),
        });
        if tls.is_none() && !source.listen.ip().is_loopback() {
            return Err(ConfigError::PlainElsewhere { listen: source.listen });
        }
        let FeedSource { hold, lease } = source.feed;
        if hold > Span::seconds(1) || lease.get() < hold.get() * 2 {
            return Err(ConfigError::Feed { hold, lease });
        }
        let access = Access::check(source.auth)?;
        if access.needs_policy() && source.policy.is_none() {
            return Err(ConfigError::TokensWithoutPolicy);
        }
        let exchange = source.exchange.map(|it| ExchangeSettings::check(it, directory));
        let exchange = exchange.transpose()?;
        if exchange.is_some() && source.policy.is_none() {
            return Err(ConfigError::ExchangeWithoutPolicy);
        }
        if access.needs_client_ca() && tls.as_ref().is_none_or(|tls| tls.client_ca.is_none()) {
            return Err(ConfigError::CertificatesWithoutAuthority);
        }
        if let Some((cluster, url)) = source.keys.iter().find(|(_, url)| !is_safe(url)) {
            let (cluster, url) = (cluster.clone(), url.clone());
            return Err(ConfigError::KeyHost { cluster, url });
        }
        Ok(Self {
            listen: source.listen,
            public_url: source.public_url.map(|url| url.trim_end_matches('/').to_owned()),
            tls,
            policy: source.policy.map(at),
            key_hosts: source.keys,
            access,
            store: source.store.under(directory),
            feed: source.feed,
            sessions: source.sessions,
            limits: source.limits,
            log: source.log,
            authzen: source.authzen,
            delegations: source.delegations,
            exchange,
        })
    }
}

/// Whether nobody between can put other keys in the place of an issuer's.
fn is_safe(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let is_origin = uri.path() == "/" && uri.query().is_none() && !host.is_empty();
    is_origin
        && (uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && is_here))
}

#[cfg(test)]
mod tests;
