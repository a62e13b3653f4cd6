//! A real identity provider for tests: the certified OpenID provider `oidc-provider` (npm), under
//! Node, on a loopback port. It has as many issuers as a test asks for, each with signing keys that
//! can be replaced while it runs, and counts how often those are fetched. `idp/` is its source;
//! what that needs is installed under `target/idp`.

mod install;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

use crate::client::{self, Response};

/// Why there is no identity provider, or no answer from it.
#[derive(Debug, thiserror::Error)]
pub enum IdpError {
    /// Node is not on `PATH`.
    #[error("Node is not on PATH. Install Node 20.12 or newer with npm and try again")]
    NoNode,
    /// The provider's packages could not be installed.
    #[error("`npm ci` for the identity provider failed: {0}")]
    Install(String),
    /// It ended before it served.
    #[error("the identity provider did not start: {0}")]
    Start(String),
    /// It answered with something else than was asked for.
    #[error("the identity provider's {what} answered {status}: {body}")]
    Answer {
        /// What was asked.
        what: String,
        /// The status of the answer.
        status: u16,
        /// The answer.
        body: String,
    },
    /// A file, a process or a socket.
    #[error("{what}: {cause}")]
    Io {
        /// What was attempted.
        what: String,
        /// Why it failed.
        cause: std::io::Error,
    },
}

fn io(what: &str) -> impl FnOnce(std::io::Error) -> IdpError {
    move |cause| IdpError::Io { what: what.to_owned(), cause }
}

/// What the provider says when it listens.
#[derive(Debug, Deserialize)]
struct Ready {
    url: String,
    client_id: String,
    client_secret: String,
    initial_access_token: String,
}

/// A running provider. Ends when dropped; also when the test is killed, because its input ends then.
#[derive(Debug)]
pub struct IdentityProvider {
    child: Child,
    ready: Ready,
    address: SocketAddr,
}

impl IdentityProvider {
    /// Starts a provider and waits until it listens.
    ///
    /// # Errors
    /// [`IdpError`] says what is missing.
    pub fn start() -> Result<Self, IdpError> {
        let main = install::installed()?.join("src/main.js");
        let mut errors: File = tempfile::tempfile().map_err(io("make a temporary file"))?;
        let output = errors.try_clone().map_err(io("share a temporary file"))?;
        let mut child = Command::new("node")
            .arg(main)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(output)
            .spawn()
            .map_err(io("start node"))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(io("read from node"))?;
        }
        let ready = serde_json::from_str::<Ready>(&line).ok().and_then(|ready| {
            let address = ready.url.strip_prefix("http://")?.parse().ok()?;
            Some((ready, address))
        });
        let Some((ready, address)) = ready else {
            let _ = child.kill();
            let _ = child.wait();
            let mut log = String::new();
            let _ = errors.rewind().and_then(|()| errors.read_to_string(&mut log));
            return Err(IdpError::Start(format!("{line}{log}")));
        };
        Ok(Self { child, ready, address })
    }

    /// As [`Self::start`]; but without Node there is `None` and a line that says so, except in
    /// continuous integration (`CI` is set), where nothing is skipped.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_or_skip(what: &str) -> Result<Option<Self>, IdpError> {
        match Self::start() {
            Err(IdpError::NoNode) if std::env::var_os("CI").is_none() => {
                eprintln!("skipped: {what}. {}", IdpError::NoNode);
                Ok(None)
            }
            started => started.map(Some),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What registers a client (RFC 7591, section 3).
    #[must_use]
    pub fn initial_access_token(&self) -> &str {
        &self.ready.initial_access_token
    }

    /// One of its issuers, made when it is first used. `main` has a key for each of ES256, RS256
    /// and EdDSA, any other one for ES256.
    #[must_use]
    pub fn realm<'p>(&'p self, name: &'p str) -> Realm<'p> {
        Realm { provider: self, name }
    }

    /// How often the keys of each issuer were asked for, of those that have been used.
    ///
    /// # Errors
    /// The provider's.
    pub fn fetches(&self) -> Result<BTreeMap<String, Fetches>, IdpError> {
        let counts = self.control("GET", "fetches", "")?;
        Ok(serde_json::from_value(counts).unwrap_or_default())
    }

    fn control(&self, method: &str, action: &str, query: &str) -> Result<Value, IdpError> {
        let host = self.address;
        let request = format!(
            "{method} /control/{action}?{query} HTTP/1.1\r\nhost: {host}\r\n\
             connection: close\r\ncontent-length: 0\r\n\r\n"
        );
        self.send(&format!("/control/{action}"), &request)
    }

    fn send(&self, what: &str, request: &str) -> Result<Value, IdpError> {
        let response = client::send(self.address, request.as_bytes());
        let response: Response = response.map_err(io(what))?;
        match response.json() {
            Ok(value) if response.status == 200 => Ok(value),
            _ => Err(IdpError::Answer {
                what: what.to_owned(),
                status: response.status,
                body: String::from_utf8_lossy(&response.body).into_owned(),
            }),
        }
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How the place of an issuer's keys answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// As it should.
    Ok,
    /// With 503.
    Fail,
    /// Not at all, until it is told something else.
    Hold,
    /// With the same keys in more than 64 KiB.
    Huge,
}

impl Keys {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fail => "fail",
            Self::Hold => "hold",
            Self::Huge => "huge",
        }
    }
}

/// How often an issuer's keys were asked for, and what was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Fetches {
    /// All requests.
    pub requests: u32,
    /// Those that the keys were sent to.
    pub full: u32,
    /// Those that had them already, by their ETag.
    pub not_modified: u32,
    /// Those that were answered with an error.
    pub failed: u32,
}

/// One issuer of a provider.
#[derive(Debug, Clone, Copy)]
pub struct Realm<'p> {
    provider: &'p IdentityProvider,
    name: &'p str,
}

impl Realm<'_> {
    /// The `iss` of its tokens, and the URL that its configuration is below.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/realms/{}", self.provider.ready.url, self.name)
    }

    /// The path of its keys.
    #[must_use]
    pub fn keys_path(&self) -> String {
        format!("/realms/{}/jwks", self.name)
    }

    /// An access token for `api.example.com`, signed with ES256.
    ///
    /// # Errors
    /// [`IdpError::Answer`] with the provider's words.
    pub fn token(&self, tenant: &str, role: &str, scope: &str) -> Result<String, IdpError> {
        self.token_by("ES256", tenant, role, scope)
    }

    /// As [`Self::token`], signed with another algorithm.
    ///
    /// # Errors
    /// As [`Self::token`].
    pub fn token_by(
        &self,
        algorithm: &str,
        tenant: &str,
        role: &str,
        scope: &str,
    ) -> Result<String, IdpError> {
        let Ready { client_id, client_secret, .. } = &self.provider.ready;
        let body = form(&[
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", client_secret),
            ("scope", scope),
            ("tenant_id", tenant),
            ("tenant_role", role),
            ("alg", algorithm),
        ]);
        let request = format!(
            "POST /realms/{}/token HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            self.name,
            self.provider.address,
            body.len()
        );
        let answer = self.provider.send("token endpoint", &request)?;
        let token = answer.get("access_token").and_then(Value::as_str);
        token.map(str::to_owned).ok_or_else(|| IdpError::Answer {
            what: "token endpoint".to_owned(),
            status: 200,
            body: answer.to_string(),
        })
    }

    /// Signs with new keys from now on; the old ones stay published.
    ///
    /// # Errors
    /// The provider's.
    pub fn rotate(&self) -> Result<(), IdpError> {
        self.control("POST", "rotate", "").map(drop)
    }

    /// Publishes only the keys that it signs with.
    ///
    /// # Errors
    /// The provider's.
    pub fn retire(&self) -> Result<(), IdpError> {
        self.control("POST", "retire", "").map(drop)
    }

    /// Sets how its keys are answered for.
    ///
    /// # Errors
    /// The provider's.
    pub fn keys(&self, mode: Keys) -> Result<(), IdpError> {
        self.control("POST", "keys", &format!("&mode={}", mode.name())).map(drop)
    }

    /// Sets the `max-age` of its keys in seconds; 300 if never set.
    ///
    /// # Errors
    /// The provider's.
    pub fn max_age(&self, seconds: u32) -> Result<(), IdpError> {
        self.control("POST", "keys", &format!("&max_age={seconds}")).map(drop)
    }

    /// How often its keys were asked for.
    ///
    /// # Errors
    /// The provider's.
    pub fn fetches(&self) -> Result<Fetches, IdpError> {
        let counts = self.control("GET", "fetches", "")?;
        Ok(serde_json::from_value(counts).unwrap_or_default())
    }

    fn control(&self, method: &str, action: &str, more: &str) -> Result<Value, IdpError> {
        let query = format!("realm={}{more}", self.name);
        let mut answer = self.provider.control(method, action, &query)?;
        Ok(answer.get_mut(self.name).map(Value::take).unwrap_or_default())
    }
}

/// `application/x-www-form-urlencoded`.
fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}
