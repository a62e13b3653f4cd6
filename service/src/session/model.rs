//! A session as applications use it: an opaque id within a tenant, a principal, some data, and an
//! end. Two tenants never meet: the tenant is part of every key, and the whole digest is compared.

use std::fmt;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tenantguard::control::{HandleHash, Target};
use tenantguard::identity::{PrincipalId, TenantId};
use tenantguard::time::UnixTime;

/// The longest session id, in bytes.
pub const SESSION_ID_LIMIT: usize = 1024;
/// The most data that is kept with a session, in bytes.
pub const SESSION_DATA_LIMIT: usize = 64 << 10;

/// A session's id, the tokens' `sid`: any text at all, because it is never written into a key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(Box<str>);

/// Why a text is no session id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionIdError {
    /// It is empty.
    #[error("a session id is empty")]
    Empty,
    /// It is too long.
    #[error("a session id is longer than {SESSION_ID_LIMIT} bytes")]
    TooLong,
}

impl SessionId {
    /// Checks the length of `text`.
    ///
    /// # Errors
    /// [`SessionIdError`] if it is empty or too long.
    pub fn parse(text: &str) -> Result<Self, SessionIdError> {
        match text.len() {
            0 => Err(SessionIdError::Empty),
            1..=SESSION_ID_LIMIT => Ok(Self(text.into())),
            _ => Err(SessionIdError::TooLong),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept instead of it.
    #[must_use]
    pub fn digest(&self) -> SessionDigest {
        SessionDigest(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for SessionId {
    /// Its digest: an id lets its bearer in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId(sha256 {})", self.digest())
    }
}

/// The SHA-256 of a session's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionDigest(pub [u8; 32]);

impl SessionDigest {
    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| !pair.contains('+'))?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The first 48 bits, which a session's key ends in. They may collide, so the whole digest is
    /// stored and compared.
    #[must_use]
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(12);
        text
    }
}

impl fmt::Display for SessionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a session is created from.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: SessionId,
    /// The `iss` of the tokens that carry the id as their `sid`.
    pub issuer: String,
    /// Whose it is.
    pub principal: PrincipalId,
    /// How long it lives untouched; at most, and by default, its tenant's idle time.
    pub idle: Option<Duration>,
    /// What the application keeps in it.
    pub data: String,
}

/// A live session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its tenant.
    pub tenant: TenantId,
    /// What its id hashes to.
    pub digest: SessionDigest,
    /// What its tokens are revoked by.
    pub handle: HandleHash,
    /// Whose it is.
    pub principal: PrincipalId,
    /// When it was created.
    pub created: UnixTime,
    /// When it ends if it is not touched.
    pub ends: UnixTime,
    /// When it ends however often it is touched.
    pub ends_at_last: UnixTime,
    /// How long it lives untouched.
    pub idle: Duration,
    /// What the application keeps in it.
    pub data: String,
}

impl Session {
    /// What a revocation of all its tokens names.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::Session { tenant: self.tenant.clone(), hash: self.handle }
    }
}
