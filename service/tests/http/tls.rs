//! TLS, and callers who prove themselves by a certificate.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::SanType;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tenantguard_mint::{Algorithm, DevKey, jwks};
use tenantguard_service::config::{Config, Flags};
use tenantguard_service::serve::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::authority::Authority;
use crate::exchange;
use crate::proxy::claims;
use crate::rig::{Answer, bearer, callers, metric, parse, request, until};

const MESH: &str = "spiffe://cluster.local/ns/edge/sa/envoy";

struct Secured {
    address: std::net::SocketAddr,
    authority: Authority,
    directory: tempfile::TempDir,
}

impl Secured {
    async fn new() -> Self {
        Self::with("", &[]).await
    }

    /// With more settings, and files beside the configuration.
    async fn with(settings: &str, files: &[(&str, &str)]) -> Self {
        let directory = tempfile::TempDir::new().unwrap();
        let authority = Authority::new();
        let write = |name: &str, text: &str| {
            std::fs::write(directory.path().join(name), text).unwrap();
        };
        files.iter().for_each(|(name, text)| write(name, text));
        let (certificate, key) = own_certificate(&authority);
        write("server.pem", &certificate.pem());
        write("server.key.pem", &key.serialize_pem());
        write("clients.pem", &authority.issuer.pem());
        let tls = "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key.pem\"\n\
                   client_ca = \"clients.pem\"\n";
        let mesh =
            format!("[[auth.certificates]]\nsan = \"{MESH}\"\nname = \"mesh\"\nrole = \"proxy\"\n");
        let listen = "listen = \"127.0.0.1:0\"\n";
        write("control.toml", &format!("{listen}{settings}{tls}{}{mesh}", callers()));
        let config = Some(directory.path().join("control.toml"));
        let config =
            Config::load(Flags { config, ..Flags::default() }, std::iter::empty()).unwrap();
        let server = Server::start(config).await.unwrap_or_else(|error| panic!("{error}"));
        let address = server.address();
        tokio::spawn(server.run(CancellationToken::new()));
        Self { address, authority, directory }
    }

    async fn connect(
        &self,
        client: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match client {
            Some((certificate, key)) => {
                builder.with_client_auth_cert(vec![certificate], key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("control.test").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    async fn ask(
        &self,
        client: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
        bytes: &[u8],
    ) -> std::io::Result<Answer> {
        ask(self.connect(client).await?, bytes).await
    }

    /// The certificate that a new connection is shown.
    async fn shown(&self) -> CertificateDer<'static> {
        let stream = self.connect(None).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    }
}

fn own_certificate(authority: &Authority) -> (rcgen::Certificate, rcgen::KeyPair) {
    authority.sign(SanType::DnsName("control.test".try_into().unwrap()))
}

async fn ask(mut stream: TlsStream<TcpStream>, bytes: &[u8]) -> std::io::Result<Answer> {
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(parse(&answer))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_as_good_as_its_names() {
    let rig = Secured::new().await;
    let feed = request("GET", "/v1/feed?proxy=p", &[], "");
    let mesh = rig.ask(Some(rig.authority.client(MESH)), &feed).await.unwrap();
    assert_eq!(mesh.status, 200);
    for name in ["spiffe://cluster.local/ns/edge/sa/other", "spiffe://evil/ns/edge/sa/envoy"] {
        let other = rig.ask(Some(rig.authority.client(name)), &feed).await.unwrap();
        assert_eq!((other.status, &*other.code()), (401, "auth.invalid"), "{name}");
    }
    let nobody = rig.ask(None, &feed).await.unwrap();
    assert_eq!((nobody.status, &*nobody.code()), (401, "auth.missing"));
    // The certificate is a proxy's, the credential an administrator's: that one counts.
    let status = request("GET", "/v1/status", &[("authorization", &bearer("root"))], "");
    assert_eq!(rig.ask(Some(rig.authority.client(MESH)), &status).await.unwrap().status, 200);
    // A wrong credential is not made up for.
    let wrong = request("GET", "/v1/feed?proxy=p", &[("authorization", "Bearer tgc_x")], "");
    assert_eq!(rig.ask(Some(rig.authority.client(MESH)), &wrong).await.unwrap().status, 401);
}

/// A token that is for the holder of a certificate makes one that is for the same one.
#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_is_exchanged_for_one_that_is_bound_alike() {
    let provider = DevKey::derive(Algorithm::Es256, "service tests");
    let settings = "policy = \"policy.yaml\"\nexchange = {keys = \"exchange.keys.json\"}\n";
    let set = jwks(&[&provider]).to_string();
    let files = [("policy.yaml", exchange::POLICY), ("dev.jwks.json", &*set)];
    let rig = Secured::with(settings, &files).await;
    let (own, other) = (rig.authority.client(MESH), rig.authority.client(MESH));
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(&own.0));
    let cnf = json!({ "x5t#S256": digest });
    let token = exchange::alice(&provider).claim("cnf", cnf.clone()).sign(&provider);
    let body = format!(
        "grant_type={}&subject_token_type=urn:ietf:params:oauth:token-type:jwt\
         &subject_token={token}&delegation_id=initech-lets-alice-read",
        exchange::GRANT
    );
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let ask = request("POST", "/oauth2/token", &form, &body);
    for stranger in [None, Some(other)] {
        let refused = rig.ask(stranger, &ask).await.unwrap();
        assert_eq!((refused.status, &*refused.code()), (400, "exchange.token"), "{refused:?}");
    }
    let answer = rig.ask(Some(own), &ask).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(claims(answer.json()["access_token"].as_str().unwrap())["cnf"], cnf);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_authority_ends_the_connection() {
    let rig = Secured::new().await;
    let forged = Authority::new().client(MESH);
    let feed = request("GET", "/v1/feed?proxy=p", &[], "");
    assert!(rig.ask(Some(forged), &feed).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_no_tls_is_not_heard() {
    let rig = Secured::new().await;
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    stream.write_all(&request("GET", "/healthz", &[], "")).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok() && !answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_renewed_is_shown_without_a_restart_and_a_broken_one_never() {
    let rig = Secured::new().await;
    let first = rig.shown().await;
    let early = rig.connect(None).await.unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(rig.directory.path().join(name), text).unwrap();
    };
    let outdated = async || {
        let metrics = request("GET", "/metrics", &[("authorization", &bearer("root"))], "");
        let answer = rig.ask(None, &metrics).await.unwrap();
        metric(&answer.body, r#"tenantguard_outdated{part="tls"}"#)
    };
    // The certificate without its key, and then no certificate at all.
    let (renewed, key) = own_certificate(&rig.authority);
    for broken in [&*renewed.pem(), "-----BEGIN CERTIFICATE-----"] {
        write("server.pem", broken);
        until("the refusal", async || outdated().await == Some(1)).await;
        assert_eq!(rig.shown().await, first, "the last good one is shown");
    }
    write("server.key.pem", &key.serialize_pem());
    write("server.pem", &renewed.pem());
    until("the new certificate", async || rig.shown().await == *renewed.der()).await;
    assert_eq!(outdated().await, Some(0));
    let health = ask(early, &request("GET", "/healthz", &[], "")).await.unwrap();
    assert_eq!(health.status, 200, "a connection that was made before goes on");
}
