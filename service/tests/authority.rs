//! A certificate authority of the test's own.

use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

static NUMBER: AtomicU32 = AtomicU32::new(1);

/// Signs certificates.
pub(crate) struct Authority {
    pub(crate) issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut parameters = CertificateParams::default();
        // A name of its own, or two authorities would be taken for one with a bad signature.
        let name = format!("authority {}", NUMBER.fetch_add(1, Ordering::Relaxed));
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self { issuer: CertifiedIssuer::self_signed(parameters, key).expect("an authority") }
    }

    pub(crate) fn sign(&self, name: SanType) -> (rcgen::Certificate, KeyPair) {
        let mut parameters = CertificateParams::default();
        parameters.subject_alt_names = vec![name];
        parameters.distinguished_name.push(DnType::CommonName, "somebody");
        let key = KeyPair::generate().expect("a key");
        (parameters.signed_by(&key, &self.issuer).expect("a certificate"), key)
    }

    #[allow(dead_code, reason = "one of the tests that share this has no client of its own")]
    pub(crate) fn client(&self, uri: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let (certificate, key) = self.sign(SanType::URI(uri.try_into().expect("a URI")));
        (certificate.der().clone(), key.into())
    }
}
