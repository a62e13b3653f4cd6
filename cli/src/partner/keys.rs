//! A partner's key set (RFC 7517), reduced to what a gate can verify signatures with.

use serde::Deserialize;
use serde_json::{Value, json};
use tenantguard::token::{Algorithm, Key};

use super::PartnerError;
use super::discovery::Provider;
use super::http::Client;
use crate::output::bytes_human;

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

/// A key that is pinned.
pub(super) struct Pinned {
    jwk: Value,
    key: Key,
}

/// The key set of a provider, key by key.
pub(super) struct PinnedKeys {
    pub(super) pinned: Vec<Pinned>,
    /// The names of the others, and why they are of no use.
    pub(super) left_out: Vec<(String, String)>,
}

impl PinnedKeys {
    pub(super) fn fetch(client: &Client, provider: &Provider) -> Result<Self, PartnerError> {
        let url = &provider.keys.url;
        let body = client.get(&provider.keys)?;
        let set: Jwks = serde_json::from_slice(&body).map_err(|error| PartnerError::Shape {
            url: url.clone(),
            what: "a JSON Web Key Set",
            reason: error.to_string(),
        })?;
        let mut keys = Self { pinned: Vec::new(), left_out: Vec::new() };
        for (jwk, nth) in set.keys.into_iter().zip(1..) {
            match Key::from_jwk(&jwk) {
                Ok(key) => keys.pinned.push(Pinned { jwk, key }),
                Err(error) => keys.left_out.push((name(&jwk, nth), error.to_string())),
            }
        }
        match keys.pinned.is_empty() {
            true => Err(PartnerError::NoKey { url: url.clone(), left_out: keys.left_out_lines() }),
            false => Ok(keys),
        }
    }

    /// The set that is pinned.
    pub(super) fn jwks(&self) -> Value {
        json!({"keys": self.pinned.iter().map(|pinned| &pinned.jwk).collect::<Vec<_>>()})
    }

    /// The algorithms of the pinned keys. A key that names none is for those of its kind that the
    /// provider says it signs with.
    pub(super) fn algorithms(&self, announced: &[String]) -> Vec<Algorithm> {
        let is_used = |algorithm: Algorithm, name: &str| {
            self.pinned.iter().any(|Pinned { key, .. }| match key.algorithm() {
                Some(own) => own == algorithm,
                None => key.is_for(algorithm) && announced.iter().any(|other| other == name),
            })
        };
        let used = Algorithm::ALL.into_iter().filter(|(algorithm, name)| is_used(*algorithm, name));
        used.map(|(algorithm, _)| algorithm).collect()
    }

    pub(super) fn left_out_lines(&self) -> Vec<String> {
        self.left_out.iter().map(|(name, why)| format!("{name}, which {why}")).collect()
    }
}

impl Pinned {
    /// The key's name, safe for a terminal.
    pub(super) fn name(&self) -> String {
        let kid = self.key.kid().map(|kid| bytes_human(kid.as_bytes()));
        let kid = kid.unwrap_or_else(|| "without a name".to_owned());
        match self.key.algorithm() {
            Some(algorithm) => format!("{kid} ({algorithm})"),
            None => format!("{kid} ({})", self.key.kind()),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let algorithm = self.key.algorithm().map(Algorithm::name);
        json!({"kid": self.key.kid(), "kind": self.key.kind().to_string(), "algorithm": algorithm})
    }
}

fn name(jwk: &Value, nth: usize) -> String {
    match jwk.get("kid").and_then(Value::as_str) {
        Some(kid) => format!("key {nth} ({})", bytes_human(kid.as_bytes())),
        None => format!("key {nth}"),
    }
}
