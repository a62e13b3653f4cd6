//! A token as a request carries it, where the policy looks for one.

use tenantguard::credential::TokenSource;

/// The header with the token in it.
#[must_use]
pub fn credential(source: &TokenSource, token: &str) -> (String, Vec<u8>) {
    let (name, value) = match source {
        TokenSource::Authorization => ("authorization".to_owned(), format!("Bearer {token}")),
        TokenSource::Header(name) => (name.to_string(), token.to_owned()),
        TokenSource::Cookie(name) => ("cookie".to_owned(), format!("{name}={token}")),
    };
    (name, value.into_bytes())
}
