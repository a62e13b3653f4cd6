//! What it takes to reach a Redis: its address, and files that hold a login and certificates.
//!
//! The files are read anew for each connection, so that a secret or a certificate which was changed
//! counts from the next connection on, without a restart.

use std::io;
use std::path::{Path, PathBuf};

use redis::{ClientTlsConfig, RedisResult, TlsCertificates};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::address::RedisAddress;

/// An address, and what it takes to be let in and to trust it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// Where it is.
    pub address: RedisAddress,
    /// Has the ACL user, in place of the address's.
    pub username_file: Option<PathBuf>,
    /// Has the password, in place of the address's.
    pub password_file: Option<PathBuf>,
    /// Roots to trust instead of the public ones, as PEM.
    pub ca: Option<PathBuf>,
    /// What this client shows of itself.
    pub client: Option<RedisClientFiles>,
}

/// A client's certificate and its key, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisClientFiles {
    /// The chain, the client's own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Who to log in as.
#[derive(Clone, Default)]
pub(super) struct Login {
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
}

impl RedisSettings {
    /// With the public roots, and what the address says of a login.
    #[must_use]
    pub fn new(address: RedisAddress) -> Self {
        Self { address, username_file: None, password_file: None, ca: None, client: None }
    }

    pub(super) fn login(&self) -> RedisResult<Login> {
        let address = &self.address;
        let read = |file: &Option<PathBuf>, own: &Option<String>| match file {
            Some(path) => line(path).map(Some),
            None => Ok(own.clone()),
        };
        Ok(Login {
            username: read(&self.username_file, &address.username)?,
            password: read(&self.password_file, &address.password)?,
        })
    }

    /// `None` where the public roots do and no certificate is shown.
    pub(super) fn certificates(&self) -> RedisResult<Option<TlsCertificates>> {
        let client_tls = match &self.client {
            None => None,
            Some(RedisClientFiles { certificate, key }) => {
                Some(ClientTlsConfig { client_cert: chain(certificate)?, client_key: bytes(key)? })
            }
        };
        let root_cert = self.ca.as_deref().map(chain).transpose()?;
        let is_needed = client_tls.is_some() || root_cert.is_some();
        Ok(is_needed.then_some(TlsCertificates { client_tls, root_cert }))
    }
}

/// The first line. Editors and secret stores differ in whether it ends with a newline.
fn line(path: &Path) -> io::Result<String> {
    let text = std::fs::read_to_string(path).map_err(|error| named(path, &error))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// A file without a certificate would be taken for one that trusts nobody.
fn chain(path: &Path) -> io::Result<Vec<u8>> {
    let pem = bytes(path)?;
    match CertificateDer::pem_slice_iter(&pem).next() {
        Some(Ok(_)) => Ok(pem),
        _ => {
            let what = format!("{} has no certificate in PEM", path.display());
            Err(io::Error::new(io::ErrorKind::InvalidData, what))
        }
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
}
