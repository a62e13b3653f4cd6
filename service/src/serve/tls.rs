//! The service's certificate, and whose clients' certificates it trusts.
//!
//! A client may show a certificate; one that is not signed by `client_ca` ends the connection. What
//! a client without one may do, its credential says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use tokio_rustls::TlsAcceptor;

use super::reload::{Prints, Reload, ReloadError, print};
use crate::config::TlsFiles;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or has no PEM of the kind in it.
    #[error("{}: no {what} can be read from it: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// Certificate and key do not go together, or are of no use.
    #[error("{}: {source}", .path.display())]
    Pair {
        /// The certificate's file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The authority is of no use.
    #[error("{}: {reason}", .path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Takes connections as files say that may change.
pub(super) struct LiveTls {
    files: TlsFiles,
    read: Mutex<Prints>,
    acceptor: RwLock<TlsAcceptor>,
}

impl LiveTls {
    pub(super) fn new(files: &TlsFiles) -> Result<Self, TlsError> {
        let read = Mutex::new(prints(files));
        Ok(Self { files: files.clone(), read, acceptor: RwLock::new(acceptor(files)?) })
    }

    /// For the next connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.read().clone()
    }
}

impl Reload for Arc<LiveTls> {
    fn name(&self) -> &'static str {
        "tls"
    }

    fn files(&self) -> Prints {
        self.read.lock().clone()
    }

    fn reload(&mut self) -> Result<(), ReloadError> {
        *self.read.lock() = prints(&self.files);
        *self.acceptor.write() = acceptor(&self.files)?;
        Ok(())
    }
}

fn prints(files: &TlsFiles) -> Prints {
    let TlsFiles { certificate, key, client_ca } = files;
    let files = [Some(certificate), Some(key), client_ca.as_ref()].into_iter().flatten();
    files.map(|file| (file.clone(), print(file))).collect()
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let pair = |source| TlsError::Pair { path: files.certificate.clone(), source };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(pair)?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let wrong = |reason| TlsError::Authority { path: path.clone(), reason };
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .allow_unauthenticated()
                .build()
                .map_err(|error| wrong(error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| TlsError::File {
        path: files.key.clone(),
        what: "private key",
        reason: error.to_string(),
    })?;
    let chain = certificates(&files.certificate)?;
    let mut config = builder.with_single_cert(chain, key).map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |reason| TlsError::File { path: path.to_owned(), what: "certificate", reason };
    let all: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?.collect();
    match all {
        Ok(certificates) if certificates.is_empty() => Err(wrong("there is none".to_owned())),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(wrong(error.to_string())),
    }
}
