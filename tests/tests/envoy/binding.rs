//! Certificate-bound tokens (RFC 8705) over real mutual TLS: a token that names a certificate is
//! taken from the client that shows it, and from no other.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tenantguard_e2e::client::{Response, read_response};
use tenantguard_e2e::envoy::Config;

use crate::world::{World, text};

const HOST: &str = "api.example.com";
const APP: &str = "spiffe://example.com/app";

/// A certificate with its key.
struct Identity {
    certificate: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

impl Identity {
    fn issue(issuer: &CertifiedIssuer<'_, KeyPair>, name: SanType) -> Result<Self> {
        let mut params = CertificateParams::default();
        // Another subject than the issuer's, or the certificate would count as its own issuer.
        params.distinguished_name.push(DnType::CommonName, "a client or server");
        params.subject_alt_names = vec![name];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, issuer)?;
        Ok(Self { certificate: certificate.der().clone(), pem: certificate.pem(), key })
    }

    /// `x5t#S256` of the certificate.
    fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.certificate))
    }
}

pub(crate) fn holds() -> Result<()> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "the test's own authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let server = Identity::issue(&ca, SanType::DnsName(HOST.try_into()?))?;
    let own = Identity::issue(&ca, SanType::URI(APP.try_into()?))?;
    let other = Identity::issue(&ca, SanType::URI("spiffe://example.com/other".try_into()?))?;

    World::with(
        |config| terminate_tls(config, &ca.pem(), &server),
        |world| {
            let bound = json!({"x5t#S256": own.thumbprint()});
            for (client, cnf, status, reason) in [
                (&own, bound.clone(), 200, "permit"),
                (&other, bound, 401, "token.binding"),
                (&other, Value::Null, 200, "permit"),
                (&own, json!({"jkt": "x"}), 401, "token.binding"),
                (&own, json!({"x5t#S256": "short"}), 401, "token.binding"),
            ] {
                let response = ask(world, ca.der(), client, &cnf)?;
                ensure!(response.status == status, "{cnf}: answered {}", response.status);
                let audit = audit(world, &response)?;
                ensure!(text(&audit, "reason") == Some(reason), "{cnf}: {audit}");
                let is_own = std::ptr::eq(client, &own);
                ensure!((text(&audit, "peer") == Some(APP)) == is_own, "{audit}");
            }
            Ok(())
        },
    )
}

fn terminate_tls(config: &mut Config, ca: &str, server: &Identity) -> Result<()> {
    let chain = config
        .value_mut()
        .pointer_mut("/static_resources/listeners/0/filter_chains/0")
        .and_then(Value::as_object_mut)
        .context("a filter chain")?;
    let inline = |text: &str| json!({"inline_string": text});
    let context = json!({
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "require_client_certificate": true,
        "common_tls_context": {
            "tls_certificates": [{
                "certificate_chain": inline(&server.pem),
                "private_key": inline(&server.key.serialize_pem()),
            }],
            "validation_context": {"trusted_ca": inline(ca)},
        },
    });
    let socket = json!({"name": "envoy.transport_sockets.tls", "typed_config": context});
    chain.insert("transport_socket".to_owned(), socket);
    Ok(())
}

/// Asks with alice's token, bound as `cnf` says, over a connection of this client's.
fn ask(
    world: &World,
    ca: &CertificateDer<'static>,
    client: &Identity,
    cnf: &Value,
) -> Result<Response> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone())?;
    let key = PrivateKeyDer::try_from(client.key.serialize_der()).map_err(anyhow::Error::msg)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![client.certificate.clone()], key)?;
    let connection = ClientConnection::new(Arc::new(tls), ServerName::try_from(HOST)?)?;
    let socket = TcpStream::connect(world.envoy.address())?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut stream = StreamOwned::new(connection, socket);

    let case = json!({
        "token": {"subject": "alice", "claims": {"cnf": cnf}},
        "request": {"path": "/api/v1/reports/7"},
    });
    std::io::Write::write_all(&mut stream, &world.prepare(&case.to_string())?.http1(&[]))?;
    Ok(read_response(&mut stream, false)?)
}

/// The audit record of an answer: the upstream echoes the headers that it saw, a refusal names it.
fn audit(world: &World, response: &Response) -> Result<Value> {
    let echoed = response.json().ok().and_then(|seen| {
        let headers = seen.get("headers")?.as_array()?.clone();
        let id = headers.iter().find(|pair| pair.get(0) == Some(&json!("x-audit-id")))?;
        id.get(1)?.as_str().map(str::to_owned)
    });
    let id = response.header("x-audit-id").map(str::to_owned).or(echoed).context("no audit id")?;
    world.envoy.access_log().audit(&id)?.get("audit").cloned().context("no audit record")
}
