//! Client certificates: which names one bears (RFC 5280, section 4.2.1.6). That it is to be
//! trusted, rustls has seen to before a request is read.
//!
//! Only URIs (a mesh's SPIFFE ids) and DNS names count; the common name does not (RFC 9525,
//! section 2).

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tenantguard::trust::CertificateDigest;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Why a certificate's names cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client certificate cannot be read")]
pub struct CertificateError;

/// A name that a certificate may bear: `spiffe://...` or a DNS name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubjectName(Arc<str>);

impl SubjectName {
    /// A name as configuration gives it. DNS names are compared without case.
    #[must_use]
    pub fn new(text: &str) -> Self {
        match text.contains("://") {
            true => Self(text.into()),
            false => Self(text.to_ascii_lowercase().into()),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The certificate that a client has shown on its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    names: Arc<[SubjectName]>,
    digest: CertificateDigest,
}

impl PeerCertificate {
    /// Reads the names of a certificate in DER.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateError)?;
        let extension = certificate.subject_alternative_name().map_err(|_| CertificateError)?;
        let names = extension.iter().flat_map(|extension| &extension.value.general_names);
        let names = names.filter_map(|name| match name {
            GeneralName::URI(text) | GeneralName::DNSName(text) => Some(SubjectName::new(text)),
            _ => None,
        });
        Ok(Self { names: names.collect(), digest: Sha256::digest(der).into() })
    }

    /// Its names.
    #[must_use]
    pub fn names(&self) -> &[SubjectName] {
        &self.names
    }

    /// The SHA-256 digest of the whole certificate (RFC 8705, section 3.1).
    #[must_use]
    pub fn digest(&self) -> &CertificateDigest {
        &self.digest
    }
}

impl fmt::Display for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = self.names.iter();
        match names.next() {
            None => f.write_str("it has no URI and no DNS name"),
            Some(first) => {
                write!(f, "{first}")?;
                names.try_for_each(|name| write!(f, ", {name}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(names: &[&str]) -> PeerCertificate {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::default();
        parameters.subject_alt_names = names
            .iter()
            .map(|name| match name.contains("://") {
                true => rcgen::SanType::URI((*name).try_into().unwrap()),
                false => rcgen::SanType::DnsName((*name).try_into().unwrap()),
            })
            .collect();
        let signed = parameters.self_signed(&key).unwrap();
        PeerCertificate::from_der(signed.der()).unwrap()
    }

    #[test]
    fn uris_and_dns_names_are_read() {
        let names = ["spiffe://cluster.local/ns/edge/sa/Envoy", "Edge.example.com"];
        let read: Vec<_> = certificate(&names).names().iter().map(ToString::to_string).collect();
        assert_eq!(read, ["spiffe://cluster.local/ns/edge/sa/Envoy", "edge.example.com"]);
        assert!(certificate(&[]).names().is_empty());
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for bytes in [&b""[..], b"\x30\x82\xff\xff", &[0xff; 64]] {
            assert_eq!(PeerCertificate::from_der(bytes), Err(CertificateError));
        }
    }
}
