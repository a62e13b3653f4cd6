//! What can go wrong with a partner's identity provider, and what to do then. Whatever the provider
//! wrote is escaped before it gets to a terminal.

use std::time::Duration;

use crate::output::bytes_human;

#[derive(Debug, thiserror::Error)]
pub(crate) enum PartnerError {
    #[error("{url:?} is not the URL of an issuer: {reason}")]
    IssuerUrl { url: String, reason: &'static str },
    #[error("{url} does not use https")]
    NotHttps { url: String },
    #[error("{source_url} names {url:?} as its {member}: {reason}")]
    Endpoint { source_url: String, member: &'static str, url: String, reason: &'static str },
    #[error("{url} was not reached: {reason}")]
    Unreachable { url: String, reason: String },
    #[error("{url} did not answer within {} s", .limit.as_secs())]
    Slow { url: String, limit: Duration },
    #[error("{url} answered with more than {limit} bytes")]
    TooLarge { url: String, limit: u64 },
    #[error("{url} answered {status} and sends on to {to}")]
    Redirect { url: String, status: u16, to: String },
    #[error("{url} answered {status}{}", excerpt(.body))]
    Status { url: String, status: u16, body: Vec<u8> },
    #[error("{url} does not let us register ({status}){}", excerpt(.body))]
    NotAuthorized { url: String, status: u16, body: Vec<u8> },
    #[error("{url} did not answer with {what}: {reason}")]
    Shape { url: String, what: &'static str, reason: String },
    #[error("the issuer is {asked:?}, and its configuration says {said:?}")]
    OtherIssuer { asked: String, said: String },
    #[error("the partner's configuration has no {0}")]
    Missing(&'static str),
    #[error("the partner does not accept {what}; it accepts {accepted}")]
    NotAccepted { what: &'static str, accepted: String },
    #[error("none of the keys at {url} can be used{}", list(.left_out))]
    NoKey { url: String, left_out: Vec<String> },
    #[error("the partner registered another client than was asked for: {0}")]
    OtherClient(String),
    #[error("the name {name:?} cannot be used: {reason}")]
    Name { name: String, reason: String },
}

impl PartnerError {
    /// What to do next.
    pub(crate) fn help(&self) -> Option<String> {
        Some(match self {
            Self::IssuerUrl { .. } => {
                "give the `iss` of its tokens, such as https://sso.partnerco.example".to_owned()
            }
            Self::NotHttps { .. } => {
                "keys that come in the clear can be anybody's; only a loopback address may use http"
                    .to_owned()
            }
            Self::Endpoint { .. } | Self::Shape { .. } | Self::TooLarge { .. } => {
                "ask the partner to correct it".to_owned()
            }
            Self::Unreachable { .. } => {
                "check the URL, the network, and which certificate authorities this system trusts"
                    .to_owned()
            }
            Self::Slow { .. } => "try again, or give it longer with --timeout".to_owned(),
            Self::Redirect { .. } => {
                "redirects are not followed; if you trust the other address, ask the partner to \
                 name it"
                    .to_owned()
            }
            Self::NotAuthorized { .. } => {
                "give an initial access token that the partner made for us: \
                 --initial-access-token-file FILE"
                    .to_owned()
            }
            Self::Status { status: 404, .. } => {
                "check the URL; the issuer's configuration must be at \
                 URL/.well-known/openid-configuration"
                    .to_owned()
            }
            Self::Status { .. } => "ask the partner, or try again later".to_owned(),
            Self::OtherIssuer { said, .. } => {
                format!("if that is the partner, give exactly {}", bytes_human(said.as_bytes()))
            }
            Self::Missing("registration_endpoint") | Self::NotAccepted { .. } => {
                "without a client of ours there, only its keys can be pinned: --no-registration"
                    .to_owned()
            }
            Self::Missing(_) => {
                "it is no OpenID provider's configuration; check the URL".to_owned()
            }
            Self::NoKey { .. } => {
                "ask the partner for RSA, P-256, P-384 or Ed25519 keys".to_owned()
            }
            Self::OtherClient(_) => {
                "ask the partner to remove it, and which clients it takes".to_owned()
            }
            Self::Name { .. } => "give another one with --name".to_owned(),
        })
    }
}

/// The beginning of an answer, safe for a terminal.
fn excerpt(body: &[u8]) -> String {
    const LENGTH: usize = 300;
    let (part, end) = match body.get(..LENGTH) {
        Some(part) => (part, " ..."),
        None => (body, ""),
    };
    match part.trim_ascii() {
        [] => String::new(),
        text => format!(": {}{end}", bytes_human(text)),
    }
}

fn list(items: &[String]) -> String {
    match items {
        [] => ": there are none".to_owned(),
        items => format!(": {}", items.join("; ")),
    }
}
