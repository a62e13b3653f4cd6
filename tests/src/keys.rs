//! The development keys of the corpus, the same on every run, and the JWKS files of its policy.
//!
//! Nothing here is secret. The keys are derived from their names, so a token of a table means the
//! same everywhere. `stranger` is in no JWKS.

use std::sync::OnceLock;

use serde_json::{Value, json};
use tenantguard_mint::{Algorithm, DevKey, jwks};

use crate::corpus::CorpusError;

/// Every key: its name in the tables, its algorithm. `NAME` alone is an issuer's first key.
const KEYS: &[(&str, Algorithm)] = &[
    ("platform", Algorithm::Es256),
    ("platform.rs256", Algorithm::Rs256),
    ("platform.eddsa", Algorithm::EdDsa),
    ("partnerco", Algorithm::Es256),
    ("machines", Algorithm::EdDsa),
    ("workforce", Algorithm::Es256),
    ("globex", Algorithm::EdDsa),
    ("bound", Algorithm::EdDsa),
    ("pinned", Algorithm::EdDsa),
    ("exchange", Algorithm::EdDsa),
    ("relay", Algorithm::EdDsa),
    ("stranger", Algorithm::Es256),
    ("stranger.rs256", Algorithm::Rs256),
];

/// Deriving an RSA key takes a while, so each key is derived once and only when it is asked for.
static DERIVED: [OnceLock<DevKey>; KEYS.len()] = [const { OnceLock::new() }; KEYS.len()];

/// The key with this name.
///
/// # Errors
/// [`CorpusError::Unknown`] lists the names that exist.
pub fn named(name: &str) -> Result<&'static DevKey, CorpusError> {
    KEYS.iter()
        .zip(&DERIVED)
        .find(|((known, _), _)| *known == name)
        .map(|((name, algorithm), cell)| {
            cell.get_or_init(|| DevKey::derive(*algorithm, &format!("tenantguard corpus {name}")))
        })
        .ok_or_else(|| CorpusError::Unknown {
            kind: "the key",
            name: name.to_owned(),
            known: KEYS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
        })
}

/// The `iss` of an issuer of the corpus policy, by its name there.
///
/// # Errors
/// [`CorpusError::Unknown`] lists the names that exist.
pub fn issuer_url(name: &str) -> Result<&'static str, CorpusError> {
    match name {
        "platform" => Ok("https://id.example.com"),
        "partnerco" => Ok("https://sso.partnerco.example"),
        "machines" => Ok("https://machines.example.com"),
        "workforce" => Ok("https://login.workforce.example"),
        "globex" => Ok("https://sso.globex.example"),
        "bound" => Ok("https://bound.example.com"),
        "pinned" => Ok("https://pinned.example.com"),
        "exchange" => Ok("https://control.example.com"),
        "relay" => Ok("https://relay.example.com"),
        "stranger" => Ok("https://id.stranger.example"),
        _ => Err(CorpusError::Unknown {
            kind: "the issuer",
            name: name.to_owned(),
            known: "platform, partnerco, machines, workforce, globex, bound, pinned, exchange, \
                    relay, stranger"
                .to_owned(),
        }),
    }
}

/// The content of a `jwks_file` that the corpus policy names.
#[must_use]
pub fn jwks_file(name: &str) -> Option<Value> {
    let issuer = name.strip_suffix(".jwks.json")?;
    let own: Vec<&DevKey> = KEYS
        .iter()
        .filter(|(key, _)| key.split('.').next() == Some(issuer) && issuer != "stranger")
        .filter_map(|(key, _)| named(key).ok())
        .collect();
    (!own.is_empty()).then(|| json!(jwks(&own)))
}
