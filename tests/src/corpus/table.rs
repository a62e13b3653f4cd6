//! The file format of the corpus. Unknown fields are errors: a misspelled expectation would be an
//! expectation that nobody checks.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// One file of the corpus.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What the table is about, for the reader.
    pub about: String,
    /// The policy that decides the cases, one of `corpus/policies/`; `corpus/policy.yaml` by default.
    pub policy: Option<String>,
    /// What is different in that policy here: a JSON merge patch (RFC 7396).
    #[serde(default)]
    pub changes: Map<String, Value>,
    /// Delegations that the control service has brought, by id. With some, the gate has a copy of
    /// the control state.
    #[serde(default)]
    pub living: BTreeMap<String, Living>,
    /// The cases.
    pub cases: Vec<Case>,
}

impl Table {
    /// Whether `runner` can show the table at all: the command decides by a policy alone.
    #[must_use]
    pub fn is_for(&self, runner: Runner) -> bool {
        runner != Runner::Decide || self.living.is_empty()
    }
}

/// One request and the decision that it must get.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The case as a sentence; unique in its table.
    pub name: String,
    /// The token that `{token}` stands for. Without one there is no `authorization` header either.
    pub token: Option<TokenSource>,
    /// More tokens: `{token.NAME}`.
    #[serde(default)]
    pub tokens: BTreeMap<String, TokenSource>,
    /// The `authorization` headers. By default `Bearer {token}` when there is a token.
    pub authorization: Option<Vec<String>>,
    /// The request.
    pub request: RequestSpec,
    /// What must come out.
    pub expect: Expect,
    /// The runners that can run this case; all of them by default.
    pub runs: Option<Vec<Runner>>,
    /// Why `runs` leaves runners out.
    pub why: Option<String>,
}

impl Case {
    /// Whether `runner` is to run this case.
    #[must_use]
    pub fn is_for(&self, runner: Runner) -> bool {
        self.runs.as_ref().is_none_or(|runs| runs.contains(&runner))
    }
}

/// One of the ways in which the corpus is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Runner {
    /// The core as a library, natively and under Node.
    Core,
    /// The command `tenantguard decide`.
    Decide,
    /// The filter in a real Envoy.
    Envoy,
}

/// The HTTP request of a case. All texts are latin-1: one character is one byte.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestSpec {
    /// The method; GET by default.
    #[serde(default = "get")]
    pub method: String,
    /// The request target, exactly as it is sent.
    pub path: String,
    /// The host that is asked; `api.example.com` by default.
    #[serde(default = "authority")]
    pub authority: String,
    /// Further headers, in order, repetitions included.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Pseudo-headers to leave out, such as `:path`. No HTTP/1 client can, so not through Envoy.
    #[serde(default)]
    pub without: Vec<String>,
}

fn get() -> String {
    "GET".to_owned()
}

fn authority() -> String {
    "api.example.com".to_owned()
}

/// What must come out of a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Permit or deny.
    pub decision: Verdict,
    /// The reason code, also of a permit.
    pub reason: String,
    /// The status of the denial. Envoy's runner checks that a permit is answered with 200.
    pub status: Option<u16>,
    /// Headers as the upstream must see them; null means absent. Only of a permit.
    #[serde(default)]
    pub upstream: BTreeMap<String, Option<String>>,
    /// Headers of the response; null means absent.
    #[serde(default)]
    pub response: BTreeMap<String, Option<String>>,
    /// Fields of the audit record; null means absent or null.
    #[serde(default)]
    pub audit: BTreeMap<String, Value>,
    /// Fields of the usage event, `data.NAME` for one of its data.
    #[serde(default)]
    pub usage: BTreeMap<String, Value>,
}

/// Permit or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The request goes on.
    Permit,
    /// It is answered by the boundary.
    Deny,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
        })
    }
}

/// A token: written out, or to be signed.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub enum TokenSource {
    /// The token's text, whatever it is.
    Raw(String),
    /// A token to be signed.
    Minted(Box<Recipe>),
}

impl TryFrom<Value> for TokenSource {
    type Error = serde_json::Error;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        Ok(match value {
            Value::String(text) => Self::Raw(text),
            other => Self::Minted(serde_json::from_value(other)?),
        })
    }
}

/// What a signed token is to hold. Everything left out comes from the persona.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The persona; `alice` by default.
    pub subject: Option<String>,
    /// Claims that replace the persona's; null removes one.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// Header fields that replace the usual ones; null removes one.
    #[serde(default)]
    pub header: Map<String, Value>,
    /// The claims as text, in place of all others: duplicate keys, deep nesting, no JSON at all.
    pub claims_text: Option<String>,
    /// The header as text, in place of all fields.
    pub header_text: Option<String>,
    /// The key that signs, by its name in `keys.rs`; the persona's by default.
    pub key: Option<String>,
    /// What is done to the finished token: one edit, or a list of them in order.
    #[serde(default, deserialize_with = "one_or_more")]
    pub edit: Vec<Edit>,
}

fn one_or_more<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Edit>, D::Error> {
    let edits = match Value::deserialize(from)? {
        Value::Array(list) => list,
        one => vec![one],
    };
    edits
        .into_iter()
        .map(|edit| serde_json::from_value(edit).map_err(serde::de::Error::custom))
        .collect()
}

/// A change to a finished token, as somebody without the key could make it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// Flips this bit of the signature, counted from its first byte's lowest bit.
    FlipSignatureBit(usize),
    /// Sets the bits of the signature's last base64 character that carry no data.
    SetUnusedBits(bool),
    /// Cuts this many characters off the end.
    Truncate(usize),
    /// Adds text at the end.
    Append(String),
    /// Adds text at the beginning.
    Prepend(String),
    /// Replaces claims and keeps the old signature; null removes one.
    ReplaceClaims(Map<String, Value>),
    /// Replaces header fields and keeps the old signature; null removes one.
    ReplaceHeader(Map<String, Value>),
    /// Puts this text in the place of the encoded signature.
    Signature(String),
    /// Adds this text to the encoded header, claims and signature each: padding, white space.
    AppendToParts(String),
}

/// The personas of `subjects.json`, by name.
pub type Personas = BTreeMap<String, Persona>;

/// Somebody who has tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// The issuer by its name in the policy, whose `iss` and key the tokens carry.
    pub issuer: String,
    /// The key that signs, by its name in `keys.rs`; the issuer's first by default.
    pub key: Option<String>,
    /// The claims, over the usual `iss`, `aud`, `iat`, `exp` and `jti`.
    pub claims: Map<String, Value>,
    /// Header fields, over the key's `alg` and `kid` and `typ: JWT`.
    #[serde(default)]
    pub header: Map<String, Value>,
}

/// A delegation as the control service has it. Times are `now+N` or `now-N`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Living {
    /// The delegator.
    pub from: String,
    /// The delegate.
    pub to: String,
    /// Who of the delegate, `namespace/subject`; everybody by default.
    pub principals: Option<Vec<String>>,
    /// For what.
    pub permissions: Vec<String>,
    /// Only by tokens for one of these; for any by default.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// From when on; for an hour already by default.
    pub not_before: Option<String>,
    /// Until when; for another hour by default.
    pub expires: Option<String>,
    /// How far it has come; consented by default.
    #[serde(default)]
    pub stage: Stage,
    /// Where the consent is written down.
    pub reference: Option<String>,
}

/// How far a delegation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The delegator has not agreed.
    Proposed,
    /// The delegator has agreed.
    #[default]
    Consented,
    /// It is held up.
    Suspended,
    /// It was taken back, this second.
    Revoked,
}
