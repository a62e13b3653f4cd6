//! Connections: a bounded number, each with a bounded time for its handshake and for the head of
//! every request, so that slow ones cannot keep others out.
//!
//! HTTP/1.1 alone: a proxy holds one poll at a time, and what is not spoken cannot be abused.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::tls::LiveTls;
use crate::auth::PeerCertificate;
use crate::config::LimitsSource;
use crate::metrics::Metrics;

/// The largest head of a request, with its line and headers.
const HEAD_LIMIT: usize = 32 * 1024;
const HEADER_COUNT_LIMIT: usize = 64;
/// How long to leave a listener alone that has run out of descriptors.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Who is at the other end of a connection.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where from.
    pub address: SocketAddr,
    /// With which certificate.
    pub certificate: Option<PeerCertificate>,
}

/// Takes connections and serves them.
pub(super) struct Acceptor {
    pub(super) tls: Option<Arc<LiveTls>>,
    pub(super) router: Router,
    pub(super) limits: LimitsSource,
    pub(super) metrics: Arc<Metrics>,
}

/// What a connection holds as long as it lives.
struct Held {
    _permit: OwnedSemaphorePermit,
    metrics: Arc<Metrics>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.metrics.connections.dec();
    }
}

impl Acceptor {
    /// Until `shutdown`; then the requests that are under way end, within their limit.
    pub(super) async fn run(self, listener: TcpListener, shutdown: CancellationToken) {
        let slots = Arc::new(Semaphore::new(self.limits.connections));
        let graceful = GracefulShutdown::new();
        let acceptor = Arc::new(self);
        loop {
            let taken = tokio::select! {
                () = shutdown.cancelled() => break,
                taken = next(&listener, &slots) => taken,
            };
            let (stream, address, permit) = match taken {
                Ok(taken) => taken,
                Err(error) => {
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(BACK_OFF).await;
                    continue;
                }
            };
            acceptor.metrics.connections.inc();
            let held = Held { _permit: permit, metrics: Arc::clone(&acceptor.metrics) };
            let (acceptor, watcher) = (Arc::clone(&acceptor), graceful.watcher());
            tokio::spawn(async move {
                acceptor.connection(stream, address, watcher).await;
                drop(held);
            });
        }
        drop(listener);
        let limit = acceptor.limits.shutdown.get();
        if tokio::time::timeout(limit, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests did not end within {limit:?} and are cut off");
        }
    }

    async fn connection(&self, stream: TcpStream, address: SocketAddr, watcher: Watcher) {
        // A poll's answer is small and waited for.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else {
            let peer = Peer { address, certificate: None };
            return self.serve(stream, peer, watcher).await;
        };
        let acceptor = tls.acceptor();
        let handshake = acceptor.accept(stream);
        match tokio::time::timeout(self.limits.head_timeout.get(), handshake).await {
            Ok(Ok(stream)) => {
                let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let certificate = shown.map(|der| PeerCertificate::from_der(der));
                match certificate.transpose() {
                    Ok(certificate) => {
                        self.serve(stream, Peer { address, certificate }, watcher).await;
                    }
                    Err(error) => tracing::debug!(%address, "{error}"),
                }
            }
            Ok(Err(error)) => tracing::debug!(%address, "no TLS handshake: {error}"),
            Err(_) => tracing::debug!(%address, "the TLS handshake took too long"),
        }
    }

    async fn serve<S>(&self, stream: S, peer: Peer, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let address = peer.address;
        let router = self.router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head_timeout.get())
            .max_buf_size(HEAD_LIMIT)
            .max_headers(HEADER_COUNT_LIMIT)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%address, "the connection ended: {error}");
        }
    }
}

/// A slot first, so that a connection which cannot be served waits in the kernel's queue.
async fn next(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(slots).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    Ok((stream, address, permit))
}
