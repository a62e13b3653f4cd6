//! A token as a test or a demo wants it: any header, any claims, then signed.
//!
//! Nothing is checked and no claim is added, so that wrong tokens can be made too.
//! Follows RFC 7515 §7.1 (compact serialization).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::DevKey;

/// What a token says. The header starts as the key's `alg` and `kid` with `typ: JWT`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokenSpec {
    /// The JOSE header, exactly as it is signed.
    pub header: Map<String, Value>,
    /// The claims, exactly as they are signed.
    pub claims: Map<String, Value>,
}

impl TokenSpec {
    /// A token without claims whose header names `key`.
    #[must_use]
    pub fn new(key: &DevKey) -> Self {
        Self::default()
            .header("alg", key.algorithm().as_str())
            .header("kid", key.kid())
            .header("typ", "JWT")
    }

    /// Sets a claim.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a claim.
    #[must_use]
    pub fn without_claim(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a header member.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a header member.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// The part of the token that its signature covers.
    #[must_use]
    pub fn signing_input(&self) -> String {
        format!("{}.{}", segment(&self.header), segment(&self.claims))
    }

    /// The token in compact form, signed with `key` whatever the header says.
    #[must_use]
    pub fn sign(&self, key: &DevKey) -> String {
        let input = self.signing_input();
        let signature = URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }
}

fn segment(members: &Map<String, Value>) -> String {
    URL_SAFE_NO_PAD.encode(Value::Object(members.clone()).to_string())
}
