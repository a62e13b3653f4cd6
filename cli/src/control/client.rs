//! Questions to the control service, and its answers.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Request, Uri};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use super::{ControlError, Options, segment};
use crate::failure::Failure;
use crate::files::read_text;
use crate::web;

/// Longer than the service lets a request take.
const TIMEOUT: Duration = Duration::from_secs(30);
const BODY_LIMIT: u64 = 64 * 1024 * 1024;

/// A client of the control service.
pub(crate) struct Client {
    agent: Agent,
    base: String,
    credential: Option<String>,
}

/// What a problem says (RFC 9457), or an error of OAuth (RFC 6749, section 5.2).
#[derive(serde::Deserialize)]
struct ProblemDetails {
    #[serde(alias = "error")]
    title: String,
    code: String,
    #[serde(alias = "error_description")]
    detail: Option<String>,
}

/// What a question carries.
enum Asked {
    Nothing,
    Json(Vec<u8>),
    Form(String),
}

impl Client {
    pub(crate) fn new(options: &Options) -> Result<Self, Failure> {
        let mut client = Self::of_nobody(options)?;
        client.credential = options.credential_file.as_deref().map(credential).transpose()?;
        if client.credential.is_none() && options.client_certificate.is_none() {
            return Err(ControlError::NoCredential { url: client.base }.into());
        }
        Ok(client)
    }

    /// Without a credential: for what says itself who asks. A certificate is shown all the same.
    pub(crate) fn of_nobody(options: &Options) -> Result<Self, Failure> {
        let base = options.url.trim_end_matches('/').to_owned();
        let is_loopback = check(&base)?;
        let agent = web::agent(is_loopback, TIMEOUT, tls(options)?);
        Ok(Self { agent, base, credential: None })
    }

    /// The answer to a GET.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ControlError> {
        self.ask("GET", path, Asked::Nothing)
    }

    /// The answer to a DELETE.
    pub(crate) fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, ControlError> {
        self.ask("DELETE", path, Asked::Nothing)
    }

    /// The answer to a POST.
    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ControlError> {
        self.ask("POST", path, Asked::Json(serde_json::to_vec(body).unwrap_or_default()))
    }

    /// The answer to a form.
    pub(crate) fn form<T: DeserializeOwned>(
        &self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<T, ControlError> {
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", segment(value))).collect();
        self.ask("POST", path, Asked::Form(fields.join("&")))
    }

    fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        asked: Asked,
    ) -> Result<T, ControlError> {
        let url = format!("{}{path}", self.base);
        let shape =
            |status, reason: String| ControlError::Shape { url: url.clone(), status, reason };
        let mut request = Request::builder().method(method).uri(&url);
        if let Some(credential) = &self.credential {
            request = request.header("authorization", format!("Bearer {credential}"));
        }
        let response = match asked {
            Asked::Nothing => request.body(()).map(|request| self.agent.run(request)),
            Asked::Json(body) => request
                .header("content-type", "application/json")
                .body(body)
                .map(|request| self.agent.run(request)),
            Asked::Form(body) => request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body)
                .map(|request| self.agent.run(request)),
        };
        let mut response =
            response.map_err(|error| shape(0, error.to_string()))?.map_err(|e| self.failed(e))?;
        let status = response.status().as_u16();
        let body = read(response.body_mut()).map_err(|error| self.failed(error))?;
        if status != 200 {
            return Err(match serde_json::from_slice(&body) {
                Ok(ProblemDetails { title, code, detail }) => {
                    ControlError::Problem { url, status, code, title, detail }
                }
                Err(error) => shape(status, error.to_string()),
            });
        }
        serde_json::from_slice(&body).map_err(|error| shape(status, error.to_string()))
    }

    fn failed(&self, error: ureq::Error) -> ControlError {
        let url = self.base.clone();
        match error {
            ureq::Error::Timeout(_) => ControlError::Slow { url, limit: TIMEOUT },
            other => ControlError::Unreachable { url, reason: other.to_string() },
        }
    }
}

fn credential(path: &Path) -> Result<String, Failure> {
    let text = read_text(path)?.trim().to_owned();
    match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(text),
        false => Err(Failure::from(ControlError::Credential {
            path: path.to_owned(),
            reason: "it is not one line of visible ASCII",
        })),
    }
}

fn read(body: &mut Body) -> Result<Vec<u8>, ureq::Error> {
    body.with_config().limit(BODY_LIMIT).read_to_vec()
}

/// Whether the service is on this machine; elsewhere it must be asked by https.
fn check(url: &str) -> Result<bool, ControlError> {
    let wrong = |reason| ControlError::Url { url: url.to_owned(), reason };
    let uri: Uri = url.parse().map_err(|_| wrong("it is no URL"))?;
    let host = uri.host().ok_or_else(|| wrong("it has no host"))?;
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    match uri.scheme_str() {
        Some("https") => Ok(is_loopback),
        Some("http") if is_loopback => Ok(true),
        Some("http") => Err(wrong("without TLS everybody between could read the credential")),
        _ => Err(wrong("it does not begin with https://")),
    }
}

fn tls(options: &Options) -> Result<TlsConfig, Failure> {
    let roots = match &options.ca {
        Some(path) => RootCerts::new_with_certs(&certificates(path)?),
        None => RootCerts::PlatformVerifier,
    };
    let client = match (&options.client_certificate, &options.client_key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate)?;
            let text = read_text(key)?;
            let key = PrivateKey::from_pem(text.as_bytes())
                .map_err(|_| no_pem(key, "it has no private key in PEM"))?;
            Some(ClientCert::new_with_certs(&chain, key))
        }
        _ => None,
    };
    Ok(TlsConfig::builder().root_certs(roots).client_cert(client).build())
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, Failure> {
    let text = read_text(path)?;
    let items = parse_pem(text.as_bytes()).filter_map(Result::ok);
    let found: Vec<_> = items
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    match found.is_empty() {
        true => Err(no_pem(path, "it has no certificate in PEM")),
        false => Ok(found),
    }
}

fn no_pem(path: &Path, reason: &'static str) -> Failure {
    ControlError::Pem { path: path.to_owned(), reason }.into()
}
