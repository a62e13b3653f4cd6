//! The certificates of one test: an authority, the service's, and one for each proxy.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    SanType,
};
use rustls::pki_types::CertificateDer;

use super::{ServiceError, io};

/// The name in the service's certificate.
pub const SERVICE_NAME: &str = "control.test";

/// An authority that signs for one test.
pub struct Pki {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// Where a client's certificate is, for Envoy's configuration.
#[derive(Debug, Clone)]
pub struct ClientFiles {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
    /// Who signed the service's, PEM.
    pub authority: PathBuf,
}

impl Pki {
    /// A new authority.
    ///
    /// # Errors
    /// [`ServiceError::Certificate`]
    pub fn new() -> Result<Self, ServiceError> {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name = named("authority");
        Ok(Self { issuer: CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)? })
    }

    /// The authority's certificate.
    #[must_use]
    pub fn authority(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// Writes the service's certificate and key, and the authority's certificate, as `server.pem`,
    /// `server.key.pem` and `ca.pem`.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn write_service(&self, directory: &Path) -> Result<(), ServiceError> {
        let name = SanType::DnsName(SERVICE_NAME.try_into()?);
        self.write(directory, "server", name)?;
        write(&directory.join("ca.pem"), &self.issuer.pem())
    }

    /// Writes a client's certificate for a SPIFFE id.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn client(
        &self,
        directory: &Path,
        name: &str,
        uri: &str,
    ) -> Result<ClientFiles, ServiceError> {
        self.write(directory, name, SanType::URI(uri.try_into()?))?;
        Ok(ClientFiles {
            certificate: directory.join(format!("{name}.pem")),
            key: directory.join(format!("{name}.key.pem")),
            authority: directory.join("ca.pem"),
        })
    }

    fn write(&self, directory: &Path, file: &str, name: SanType) -> Result<(), ServiceError> {
        let mut parameters = CertificateParams::default();
        parameters.subject_alt_names = vec![name];
        parameters.distinguished_name = named(file);
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, &self.issuer)?;
        write(&directory.join(format!("{file}.pem")), &certificate.pem())?;
        write(&directory.join(format!("{file}.key.pem")), &key.serialize_pem())
    }
}

/// One that bears its authority's name would be taken for self-signed.
fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn write(path: &Path, text: &str) -> Result<(), ServiceError> {
    fs::write(path, text).map_err(io(format!("write {}", path.display())))
}
