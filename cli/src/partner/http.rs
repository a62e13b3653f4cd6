//! Asking a partner's servers: https only, except where the issuer itself is on this machine; no
//! redirects; a limit on the time and the size of every answer.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use ureq::http::{Response, StatusCode, Uri, header};
use ureq::{Agent, Body};

use super::PartnerError;
use crate::web;

/// The largest answer that is read: what the filter accepts as a key set.
const BODY_LIMIT: u64 = 64 * 1024;

/// A URL that may be asked.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) url: String,
    pub(super) host: String,
    /// The path, with the query if there is one.
    pub(super) path: String,
    is_loopback: bool,
}

impl Endpoint {
    /// The URL of an issuer (OpenID Connect Discovery, section 3).
    pub(super) fn issuer(url: &str) -> Result<Self, PartnerError> {
        let wrong = |reason| PartnerError::IssuerUrl { url: url.to_owned(), reason };
        if url.contains(['?', '#']) {
            return Err(wrong("it has a query or a fragment"));
        }
        if url.contains("/.well-known/") {
            return Err(wrong("it is where the issuer's configuration is"));
        }
        let endpoint = Self::parse(url).map_err(wrong)?;
        match url.starts_with("https://") || endpoint.is_loopback {
            true => Ok(endpoint),
            false => Err(PartnerError::NotHttps { url: url.to_owned() }),
        }
    }

    /// A URL in the issuer's configuration. What the configuration says must not lead to servers on
    /// our side: this machine is asked only if the issuer is on it.
    pub(super) fn named_by(
        &self,
        source_url: &str,
        member: &'static str,
        url: &str,
    ) -> Result<Self, PartnerError> {
        let wrong = |reason| PartnerError::Endpoint {
            source_url: source_url.to_owned(),
            member,
            url: url.to_owned(),
            reason,
        };
        let endpoint = Self::parse(url).map_err(wrong)?;
        match (endpoint.is_loopback, self.is_loopback) {
            (true, true) => Ok(endpoint),
            (true, false) => Err(wrong("that is this machine")),
            (false, _) if url.starts_with("https://") => Ok(endpoint),
            (false, _) => Err(wrong("it does not use https")),
        }
    }

    fn parse(url: &str) -> Result<Self, &'static str> {
        let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic());
        let uri: Uri = url.parse().ok().filter(|_| is_plain).ok_or("it is no URL")?;
        if !matches!(uri.scheme_str(), Some("https" | "http")) {
            return Err("it does not begin with https://");
        }
        let authority = uri.authority().ok_or("it has no host")?;
        if authority.as_str().contains('@') {
            return Err("it has a user name in it");
        }
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        let is_loopback = name.eq_ignore_ascii_case("localhost")
            || name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
            || name.parse::<Ipv6Addr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            url: url.to_owned(),
            host: authority.as_str().to_owned(),
            path: path.to_owned(),
            is_loopback,
        })
    }
}

/// Asks with the same limits everywhere.
pub(super) struct Client {
    agent: Agent,
    timeout: Duration,
}

impl Client {
    /// A client for a provider; one on this machine is not asked through a proxy.
    pub(super) fn new(issuer: &Endpoint, timeout: Duration) -> Self {
        let agent = web::agent(issuer.is_loopback, timeout, web::system_tls());
        Self { agent, timeout }
    }

    /// The body of a 200.
    pub(super) fn get(&self, endpoint: &Endpoint) -> Result<Vec<u8>, PartnerError> {
        let response = self.agent.get(&endpoint.url).header("accept", "application/json").call();
        self.body(endpoint, response, StatusCode::OK)
    }

    /// Posts JSON; gives the body of a 201.
    pub(super) fn create(
        &self,
        endpoint: &Endpoint,
        bearer: Option<&str>,
        json: &serde_json::Value,
    ) -> Result<Vec<u8>, PartnerError> {
        let mut request = self
            .agent
            .post(&endpoint.url)
            .header("accept", "application/json")
            .header("content-type", "application/json");
        if let Some(token) = bearer {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let created = self.body(endpoint, request.send(json.to_string()), StatusCode::CREATED);
        created.map_err(|error| match error {
            PartnerError::Status { url, status: status @ (401 | 403), body } => {
                PartnerError::NotAuthorized { url, status, body }
            }
            other => other,
        })
    }

    fn body(
        &self,
        Endpoint { url, .. }: &Endpoint,
        response: Result<Response<Body>, ureq::Error>,
        expected: StatusCode,
    ) -> Result<Vec<u8>, PartnerError> {
        let failed = |error| self.failed(url, error);
        let mut response = response.map_err(failed)?;
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(header::LOCATION);
            let to = to.map_or_else(String::new, |to| to.as_bytes().escape_ascii().to_string());
            return Err(PartnerError::Redirect { url: url.clone(), status: status.as_u16(), to });
        }
        let body = response.body_mut().with_config().limit(BODY_LIMIT).read_to_vec();
        let body = body.map_err(failed)?;
        match status == expected {
            true => Ok(body),
            false => Err(PartnerError::Status { url: url.clone(), status: status.as_u16(), body }),
        }
    }

    fn failed(&self, url: &str, error: ureq::Error) -> PartnerError {
        let url = url.to_owned();
        match error {
            ureq::Error::Timeout(_) => PartnerError::Slow { url, limit: self.timeout },
            ureq::Error::BodyExceedsLimit(limit) => PartnerError::TooLarge { url, limit },
            other => PartnerError::Unreachable { url, reason: other.to_string() },
        }
    }
}
