//! The service as a process: it opens its state, listens, and goes down in order.
//!
//! `listener` takes connections, `tls` makes them safe, `log` writes what happens, `policy` reads
//! the policy, `reload` takes both anew when their files change.

mod listener;
mod log;
mod policy;
mod reload;
mod store;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tenantguard::identity::NameError;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::listener::Acceptor;
pub use self::listener::Peer;
pub use self::log::{LogError, start_log};
pub use self::policy::PolicyError;
use self::policy::{LivePolicy, PolicyFiles};
use self::reload::Reload;
pub use self::store::StoreUrlError;
use self::tls::LiveTls;
pub use self::tls::TlsError;
use crate::auth::{Authenticator, Tokens, fetch_keys};
use crate::authzen::Authzen;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::delegation::Delegations;
use crate::directory::Directory;
use crate::exchange::{Exchange, KeyFileError};
use crate::http::{self, App};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::state::{Control, ControlError, Settings};
use crate::store::Durability;

/// How often callers that are gone are forgotten.
const TIDY: Duration = Duration::from_secs(60);

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Where it should listen, it cannot.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Its certificate is of no use.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The policy is of no use.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The store's address is none.
    #[error(transparent)]
    Store(#[from] StoreUrlError),
    /// The state cannot be opened.
    #[error(transparent)]
    State(#[from] ControlError),
    /// A listed subject is of no tenant.
    #[error("[[authzen.subjects]] tenant {0}")]
    Subject(NameError),
    /// The keys of the exchange cannot be had.
    #[error("the keys of the exchange: {0}")]
    Exchange(#[from] KeyFileError),
    /// The system gives no random bytes.
    #[error("the system gave no random bytes: {0}")]
    Random(getrandom::Error),
    /// Signals cannot be waited for, or threads not started.
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
}

/// A service that listens, and answers once it is run.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    acceptor: Acceptor,
    app: Arc<App>,
    config: Config,
    parts: Vec<Box<dyn Reload>>,
    told: Arc<Notify>,
}

impl Server {
    /// Opens everything that the service needs.
    ///
    /// # Errors
    /// [`StartError`] says what is missing.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let tls = config.tls.as_ref().map(LiveTls::new).transpose()?.map(Arc::new);
        let mut files = config.policy.as_deref().map(PolicyFiles::new);
        let tokens = match &mut files {
            Some(files) => Some(Arc::new(Tokens::new(files.compile()?.into(), seed()?))),
            None => None,
        };
        let settings = settings(&config, tokens.as_deref())?;
        let control = Control::open(settings, Arc::new(SystemClock::default())).await?;
        if let Some(tokens) = &tokens {
            tokens.look_into(control.clone());
        }
        let listen = |source| StartError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let mut parts: Vec<Box<dyn Reload>> = Vec::new();
        if let (Some(files), Some(tokens)) = (files, &tokens) {
            let (tokens, control) = (Arc::clone(tokens), control.clone());
            parts.push(Box::new(LivePolicy { files, tokens, control }));
        }
        if let Some(tls) = &tls {
            parts.push(Box::new(Arc::clone(tls)));
        }
        let app = app(&config, control, tokens, address)?;
        let acceptor = Acceptor {
            tls,
            router: http::router(Arc::clone(&app), &config.limits),
            limits: config.limits.clone(),
            metrics: Arc::clone(&app.metrics),
        };
        Ok(Self { listener, address, acceptor, app, config, parts, told: Arc::default() })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What handlers share.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Whoever is notified by it reads the policy and the certificate anew, as on SIGHUP.
    #[must_use]
    pub fn reload(&self) -> &Arc<Notify> {
        &self.told
    }

    /// Answers until `shutdown` is cancelled. Then no connection is taken any more, polls end at
    /// once, requests have their time to end, and what was changed is written.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { listener, address, acceptor, app, config, parts, told } = self;
        let store = app.control.status();
        tracing::info!(
            %address, tls = config.tls.is_some(), store = &*store.store.store,
            position = %store.position, "ready"
        );
        // What Redis promises is logged when it answers.
        if !matches!(store.store.durability, Durability::Redis(_)) {
            store.durability.iter().for_each(|sentence| tracing::info!("{sentence}"));
        }
        app.ready.store(true, Ordering::Relaxed);
        let background = CancellationToken::new();
        if let Some(tokens) = &app.tokens {
            let keys = fetch_keys(Arc::clone(tokens), config.key_hosts, background.clone());
            tokio::spawn(keys);
        }
        if let Some(exchange) = &app.exchange {
            tokio::spawn(Arc::clone(exchange).rotate(background.clone()));
        }
        tokio::spawn(tidy(Arc::clone(&app), background.clone()));
        tokio::spawn(reload::watch(parts, told, Arc::clone(&app.metrics), background.clone()));
        let stop = app.shutdown.clone();
        let watch = async {
            shutdown.cancelled().await;
            tracing::info!("going down");
            stop.cancel();
        };
        tokio::join!(watch, acceptor.run(listener, app.shutdown.clone()));
        background.cancel();
        app.control.close().await;
        tracing::info!("down");
    }
}

/// Serves until the process is told to end (SIGTERM, SIGINT). SIGHUP has it read the policy and its
/// certificate anew.
///
/// # Errors
/// [`StartError`]
pub fn serve(config: Config) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let mut hangup = signal(SignalKind::hangup())?;
        let server = Server::start(config).await?;
        let told = Arc::clone(server.reload());
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                told.notify_one();
            }
        });
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            stop.cancel();
        });
        server.run(shutdown).await;
        Ok(())
    })
}

fn settings(config: &Config, tokens: Option<&Tokens>) -> Result<Settings, StartError> {
    let mut settings = Settings::new(store::settings(&config.store)?);
    settings.lease = config.feed.lease.get();
    settings.sessions = store::session_limits(&config.sessions)?;
    if let Some(tokens) = tokens {
        for (_, issuer) in tokens.gate().policy().issuers() {
            let retention = &mut settings.retention;
            retention.lifetime = retention.lifetime.max(issuer.max_lifetime);
            retention.skew = retention.skew.max(issuer.skew);
        }
    }
    Ok(settings)
}

fn app(
    config: &Config,
    control: Control,
    tokens: Option<Arc<Tokens>>,
    address: SocketAddr,
) -> Result<Arc<App>, StartError> {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let public_url = config.public_url.clone().unwrap_or_else(|| format!("{scheme}://{address}"));
    let authzen = tokens.clone().map(|tokens| Authzen::new(config.authzen.clone(), tokens));
    let max_lifetime = config.delegations.max_lifetime.get();
    let delegations = Delegations::new(control.clone(), tokens.clone(), max_lifetime);
    let exchange = config.exchange.as_ref().zip(tokens.clone()).map(|(settings, tokens)| {
        let issuer = settings.issuer.clone().unwrap_or_else(|| public_url.clone());
        Exchange::open(settings, issuer, tokens, control.clone(), delegations.clone())
    });
    Ok(Arc::new(App {
        directory: Directory::new(control.clone()),
        delegations,
        exchange: exchange.transpose()?.map(Arc::new),
        control,
        authenticator: Authenticator::new(config.access.clone(), tokens.clone()),
        authzen: authzen.transpose().map_err(StartError::Subject)?,
        tokens,
        limits: Limits::new(&config.limits),
        metrics: Arc::new(Metrics::default()),
        public_url,
        feed: config.feed,
        shutdown: CancellationToken::new(),
        ready: AtomicBool::new(false),
    }))
}

fn seed() -> Result<u64, StartError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(StartError::Random)?;
    Ok(u64::from_ne_bytes(bytes))
}

async fn tidy(app: Arc<App>, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(TIDY) => app.limits.forget(),
        }
    }
}
