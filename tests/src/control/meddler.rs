//! Somebody between proxies and their control service who meddles with what is said. It shows the
//! service's own certificate, so a proxy takes it for the service; what it hands on is the service's
//! own answer, changed.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
};

use super::certificates::SERVICE_NAME;
use super::{ControlService, ServiceError, io};
use crate::client::{self, Reader, Response, find, owned};

/// How long a connection may be silent: longer than any poll is held.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How often somebody who says nothing looks whether to go on.
const TICK: Duration = Duration::from_millis(20);
/// Where a manifest, and a delta, has its position's running hash: after four bytes of magic, the
/// version, the history and the epoch.
const RUNNING_HASH: usize = 4 + 1 + 16 + 8;

/// How it meddles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meddling {
    /// Not at all.
    Not,
    /// It takes requests and says nothing.
    Silent,
    /// Bytes in the middle of each answer are others.
    Garbage,
    /// Of each answer, the second half is missing.
    Truncated,
    /// The feed's first answer, again and again.
    Backwards,
    /// Positions have another running hash.
    Forked,
    /// It says nothing of what is new, and to each question the first answer to any.
    Replayed,
}

/// A meddler at work. Ends when dropped.
pub struct Meddler {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    service: SocketAddr,
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    meddling: Mutex<Meddling>,
    first: Mutex<Firsts>,
    stop: AtomicBool,
}

/// What the service has answered first.
#[derive(Default)]
struct Firsts {
    feed: Option<Response>,
    question: Option<Response>,
}

impl Meddler {
    /// Stands between proxies and this service.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn start(service: &ControlService) -> Result<Self, ServiceError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(io("listen"))?;
        let address = listener.local_addr().map_err(io("listen"))?;
        let shared = Arc::new(Shared {
            service: service.address(),
            server: Arc::new(server_config(service.directory())?),
            client: Arc::new(client_config(service)?),
            meddling: Mutex::new(Meddling::Not),
            first: Mutex::default(),
            stop: AtomicBool::new(false),
        });
        let own = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if own.stop.load(Ordering::SeqCst) {
                    break;
                }
                let own = own.clone();
                // A connection ends when its peer goes; what it ends with is nobody's concern.
                thread::spawn(move || drop(own.serve(stream)));
            }
        });
        Ok(Self { address, shared })
    }

    /// Where it stands.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Meddles like this from now on.
    pub fn meddle(&self, how: Meddling) {
        *self.shared.meddling.lock().unwrap_or_else(PoisonError::into_inner) = how;
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection, so that it sees the flag.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn meddling(&self) -> Meddling {
        *self.meddling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, socket: TcpStream) -> io::Result<()> {
        socket.set_nodelay(true)?;
        let tls = ServerConnection::new(self.server.clone()).map_err(client::invalid)?;
        let mut stream = StreamOwned::new(tls, socket);
        loop {
            let mut reader = Reader { stream: &mut stream, buffer: Vec::new() };
            let head = reader.head()?;
            let mut slots = [httparse::EMPTY_HEADER; 64];
            let mut request = httparse::Request::new(&mut slots);
            request.parse(&head).map_err(client::invalid)?;
            let path = request.path.unwrap_or_default().to_owned();
            let body = reader.body(&owned(request.headers), false)?;
            let answer = self.answer(&path, &[head, body].concat())?;
            stream.write_all(&wire(&answer))?;
            stream.flush()?;
        }
    }

    fn answer(&self, path: &str, request: &[u8]) -> io::Result<Response> {
        let is_question = path.starts_with("/oauth2/");
        while self.meddling().is_silent(is_question) {
            if self.stop.load(Ordering::SeqCst) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            thread::sleep(TICK);
        }
        let answer = self.ask_service(request)?;
        let mut firsts = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let first = match path {
            _ if is_question => &mut firsts.question,
            _ if path.starts_with("/v1/feed?") => &mut firsts.feed,
            _ => &mut None,
        };
        if first.is_none() && answer.status == 200 {
            *first = Some(answer.clone());
        }
        Ok(match (self.meddling(), first) {
            (Meddling::Replayed, Some(first)) if is_question => first.clone(),
            (Meddling::Backwards, Some(first)) if !is_question => first.clone(),
            (Meddling::Replayed | Meddling::Backwards, _) => answer,
            (meddling, _) => meddled(meddling, answer),
        })
    }

    fn ask_service(&self, request: &[u8]) -> io::Result<Response> {
        let socket = TcpStream::connect_timeout(&self.service, TIMEOUT)?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        let name = ServerName::try_from(SERVICE_NAME).map_err(client::invalid)?;
        let tls = ClientConnection::new(self.client.clone(), name).map_err(client::invalid)?;
        let mut stream = StreamOwned::new(tls, socket);
        stream.write_all(request)?;
        client::read_response(&mut stream, false)
    }
}

impl Meddling {
    fn is_silent(self, to_question: bool) -> bool {
        self == Self::Silent || self == Self::Replayed && !to_question
    }
}

fn meddled(how: Meddling, mut answer: Response) -> Response {
    let middle = answer.body.len() / 2;
    match how {
        Meddling::Garbage => {
            answer.body.iter_mut().skip(middle).take(8).for_each(|byte| *byte ^= 0x5a);
        }
        Meddling::Truncated => answer.body.truncate(middle),
        Meddling::Forked if is_feed(&answer) => {
            answer.body.iter_mut().skip(RUNNING_HASH).take(1).for_each(|byte| *byte ^= 1);
        }
        _ => {}
    }
    answer
}

fn is_feed(answer: &Response) -> bool {
    let kind = answer.header("content-type").unwrap_or_default();
    kind.ends_with(".delta") || kind.ends_with(".manifest")
}

fn wire(answer: &Response) -> Vec<u8> {
    let mut wire = format!("HTTP/1.1 {} Answered\r\n", answer.status).into_bytes();
    for (name, value) in &answer.headers {
        let is_framing = ["content-length", "transfer-encoding", "connection"]
            .iter()
            .any(|framing| name.eq_ignore_ascii_case(framing));
        if !is_framing {
            wire.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
    }
    if answer.status != 204 || find(&answer.headers, "content-length").is_some() {
        wire.extend_from_slice(format!("content-length: {}\r\n", answer.body.len()).as_bytes());
    }
    wire.extend_from_slice(b"\r\n");
    wire.extend_from_slice(&answer.body);
    wire
}

fn server_config(directory: &Path) -> Result<ServerConfig, ServiceError> {
    let (chain, key) = identity(&directory.join("server.pem"), &directory.join("server.key.pem"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(config)
}

fn client_config(service: &ControlService) -> Result<ClientConfig, ServiceError> {
    let files = service.proxy();
    let (chain, key) = identity(&files.certificate, &files.key)?;
    let mut roots = RootCertStore::empty();
    roots.add(service.authority())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?;
    Ok(config)
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(certificate: &Path, key: &Path) -> Result<Identity, ServiceError> {
    let failed = |path: &Path| {
        let what = format!("read {}", path.display());
        move |error: rustls::pki_types::pem::Error| io(what)(io::Error::other(error.to_string()))
    };
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(certificate).map_err(failed(certificate))?.collect();
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(failed(key))?;
    Ok((chain.map_err(failed(certificate))?, key_der))
}
