//! The least that a filter can do which hands identities on: read the request's headers, in one call,
//! and set the four that `jwt_authn` sets from a token's claims. What it sets are constants. Cold, it
//! has the host verify the signature too.

use proxy_wasm::hostcalls;
use proxy_wasm::types::{Bytes, MapType};

use crate::work::Refusal;

const HEADERS: [(&str, &str); 4] = [
    ("x-tenant-id", "acme"),
    ("x-principal-id", "alice@acme.example"),
    ("x-tenant-roles", "editor"),
    ("x-tenant-scope", "reports:read reports:write"),
];

/// `VerifySignatureResult` with `result: true`.
const VERIFIED: [u8; 2] = [0x08, 0x01];

/// A token, as it comes in a request, and what to ask the host about it.
pub(crate) struct Prepared {
    pub(crate) authorization: Vec<u8>,
    pub(crate) argument: Vec<u8>,
}

pub(crate) fn set_four_headers() -> Result<(), Refusal> {
    authorization()?;
    set_headers()
}

pub(crate) fn verify(tokens: &[Prepared]) -> Result<(), Refusal> {
    let authorization = authorization()?;
    let token = tokens.iter().find(|token| Some(&token.authorization) == authorization.as_ref());
    let argument = &token.ok_or(Refusal::Unverified)?.argument;
    let outcome = hostcalls::call_foreign_function("verify_signature", Some(argument))?;
    if outcome.as_deref() != Some(&VERIFIED) {
        return Err(Refusal::Unverified);
    }
    set_headers()
}

fn authorization() -> Result<Option<Bytes>, Refusal> {
    let headers = hostcalls::get_map_bytes(MapType::HttpRequestHeaders)?;
    Ok(headers.into_iter().find(|(name, _)| name == "authorization").map(|(_, value)| value))
}

fn set_headers() -> Result<(), Refusal> {
    for (name, value) in HEADERS {
        hostcalls::set_map_value(MapType::HttpRequestHeaders, name, Some(value))?;
    }
    Ok(())
}
