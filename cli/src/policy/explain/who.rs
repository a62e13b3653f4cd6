//! Who asks: somebody with a token, with claims that are given or assumed, or nobody.

use std::path::Path;

use clap::Args;
use serde_json::Value;
use tenantguard::artifact::Policy;
use tenantguard::time::UnixTime;
use tenantguard::token::StatedClaims;
use tenantguard::trust::CertificateDigest;
use tenantguard_policy::explain::{Person, PersonError, credential};

use super::super::loaded::Loaded;
use crate::failure::Failure;
use crate::files::read_text;
use crate::keys::GivenKeys;

#[derive(Debug, Args)]
#[command(next_help_heading = "Who asks (nobody, unless one of these is given)")]
#[group(skip)]
pub(super) struct Arguments {
    /// Somebody with this token; `-` reads standard input
    #[arg(long, conflicts_with_all = ["claims", "issuer"])]
    token: Option<String>,
    /// A JWK set: what the proxy would fetch for the token's issuer
    #[arg(long, value_name = "FILE", requires = "token")]
    keys: Option<std::path::PathBuf>,
    /// Somebody with these claims: a file, `-`, or the JSON itself
    #[arg(long, value_name = "JSON")]
    claims: Option<String>,
    /// The issuer's name in the policy; fills in what its tokens need
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,
    /// The tenant
    #[arg(long, requires = "issuer")]
    tenant: Option<String>,
    /// A role, under the policy's name for it; as often as needed
    #[arg(long = "role", value_name = "ROLE", requires = "issuer")]
    roles: Vec<String>,
    /// The scopes, separated by spaces [default with roles: every permission]
    #[arg(long, requires = "issuer")]
    scope: Option<String>,
    /// The subject [default: somebody]
    #[arg(long, requires = "issuer")]
    subject: Option<String>,
}

impl Arguments {
    pub(super) fn wants_stdin(&self) -> bool {
        [&self.token, &self.claims].iter().any(|option| option.as_deref() == Some("-"))
    }
}

/// What somebody comes with.
pub(super) enum Asker {
    Nobody,
    Token(String),
    Claims(StatedClaims),
}

/// Who asks.
pub(super) struct Who {
    pub(super) asker: Asker,
    pub(super) keys: GivenKeys,
    pub(super) certificate: Option<CertificateDigest>,
    /// What was assumed.
    pub(super) notes: Vec<String>,
}

impl Who {
    pub(super) fn of(
        arguments: &Arguments,
        loaded: &Loaded,
        at: UnixTime,
    ) -> Result<Self, Failure> {
        let keys = GivenKeys::read(arguments.keys.as_deref())?;
        let alone =
            |asker| Self { asker, keys: keys.clone(), certificate: None, notes: Vec::new() };
        if let Some(token) = &arguments.token {
            let token = if token == "-" { read_text(Path::new("-"))? } else { token.clone() };
            return Ok(alone(Asker::Token(token.trim().to_owned())));
        }
        let claims = arguments.claims.as_deref().map(claims_text).transpose()?;
        match (&arguments.issuer, claims) {
            (None, None) => Ok(alone(Asker::Nobody)),
            (None, Some(text)) => {
                let claims = StatedClaims::parse(text.as_bytes());
                Ok(alone(Asker::Claims(claims.map_err(|error| refused(error.to_string()))?)))
            }
            (Some(issuer), claims) => {
                let person = person(arguments, issuer, claims.as_deref())?;
                let assumed = person.assume(loaded.source(), loaded.policy(), at);
                let assumed = assumed.map_err(|error| failure(error, loaded))?;
                let asker = Asker::Claims(assumed.claims);
                let (certificate, notes) = (assumed.certificate, assumed.notes);
                Ok(Self { asker, keys, certificate, notes })
            }
        }
    }

    /// The header that carries the token, if there is one.
    pub(super) fn credential(&self, policy: &Policy) -> Option<(String, Vec<u8>)> {
        let Asker::Token(token) = &self.asker else { return None };
        Some(credential(policy.token_source(), token))
    }
}

fn person(arguments: &Arguments, issuer: &str, claims: Option<&str>) -> Result<Person, Failure> {
    let claims = match claims.map(serde_json::from_str::<Value>) {
        None => serde_json::Map::new(),
        Some(Ok(Value::Object(claims))) => claims,
        Some(Ok(_)) => return Err(refused("it is no JSON object".to_owned())),
        Some(Err(error)) => return Err(refused(error.to_string())),
    };
    let scopes = arguments.scope.as_ref();
    Ok(Person {
        issuer: issuer.to_owned(),
        subject: arguments.subject.clone(),
        tenant: arguments.tenant.clone(),
        roles: arguments.roles.clone(),
        scopes: scopes.map(|scope| scope.split_whitespace().map(str::to_owned).collect()),
        claims,
        certificate: None,
    })
}

/// JSON begins with a brace, and no file that one has claims in does.
fn claims_text(argument: &str) -> Result<String, Failure> {
    match argument.trim_start().starts_with('{') {
        true => Ok(argument.to_owned()),
        false => read_text(Path::new(argument)),
    }
}

fn refused(reason: String) -> Failure {
    Failure::Claims { reason }
}

fn failure(error: PersonError, loaded: &Loaded) -> Failure {
    match error {
        PersonError::NoIssuer(name) => {
            let issuers = loaded.source().issuers.iter();
            let known: Vec<&str> = issuers.map(|issuer| issuer.name.as_str()).collect();
            Failure::NoIssuer { name, known: known.join(", ") }
        }
        other => refused(other.to_string()),
    }
}
