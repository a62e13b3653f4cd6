//! Keys that the proxy would fetch, given as a file.

use std::path::Path;
use std::time::Duration;

use tenantguard::gate::{Gate, Need};
use tenantguard::keyring::FetchAnswer;
use tenantguard::time::Now;

use crate::failure::Failure;
use crate::files::read_text;
use crate::output::{self, bytes_human, styled};

/// A JWK set, if one was given.
#[derive(Debug, Clone)]
pub(crate) struct GivenKeys(Option<String>);

impl GivenKeys {
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        file.map(read_text).transpose().map(Self)
    }

    /// Gives the gate the keys that it asks for, as the proxy would.
    pub(crate) fn give(&self, gate: &Gate, need: Need, now: Now) {
        // Without a control service, nothing else is ever needed.
        let Need::Keys(issuer) = need else { return };
        let url = gate.policy().issuer(issuer).map_or("", |issuer| &issuer.url);
        let note = styled(output::WARNING, "note");
        let Some(keys) = &self.0 else {
            anstream::eprintln!(
                "{note}: the proxy fetches the keys of {url}; give them with --keys"
            );
            return;
        };
        let answer = FetchAnswer::Body { body: keys.as_bytes(), etag: None, max_age: None };
        if let Err(error) = gate.take_keys(issuer, &answer, Duration::ZERO, now) {
            let error = bytes_human(error.to_string().as_bytes());
            anstream::eprintln!("{note}: --keys is of no use for {url}: {error}");
        }
    }
}
