//! `tenantguard token mint`: a token as one of the policy's issuers would sign it, with a
//! development key. Wrong tokens can be made too, to see them refused.

use std::io::Write as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tenantguard_mint::{DevKey, TokenSpec};
use tenantguard_policy::source::{Issuer, Keys, Source};

use super::{hex, random, warn};
use crate::Outcome;
use crate::decide::Moment;
use crate::failure::Failure;
use crate::files::{PolicyText, is_stdin, read_text};

/// How long a token is good for unless the arguments or the issuer say otherwise.
const DEFAULT_TTL: Duration = Duration::from_secs(600);

const EXAMPLES: &str = "\
Examples:
  tenantguard token mint --key dev.key.json --policy policy.yaml --issuer platform \\
      --tenant acme --subject alice --role editor --scope 'reports:read reports:write'
  ... --claim email=alice@acme.example --claim exp=1700000000      set a claim (JSON, or a text)
  ... --without tenant_id --header typ=at+jwt                       leave one out, change the header

The token goes to standard output, alone, so that it can be piped on:
  tenantguard token mint ... | tenantguard decide --policy policy.yaml --path /x --token -";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The private key (from `token keygen`)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The policy that has the issuer
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The issuer's name in the policy; gives `iss` and `aud`
    #[arg(long, value_name = "NAME")]
    issuer: String,
    /// `tenant_id`
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// `sub`
    #[arg(long)]
    subject: String,
    /// `tenant_role`; several make a list
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// `scope`, separated by spaces
    #[arg(long)]
    scope: Option<String>,
    /// `aud`; several make a list [default: the issuer's first]
    #[arg(long = "audience")]
    audiences: Vec<String>,
    /// How long it is good for, such as 90s or 10m [default: 10m, or the issuer's limit]
    #[arg(long)]
    ttl: Option<jiff::SignedDuration>,
    /// When it is issued, as seconds since 1970 or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
    /// Set a claim; the value is JSON, or a text if it is no JSON
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    claims: Vec<Member>,
    /// Set a member of the header, in the same way
    #[arg(long = "header", value_name = "NAME=VALUE")]
    headers: Vec<Member>,
    /// Leave a claim out
    #[arg(long, value_name = "CLAIM")]
    without: Vec<String>,
}

/// `name=value`.
#[derive(Debug, Clone)]
struct Member {
    name: String,
    value: Value,
}

impl FromStr for Member {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self {
                name: name.to_owned(),
                value: serde_json::from_str(value).unwrap_or_else(|_| value.into()),
            }),
            _ => Err("write NAME=VALUE"),
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    if is_stdin(&arguments.key) && is_stdin(&arguments.policy) {
        return Err(Failure::StdinTwice("--key and --policy"));
    }
    let key = read_key(arguments)?;
    let (_, checked) = PolicyText::read(&arguments.policy)?.check()?;
    let issuer = find_issuer(checked.source(), &arguments.issuer)?;
    let token = spec(arguments, &key, issuer, checked.source())?.sign(&key);
    writeln!(anstream::stdout().lock(), "{token}")?;
    if !knows(issuer, &key) {
        let name = &issuer.name;
        warn(&format!(
            "{name} has no key {:?} in the policy, so the token will be refused",
            key.kid()
        ));
    }
    warn("signed with a development key; never let production trust it");
    Ok(Outcome::Good)
}

fn read_key(arguments: &Arguments) -> Result<DevKey, Failure> {
    let text = read_text(&arguments.key)?;
    let refused = |reason: String| Failure::Key { path: arguments.key.clone(), reason };
    // serde's message may quote the text, and the text is a secret.
    let jwk: Value =
        serde_json::from_str(&text).map_err(|_| refused("it is not JSON".to_owned()))?;
    DevKey::from_private_jwk(&jwk).map_err(|error| refused(error.to_string()))
}

fn find_issuer<'s>(source: &'s Source, name: &str) -> Result<&'s Issuer, Failure> {
    source.issuers.iter().find(|issuer| issuer.name == name).ok_or_else(|| {
        let known: Vec<&str> = source.issuers.iter().map(|issuer| issuer.name.as_str()).collect();
        Failure::NoIssuer { name: name.to_owned(), known: known.join(", ") }
    })
}

/// Whether the policy's issuer publishes the key's public half. What an endpoint publishes is not
/// known here, and nobody is warned of it.
fn knows(issuer: &Issuer, key: &DevKey) -> bool {
    let public = key.public_jwk();
    let same = |jwk: &Value| ["kid", "kty", "x", "n"].iter().all(|m| jwk.get(m) == public.get(m));
    match &issuer.keys {
        Some(Keys::Inline(set)) => set.keys.iter().any(|jwk| same(&jwk.value)),
        Some(Keys::Remote(_)) => true,
        None => false,
    }
}

fn spec(
    arguments: &Arguments,
    key: &DevKey,
    issuer: &Issuer,
    source: &Source,
) -> Result<TokenSpec, Failure> {
    let issued = match arguments.at {
        Some(moment) => moment,
        None => Moment::now()?,
    };
    let issued = issued.seconds();
    let ttl = arguments.ttl.map_or_else(
        || DEFAULT_TTL.min(issuer.max_lifetime).as_secs(),
        |ttl| u64::try_from(ttl.as_secs()).unwrap_or(0),
    );
    let audiences = match arguments.audiences.as_slice() {
        [] => {
            let known = issuer.audiences.as_ref().unwrap_or(&source.audiences);
            known.first().map(|audience| json!(audience.value))
        }
        given => one_or_list(given),
    };
    let defaults = [
        ("iss", issuer.url.as_ref().map(|url| json!(url.value))),
        ("aud", audiences),
        ("sub", Some(json!(arguments.subject))),
        ("iat", Some(json!(issued))),
        ("exp", Some(json!(issued.saturating_add(ttl)))),
        ("jti", Some(json!(hex(&random::<16>()?)))),
        ("tenant_id", arguments.tenant.as_ref().map(|tenant| json!(tenant))),
        ("tenant_role", one_or_list(&arguments.roles)),
        ("scope", arguments.scope.as_ref().map(|scope| json!(scope))),
    ];
    let mut token = TokenSpec::new(key);
    for (name, value) in defaults {
        token.claims.extend(value.map(|value| (name.to_owned(), value)));
    }
    let members = |members: &[Member]| {
        members.iter().map(|m| (m.name.clone(), m.value.clone())).collect::<Vec<_>>()
    };
    token.claims.extend(members(&arguments.claims));
    token.header.extend(members(&arguments.headers));
    token.claims.retain(|name, _| !arguments.without.contains(name));
    Ok(token)
}

fn one_or_list(values: &[String]) -> Option<Value> {
    match values {
        [] => None,
        [one] => Some(json!(one)),
        several => Some(json!(several)),
    }
}
