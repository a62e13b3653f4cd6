//! Static credentials: a random secret with the client, its SHA-256 digest with the service.
//!
//! A fast hash is right here because the secret has 256 random bits: there is nothing to guess.
//! Passwords have no place in it, which is why [`Secret::parse`] takes no other shape.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// What a secret begins with, so that scanners find one that has leaked.
const PREFIX: &str = "tgc_";
const RANDOM_BYTES: usize = 32;

/// Why a text is no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// Not the shape of a secret.
    #[error("is not a credential: `tgc_` and 43 characters of base64url")]
    Secret,
    /// Not the shape of a digest.
    #[error("is not the SHA-256 digest of a credential: 64 hexadecimal digits")]
    Digest,
}

/// A secret. It prints as nothing but its prefix.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// The secret that 32 random bytes make.
    #[must_use]
    pub fn from_entropy(entropy: [u8; RANDOM_BYTES]) -> Self {
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(entropy)).into())
    }

    /// Whether a bearer credential claims to be one, rather than a token.
    #[must_use]
    pub fn is_meant_by(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Checks the shape.
    ///
    /// # Errors
    /// [`CredentialError::Secret`]
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        let random = text.strip_prefix(PREFIX).ok_or(CredentialError::Secret)?;
        match URL_SAFE_NO_PAD.decode(random) {
            Ok(bytes) if bytes.len() == RANDOM_BYTES => Ok(Self(text.into())),
            _ => Err(CredentialError::Secret),
        }
    }

    /// The text, for the client's file alone.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the service keeps.
    #[must_use]
    pub fn digest(&self) -> CredentialDigest {
        CredentialDigest(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({PREFIX}...)")
    }
}

/// The SHA-256 digest of a secret. Looking one up by its digest takes no time that tells anything
/// about another: who can make digests that begin alike has the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CredentialDigest([u8; 32]);

impl CredentialDigest {
    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`CredentialError::Digest`]
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        let mut bytes = [0; 32];
        match base16ct::mixed::decode(text, &mut bytes) {
            Ok(read) if read.len() == 32 => Ok(Self(bytes)),
            _ => Err(CredentialError::Digest),
        }
    }
}

impl fmt::Display for CredentialDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_one_shape_and_is_never_printed() {
        let secret = Secret::from_entropy([7; 32]);
        assert_eq!(Secret::parse(secret.reveal()), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "Secret(tgc_...)");
        let cut = secret.reveal().get(..40).unwrap();
        for bad in ["", "tgc_", "hunter2", cut, &format!("{}A", secret.reveal())] {
            assert_eq!(Secret::parse(bad), Err(CredentialError::Secret), "{bad}");
        }
    }

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = Secret::from_entropy([7; 32]).digest();
        assert_eq!(CredentialDigest::parse(&digest.to_string()), Ok(digest));
        assert_ne!(digest, Secret::from_entropy([8; 32]).digest());
        for bad in ["", "00", &"0".repeat(63), &"g".repeat(64)] {
            assert_eq!(CredentialDigest::parse(bad), Err(CredentialError::Digest), "{bad}");
        }
    }
}
