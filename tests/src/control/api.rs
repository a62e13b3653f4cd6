//! The control service's interface, as an administrator's program uses it: over TLS, with a
//! credential, a connection for each request.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use super::certificates::SERVICE_NAME;
use super::service::{ADMIN, TENANT_ADMIN};
use super::{ServiceError, io};
use crate::client::{self, Response};

/// How long an answer may take: longer than any wait for proxies.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What a revocation names.
#[derive(Debug, Clone)]
pub struct Target(Value);

impl Target {
    /// A token, by itself.
    #[must_use]
    pub fn token(text: &str) -> Self {
        Self(json!({"kind": "token", "token": text}))
    }

    /// A token, by its `jti`.
    #[must_use]
    pub fn token_id(tenant: &str, issuer: &str, jti: &str) -> Self {
        Self(json!({"kind": "token", "tenant": tenant, "issuer": issuer, "jti": jti}))
    }

    /// A handle, by the hash that an audit record shows.
    #[must_use]
    pub fn hash(kind: &str, tenant: &str, hash: &str) -> Self {
        Self(json!({"kind": kind, "tenant": tenant, "hash": hash}))
    }

    /// A session.
    #[must_use]
    pub fn session(tenant: &str, issuer: &str, sid: &str) -> Self {
        Self(json!({"kind": "session", "tenant": tenant, "issuer": issuer, "sid": sid}))
    }

    /// A principal.
    #[must_use]
    pub fn principal(tenant: &str, namespace: &str, subject: &str) -> Self {
        Self(json!({
            "kind": "principal", "tenant": tenant, "namespace": namespace, "subject": subject,
        }))
    }

    /// A tenant.
    #[must_use]
    pub fn tenant(tenant: &str) -> Self {
        Self(json!({"kind": "tenant", "tenant": tenant}))
    }

    /// A key.
    #[must_use]
    pub fn key(issuer: &str, kid: &str) -> Self {
        Self(json!({"kind": "key", "issuer": issuer, "kid": kid}))
    }
}

/// A client of one service.
#[derive(Clone)]
pub struct Control {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    credential: &'static str,
}

impl Control {
    pub(super) fn new(
        address: SocketAddr,
        authority: CertificateDer<'static>,
    ) -> Result<Self, ServiceError> {
        let mut roots = RootCertStore::empty();
        roots.add(authority)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { address, tls: Arc::new(tls), credential: ADMIN })
    }

    /// The same for the administrator of the tenant that delegates.
    #[must_use]
    pub fn of_delegator(&self) -> Self {
        Self { credential: TENANT_ADMIN, ..self.clone() }
    }

    /// Revokes, and waits until every proxy knows; gives the answer.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn revoke(&self, targets: &[Target]) -> Result<Value, ServiceError> {
        self.change("/v1/revocations?wait=true", targets, "cut_off")
    }

    /// As [`Self::revoke`], without waiting.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn revoke_at_once(&self, targets: &[Target]) -> Result<Value, ServiceError> {
        self.change("/v1/revocations", targets, "cut_off")
    }

    /// Blocks principals or tenants until it is taken back, and waits until every proxy knows.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn suspend(&self, targets: &[Target]) -> Result<Value, ServiceError> {
        self.change("/v1/revocations?wait=true", targets, "suspend")
    }

    fn change(&self, path: &str, targets: &[Target], mode: &str) -> Result<Value, ServiceError> {
        let targets: Vec<&Value> = targets.iter().map(|Target(target)| target).collect();
        let body = json!({"reason": "a test", "targets": targets, "mode": mode});
        self.ask("POST", path, &body)
    }

    /// Takes back, and waits until every proxy knows.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn restore(&self, targets: &[Target]) -> Result<Value, ServiceError> {
        let targets: Vec<&Value> = targets.iter().map(|Target(target)| target).collect();
        let body = json!({"reason": "a test", "targets": targets});
        self.ask("POST", "/v1/restorations?wait=true", &body)
    }

    /// What `tenantguard status` shows.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn status(&self) -> Result<Value, ServiceError> {
        self.ask("GET", "/v1/status", &Value::Null)
    }

    /// Every proxy that the service has heard of.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub fn proxies(&self) -> Result<Vec<Value>, ServiceError> {
        let list = self.ask("GET", "/v1/proxies", &Value::Null)?;
        Ok(list.get("proxies").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    /// Asks for anything.
    ///
    /// # Errors
    /// [`ServiceError::Answer`] unless the status is 200 or 201.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, ServiceError> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.ask_as("application/json", format!("{method} {path}"), &body)
    }

    /// Exchanges a token; `form` is what is sent, encoded.
    ///
    /// # Errors
    /// [`ServiceError::Answer`] unless the status is 200.
    pub fn exchange(&self, form: &str) -> Result<Value, ServiceError> {
        let kind = "application/x-www-form-urlencoded";
        self.ask_as(kind, "POST /oauth2/token".to_owned(), form)
    }

    fn ask_as(&self, kind: &str, what: String, body: &str) -> Result<Value, ServiceError> {
        let answer = self.send(kind, &what, body).map_err(io(what.clone()))?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        match answer.status {
            200 | 201 => Ok(answer.json().unwrap_or(Value::Null)),
            status => Err(ServiceError::Answer { what, status, body: text }),
        }
    }

    fn send(&self, kind: &str, what: &str, body: &str) -> std::io::Result<Response> {
        let socket = TcpStream::connect_timeout(&self.address, TIMEOUT)?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        socket.set_write_timeout(Some(TIMEOUT))?;
        let name = ServerName::try_from(SERVICE_NAME).map_err(client::invalid)?;
        let connection = ClientConnection::new(self.tls.clone(), name).map_err(client::invalid)?;
        let mut stream = StreamOwned::new(connection, socket);
        let credential = self.credential;
        let head = format!(
            "{what} HTTP/1.1\r\nhost: {SERVICE_NAME}\r\nauthorization: Bearer {credential}\r\n\
             content-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes())?;
        client::read_response(&mut stream, false)
    }
}
