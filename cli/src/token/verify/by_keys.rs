//! Form and signature alone, with a key set: no issuer, no times, no tenant.

use std::path::Path;

use tenantguard::decision::{Check, Refusal};
use tenantguard::token::{Algorithm, CompactToken, Key, KeySet, PureRust};
use tenantguard_policy::explain::{CheckOutcome, CheckStep};

use super::Examined;
use crate::failure::Failure;
use crate::files::read_text;
use crate::output::{self, bytes_human, styled};

/// The keys of a set, for whichever algorithm each is.
pub(super) struct KeysAlone {
    keys: KeySet,
}

impl KeysAlone {
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        let unusable = |reason| Failure::KeySet { path: file.to_owned(), reason };
        let text = read_text(file)?;
        let set: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
        let jwks = set.get("keys").and_then(serde_json::Value::as_array);
        let jwks = jwks.ok_or_else(|| unusable("it has no list `keys`".to_owned()))?;
        let mut keys = Vec::new();
        for (jwk, nth) in jwks.iter().zip(1..) {
            match Key::from_jwk(jwk) {
                Ok(key) => keys.push(key),
                Err(error) => {
                    let kid = jwk.get("kid").and_then(serde_json::Value::as_str);
                    let name = bytes_human(kid.unwrap_or("without a name").as_bytes());
                    let note = styled(output::WARNING, "note");
                    anstream::eprintln!("{note}: passed over key {nth} ({name}), which {error}");
                }
            }
        }
        match keys.is_empty() {
            true => Err(unusable("none of its keys can be used".to_owned())),
            false => Ok(Self { keys: KeySet::new(keys) }),
        }
    }

    pub(super) fn examine(&self, text: &str) -> Examined {
        let mut examined = Examined::default();
        let token = match CompactToken::parse(text) {
            Ok(token) => token,
            Err(error) => {
                examined.refuse(Check::Token, &error.into());
                examined.put(Check::Signature, CheckOutcome::NotReached, None);
                return examined;
            }
        };
        let header = token.header();
        let kid = header.kid.as_ref().map_or("no key named".to_owned(), |kid| format!("key {kid}"));
        let detail = format!("{}, {kid}", header.algorithm);
        examined.put(Check::Token, CheckOutcome::Passed, Some(detail));
        let issuer = token.claimed_issuer().map(str::to_owned);
        let all = Algorithm::ALL.map(|(algorithm, _)| algorithm);
        match self.keys.verify(token, &all, &PureRust) {
            Ok(_) => {
                let detail = "made by a key of the set".to_owned();
                examined.put(Check::Signature, CheckOutcome::Passed, Some(detail));
                examined.issuer = issuer;
            }
            Err(error) => examined.refuse(Check::Signature, &error.into()),
        }
        examined
    }
}

impl Examined {
    fn put(&mut self, check: Check, outcome: CheckOutcome, detail: Option<String>) {
        self.checks.push(CheckStep { check, outcome, detail });
    }

    fn refuse(&mut self, check: Check, refusal: &Refusal) {
        let detail = refusal.to_string();
        self.put(check, CheckOutcome::Refused, Some(detail.clone()));
        self.refused = Some((refusal.reason(), detail));
    }
}
