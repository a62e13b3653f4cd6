//! The keys of the exchange as they are now: which one signs, which ones verify.

use std::path::PathBuf;

use parking_lot::RwLock;
use serde_json::{Map, Value, json};

use super::file::{self, Dated, KeyFileError};
use super::key::{KeyError, SigningAlgorithm, SigningKey};
use super::rotation::{Due, Rotation, current};

/// The keys of the exchange.
#[derive(Debug)]
pub(super) struct Keys {
    path: PathBuf,
    algorithm: SigningAlgorithm,
    /// In the order in which they sign; never none.
    dated: RwLock<Vec<Dated>>,
}

impl Keys {
    /// Reads them, and makes those that are due.
    pub(super) fn open(
        path: PathBuf,
        algorithm: SigningAlgorithm,
        rotation: &Rotation,
        now: u64,
    ) -> Result<Self, KeyFileError> {
        let dated = RwLock::new(file::read(&path)?);
        let keys = Self { path, algorithm, dated };
        keys.rotate(rotation, now)?;
        Ok(keys)
    }

    /// Makes what is due, and drops what is over. A key is in the file before anybody sees it.
    pub(super) fn rotate(&self, rotation: &Rotation, now: u64) -> Result<bool, KeyFileError> {
        let Due { over, next } = rotation.due(&times(&self.dated.read()), now);
        if over == 0 && next.is_none() {
            return Ok(false);
        }
        let made = |signs_from| {
            let key = SigningKey::generate(self.algorithm)
                .map_err(|source| KeyFileError::Key { path: self.path.clone(), source })?;
            Ok(Dated { key, signs_from })
        };
        let made = next.map(made).transpose()?;
        // Nobody else writes: one task rotates.
        file::write(&self.path, self.dated.read().iter().skip(over).chain(&made))?;
        let mut dated = self.dated.write();
        let over = over.min(dated.len());
        dated.drain(..over);
        dated.extend(made);
        Ok(true)
    }

    /// The key set (RFC 7517, section 5).
    pub(super) fn jwks(&self) -> Value {
        let keys: Vec<Value> = self.dated.read().iter().map(|dated| dated.key.jwk()).collect();
        json!({ "keys": keys })
    }

    /// A token with these claims, by the key that signs now.
    pub(super) fn sign(&self, claims: &Map<String, Value>, now: u64) -> Result<String, KeyError> {
        let dated = self.dated.read();
        let signs = dated.get(current(&times(&dated), now));
        signs.ok_or(KeyError::Random)?.key.sign(claims)
    }
}

fn times(dated: &[Dated]) -> Vec<u64> {
    dated.iter().map(|dated| dated.signs_from).collect()
}
