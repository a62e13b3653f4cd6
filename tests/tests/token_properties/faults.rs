//! What can be wrong with a token or its request, each by itself. Some of it is wrong for one issuer
//! only, or not at all: that is the oracle's to say.

use serde_json::{Value, json};

use crate::case::{Case, Signer};
use crate::world::{self, NOW};

/// One part of a case made into something else.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    Signer(Signer),
    Alg(&'static str),
    Kid(Option<Value>),
    Header(&'static str, Value),
    Typ(Option<Value>),
    Iss(Option<Value>),
    Exp(Option<Value>),
    Iat(Option<Value>),
    Nbf(Option<Value>),
    Aud(Option<Value>),
    Sub(Option<Value>),
    Tenant(Option<Value>),
    Roles(Option<Value>),
    Scope(Option<Value>),
    Resource(&'static str),
}

impl Fault {
    pub(crate) fn into_case(self, case: &mut Case) {
        match self {
            Self::Signer(signer) => case.signer = signer,
            Self::Alg(alg) => case.alg = Some(alg),
            Self::Kid(kid) => case.kid = Some(kid),
            Self::Header(name, value) => case.extra_header = Some((name, value)),
            Self::Typ(typ) => case.typ = typ,
            Self::Iss(iss) => case.iss = iss,
            Self::Exp(exp) => case.exp = exp,
            Self::Iat(iat) => case.iat = iat,
            Self::Nbf(nbf) => case.nbf = nbf,
            Self::Aud(aud) => case.aud = aud,
            Self::Sub(sub) => case.sub = sub,
            Self::Tenant(tenant) => case.tenant = tenant,
            Self::Roles(roles) => case.roles = roles,
            Self::Scope(scope) => case.scope = scope,
            Self::Resource(tenant) => case.resource = Some(tenant),
        }
    }
}

/// Every fault.
pub(crate) fn all() -> Vec<Fault> {
    [header(), identity(), times(), use_of_it()].concat()
}

/// Absent, and these.
fn each(make: fn(Option<Value>) -> Fault, values: impl IntoIterator<Item = Value>) -> Vec<Fault> {
    values.into_iter().map(Some).chain([None]).map(make).collect()
}

fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|text| json!(text)).collect()
}

fn header() -> Vec<Fault> {
    let signers = [Signer::Another, Signer::OtherIssuer, Signer::Nobody].map(Fault::Signer);
    let algs = ["none", "HS256", "RS256", "PS256", "ES256", "ES384", "EdDSA", "es256", ""];
    let extra = [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("jku", json!("https://evil.example/jwks")),
        ("jwk", world::untrusted_key().public_jwk()),
        ("x5u", json!("https://evil.example/x5u")),
        ("x5c", json!(["MIIB"])),
        ("cty", json!("JWT")),
        ("x-unknown", json!({"a": [1]})),
    ];
    let kids = [
        texts(&["new", "EdDSA", "no such key", ""]),
        vec![json!(7), json!(null), json!("k".repeat(300))],
    ];
    let typs = [
        texts(&["JWT", "at+jwt", "id_token+jwt", "logout+jwt", "", "at+jwt ", "application/jwt"]),
        vec![json!(7), json!(null)],
    ];
    [
        signers.to_vec(),
        algs.map(Fault::Alg).to_vec(),
        extra.map(|(name, value)| Fault::Header(name, value)).to_vec(),
        each(Fault::Kid, kids.concat()),
        each(Fault::Typ, typs.concat()),
    ]
    .concat()
}

fn identity() -> Vec<Fault> {
    let issuers = [world::PLATFORM, world::PARTNER, "https://nobody.example", "platform", ""];
    let audiences = texts(&["api.example.com/", "API.EXAMPLE.COM", "", "other"]);
    let more = vec![json!([]), json!(7), json!([world::AUDIENCE, 7]), json!({})];
    let tenants = texts(&["acme", "globex", "nobody", "", "Acme", "ac me", "*"]);
    let roles = vec![
        json!(["viewer", "ghost"]),
        json!(["viewer", "editor"]),
        json!([]),
        json!(["viewer", 7]),
        json!({}),
        json!(null),
    ];
    let given = texts(&["ghost", "editor", "", "viewer editor", "Viewer"]);
    let subjects = vec![json!(""), json!(7), json!("a\nb"), json!(null), json!("s".repeat(257))];
    [
        each(Fault::Iss, [texts(&issuers), vec![json!(7), json!([world::PLATFORM])]].concat()),
        each(Fault::Aud, [audiences, more].concat()),
        each(Fault::Sub, subjects),
        each(Fault::Tenant, [tenants, vec![json!(["acme"]), json!(null)]].concat()),
        each(Fault::Roles, [given, roles].concat()),
    ]
    .concat()
}

/// Values at the limits of the skew and the lifetimes to the second, and what is no time.
fn times() -> Vec<Fault> {
    let offsets: [i64; 19] = [
        -3_601, -3_600, -601, -600, -31, -30, -29, -1, 0, 1, 29, 30, 31, 599, 600, 601, 3_599,
        3_600, 3_601,
    ];
    let limits = offsets.map(|offset| json!(NOW.saturating_add_signed(offset)));
    #[expect(clippy::cast_precision_loss, reason = "a time has room in a double")]
    let odd = [
        json!(NOW as f64),
        json!(NOW.to_string()),
        json!(null),
        json!(true),
        json!([NOW]),
        json!(-1),
        json!(0),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(1e300),
    ];
    let values = [limits.to_vec(), odd.to_vec()].concat();
    [Fault::Exp, Fault::Iat, Fault::Nbf]
        .into_iter()
        .flat_map(|make: fn(Option<Value>) -> Fault| each(make, values.clone()))
        .collect()
}

fn use_of_it() -> Vec<Fault> {
    let scopes = texts(&["", "*", "reports:*", "REPORTS", "reports:read", "partner:read"]);
    let scopes = [scopes, vec![json!(["reports"]), json!(7), json!(null)]].concat();
    let resources = ["acme", "globex", "partnerco", "nobody"].map(Fault::Resource);
    [each(Fault::Scope, scopes), resources.to_vec()].concat()
}
