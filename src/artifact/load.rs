//! From bytes to a policy: the header, the digest, the signature, and then every row, before
//! anything is decided by it.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use zerocopy::FromBytes as _;

use super::layout::{Header, MAGIC, SIGNED_CONTEXT, Section, VERSION};
use super::settings::Settings;
use super::tables::Tables;
use super::{Policy, PolicyDigest, check};
use crate::token::{Algorithm, Key, KeyKind, PureRust, Verifier as _};
use crate::trust::IssuerId;

/// The largest artifact that is read, in bytes.
pub const ARTIFACT_LIMIT: usize = 64 * 1024 * 1024;

/// Why bytes are no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// They do not begin like one.
    #[error("this is not a compiled policy; make one with `tenantguard policy compile`")]
    Magic,
    /// Another version of the layout.
    #[error(
        "the compiled policy has version {0} of the format, and this build reads version {VERSION}; compile it again with the tenantguard of this build"
    )]
    Version(u32),
    /// Longer than [`ARTIFACT_LIMIT`].
    #[error("the compiled policy is longer than {ARTIFACT_LIMIT} bytes")]
    TooLarge,
    /// It ends too early.
    #[error("the compiled policy ends too early: it was cut off on the way")]
    Truncated,
    /// Something follows after its end.
    #[error("the compiled policy has bytes after its end")]
    TooLong,
    /// Not what was compiled.
    #[error("the compiled policy was changed after it was compiled: its digest does not match")]
    Digest,
    /// A key is asked for, and nobody has signed.
    #[error("the compiled policy is not signed; sign it with `tenantguard policy compile --sign`")]
    Unsigned,
    /// Signed by somebody else, or not over this.
    #[error("the signature of the compiled policy is not by the key that is trusted here")]
    Signature,
    /// A key that is no Ed25519 key.
    #[error("policies are signed with Ed25519, and the key is for {0}")]
    KeyKind(KeyKind),
    /// A section is not where or what it must be.
    #[error("the section of {0} in the compiled policy is damaged")]
    Section(&'static str),
    /// A row refers to something that is not there, or says what cannot be.
    #[error("row {row} of the {section} in the compiled policy makes no sense: {what}")]
    Row {
        /// The section.
        section: &'static str,
        /// The row's position.
        row: u32,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The settings are not what they must be.
    #[error("the settings in the compiled policy are damaged: {0}")]
    Settings(String),
    /// Two issuers with the same `iss`.
    #[error("two issuers have the URL {0}")]
    IssuerTwice(String),
}

/// Who must have signed an artifact.
#[derive(Debug, Clone, Copy)]
pub enum Trusted<'k> {
    /// Nobody: whoever hands it over is trusted.
    Anybody,
    /// The holder of this key.
    Signer(&'k Key),
}

impl Policy {
    /// Reads an artifact in place.
    ///
    /// # Errors
    /// [`ArtifactError`] says why the bytes are no policy, or not one that is trusted.
    pub fn load(bytes: Arc<[u8]>, trusted: Trusted<'_>) -> Result<Self, ArtifactError> {
        if bytes.len() > ARTIFACT_LIMIT {
            return Err(ArtifactError::TooLarge);
        }
        let header = read_header(&bytes)?;
        let tables = Tables::new(bytes)?;
        check_digest(&header, tables.bytes())?;
        check_signature(&header, trusted)?;
        let settings: Settings = serde_json::from_slice(tables.section(Section::Settings))
            .map_err(|error| ArtifactError::Settings(error.to_string()))?;
        let (words, indices) = check::tables(&tables)?;
        let issuer_ids = issuer_ids(&settings)?;
        let digest = PolicyDigest(header.policy);
        Ok(Self { digest, tables, indices, words, settings, issuer_ids })
    }
}

/// The header of an artifact, if the bytes begin with one.
///
/// # Errors
/// [`ArtifactError`] for bytes of another kind or version.
pub fn read_header(bytes: &[u8]) -> Result<Header, ArtifactError> {
    if !bytes.starts_with(&MAGIC) {
        return Err(ArtifactError::Magic);
    }
    let (header, _) = Header::read_from_prefix(bytes).map_err(|_| ArtifactError::Truncated)?;
    match header.version.get() {
        VERSION if header.sections.get() as usize == Section::ALL.len() => Ok(header),
        VERSION => Err(ArtifactError::Section("sections")),
        other => Err(ArtifactError::Version(other)),
    }
}

/// The sections of an artifact with their lengths in bytes. What is in them is not looked at.
///
/// # Errors
/// [`ArtifactError`] if they are not where they must be.
pub fn sections(bytes: &Arc<[u8]>) -> Result<Vec<(Section, usize)>, ArtifactError> {
    let tables = Tables::new(Arc::clone(bytes))?;
    Ok(Section::ALL.into_iter().map(|section| (section, tables.section(section).len())).collect())
}

/// What an artifact's signature is over.
#[must_use]
pub fn signed_message(header: &Header) -> Vec<u8> {
    [SIGNED_CONTEXT, &header.policy, &header.content].concat()
}

/// The digest of what an artifact holds: the name of its policy, and what follows the header.
#[must_use]
pub fn content_digest(policy: PolicyDigest, content: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(policy.0).chain_update(content).finalize().into()
}

fn check_digest(header: &Header, bytes: &[u8]) -> Result<(), ArtifactError> {
    let content = bytes.get(size_of::<Header>()..).unwrap_or_default();
    match content_digest(PolicyDigest(header.policy), content) == header.content {
        true => Ok(()),
        false => Err(ArtifactError::Digest),
    }
}

fn check_signature(header: &Header, trusted: Trusted<'_>) -> Result<(), ArtifactError> {
    let Trusted::Signer(key) = trusted else { return Ok(()) };
    if key.kind() != KeyKind::Ed25519 {
        return Err(ArtifactError::KeyKind(key.kind()));
    }
    if header.is_signed.get() != 1 {
        return Err(ArtifactError::Unsigned);
    }
    let message = signed_message(header);
    match PureRust.verifies(key, Algorithm::EdDsa, &message, &header.signature) {
        true => Ok(()),
        false => Err(ArtifactError::Signature),
    }
}

fn issuer_ids(settings: &Settings) -> Result<BTreeMap<Box<str>, IssuerId>, ArtifactError> {
    let mut ids = BTreeMap::new();
    for (issuer, id) in settings.issuers.iter().zip(0..) {
        if ids.insert(issuer.url.clone(), IssuerId(id)).is_some() {
            return Err(ArtifactError::IssuerTwice(issuer.url.to_string()));
        }
    }
    Ok(ids)
}
