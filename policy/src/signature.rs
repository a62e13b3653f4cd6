//! Signs an artifact: Ed25519 (RFC 8032) over what the core verifies. Who holds the key is the
//! caller's business.

use tenantguard::artifact::layout::Header;
use tenantguard::artifact::{ArtifactError, read_header, signed_message};
use zerocopy::FromBytes as _;

/// Why an artifact cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// It is none.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// What the key made is no Ed25519 signature.
    #[error("a signature by Ed25519 has 64 bytes, and this one has {0}")]
    Length(usize),
}

/// Puts a signature into an artifact, in place of an earlier one. `sign` makes it of the message.
///
/// # Errors
/// [`SignError`] if the bytes are no artifact, or the signature is none.
pub fn sign(artifact: &mut [u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Result<(), SignError> {
    let message = signed_message(&read_header(artifact)?);
    let signature = sign(&message);
    let signature =
        signature.as_slice().try_into().map_err(|_| SignError::Length(signature.len()))?;
    let (header, _) = Header::mut_from_prefix(artifact).map_err(|_| ArtifactError::Truncated)?;
    header.is_signed = 1.into();
    header.signature = signature;
    Ok(())
}
