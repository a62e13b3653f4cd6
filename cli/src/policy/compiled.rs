//! A compiled policy, from whatever it lies in: a policy file, a directory of them, or an artifact,
//! plain or in base64.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenantguard::artifact::layout::MAGIC;
use tenantguard::artifact::{Policy, Trusted};

use crate::failure::Failure;
use crate::files::{PolicyText, is_stdin, read_bytes};

/// What an artifact in base64 begins with: the whole groups of [`MAGIC`].
const MAGIC_BASE64: &[u8] = b"VE5UR1VB";

/// A policy, and what it is called.
pub(super) struct Compiled {
    pub(super) name: String,
    pub(super) policy: Policy,
}

impl Compiled {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        if is_artifact(path) {
            let bytes = artifact(read_bytes(path)?);
            let policy = Policy::load(bytes.into(), Trusted::Anybody)
                .map_err(|error| Failure::Artifact { path: path.to_owned(), error })?;
            return Ok(Self { name: path.display().to_string(), policy });
        }
        Self::of(PolicyText::read(path)?)
    }

    /// What was read, and perhaps added to.
    pub(super) fn of(text: PolicyText) -> Result<Self, Failure> {
        let (text, checked) = text.check()?;
        let name = text.name();
        match checked.compile() {
            Ok(policy) => Ok(Self { name, policy }),
            Err(findings) => Err(Failure::Policy { text: Box::new(text), findings }),
        }
    }
}

/// The bytes of an artifact, decoded if they are base64.
pub(super) fn artifact(bytes: Vec<u8>) -> Vec<u8> {
    if !bytes.starts_with(MAGIC_BASE64) {
        return bytes;
    }
    let text: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(text).unwrap_or(bytes)
}

/// Whether a file begins like an artifact. If it cannot be read, that is said later.
pub(super) fn is_artifact(path: &Path) -> bool {
    if is_stdin(path) || path.is_dir() {
        return false;
    }
    let mut head = [0; MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && (head == MAGIC || head == *MAGIC_BASE64)
}
