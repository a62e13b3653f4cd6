//! What a revocation names. A handle is a tuple that always holds its tenant (a key's holds none),
//! and is compared by 128 bits of SHA-256 over an injective encoding of the tuple.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::hash::{HandleHash, Parts};
use crate::identity::{Namespace, TenantId};

/// The kinds of handles. The number is the one on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum HandleKind {
    /// One token.
    Token = 1,
    /// All tokens of one session.
    Session = 2,
    /// All tokens of one principal of one tenant.
    Principal = 3,
    /// All tokens of one tenant.
    Tenant = 4,
    /// All tokens that one key of one issuer signed.
    Key = 5,
}

impl HandleKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Token, Self::Session, Self::Principal, Self::Tenant, Self::Key];

    /// The kind with this number.
    #[must_use]
    pub fn from_wire(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// The word that names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Session => "session",
            Self::Principal => "principal",
            Self::Tenant => "tenant",
            Self::Key => "key",
        }
    }
}

impl fmt::Display for HandleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What names a token within its issuer and tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenName<'a> {
    /// Its `jti`.
    Id(&'a str),
    /// Without one, the SHA-256 of what was signed. The signature does not count: an ECDSA
    /// signature has a second form that is as good, and the handle must not change with it.
    Digest([u8; 32]),
}

impl<'a> TokenName<'a> {
    /// The `jti`, or the digest of a compact token (header, claims, signature).
    #[must_use]
    pub fn of(jti: Option<&'a str>, token: &str) -> Self {
        jti.map_or_else(
            || {
                let (signed, _) = token.rsplit_once('.').unwrap_or((token, ""));
                Self::Digest(Sha256::digest(signed.as_bytes()).into())
            },
            Self::Id,
        )
    }
}

/// What a revocation names, spelled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handle<'a> {
    /// One token.
    Token {
        /// Its `iss`.
        issuer: &'a str,
        /// Its tenant.
        tenant: &'a TenantId,
        /// Its `jti`, or its digest.
        name: TokenName<'a>,
    },
    /// One session, the tokens' `sid`.
    Session {
        /// The tokens' `iss`.
        issuer: &'a str,
        /// Their tenant.
        tenant: &'a TenantId,
        /// Their `sid`.
        sid: &'a str,
    },
    /// One principal in one tenant.
    Principal {
        /// The tenant.
        tenant: &'a TenantId,
        /// The namespace of the issuer that vouches for the principal.
        namespace: &'a Namespace,
        /// The subject as the issuer spells it.
        subject: &'a str,
    },
    /// One tenant.
    Tenant(&'a TenantId),
    /// One key.
    Key {
        /// The issuer's `iss`.
        issuer: &'a str,
        /// The key's `kid`.
        kid: &'a str,
    },
}

impl Handle<'_> {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> HandleKind {
        match self {
            Self::Token { .. } => HandleKind::Token,
            Self::Session { .. } => HandleKind::Session,
            Self::Principal { .. } => HandleKind::Principal,
            Self::Tenant(_) => HandleKind::Tenant,
            Self::Key { .. } => HandleKind::Key,
        }
    }

    /// The hash that stands for it.
    #[must_use]
    pub fn hash(&self) -> HandleHash {
        let parts = Parts::new(self.kind().name().as_bytes());
        let parts = match *self {
            Self::Token { issuer, tenant, name } => {
                let parts = parts.part(issuer.as_bytes()).part(tenant.as_str().as_bytes());
                match name {
                    TokenName::Id(jti) => parts.part(b"jti").part(jti.as_bytes()),
                    TokenName::Digest(digest) => parts.part(b"sha256").part(&digest),
                }
            }
            Self::Session { issuer, tenant, sid } => {
                parts.part(issuer.as_bytes()).part(tenant.as_str().as_bytes()).part(sid.as_bytes())
            }
            Self::Principal { tenant, namespace, subject } => parts
                .part(tenant.as_str().as_bytes())
                .part(namespace.as_str().as_bytes())
                .part(subject.as_bytes()),
            Self::Tenant(tenant) => return Self::tenant_hash(tenant.as_str()),
            Self::Key { issuer, kid } => parts.part(issuer.as_bytes()).part(kid.as_bytes()),
        };
        HandleHash::from_bytes(parts.half())
    }

    /// The hash of the handle of a tenant with this name.
    pub(super) fn tenant_hash(name: &str) -> HandleHash {
        let parts = Parts::new(HandleKind::Tenant.name().as_bytes());
        HandleHash::from_bytes(parts.part(name.as_bytes()).half())
    }

    /// The target that it names.
    #[must_use]
    pub fn target(&self) -> Target {
        let hash = self.hash();
        match *self {
            Self::Token { tenant, .. } => Target::Token { tenant: tenant.clone(), hash },
            Self::Session { tenant, .. } => Target::Session { tenant: tenant.clone(), hash },
            Self::Principal { tenant, .. } => Target::Principal { tenant: tenant.clone(), hash },
            Self::Tenant(tenant) => Target::Tenant(tenant.clone()),
            Self::Key { .. } => Target::Key { hash },
        }
    }
}

/// What an entry of the feed names: a kind, a tenant, and the handle's hash.
///
/// The tenant stands beside the hash although the hash covers it: whoever may only name handles of
/// one tenant cannot hit another's with a hash that was seen in a log, because what is looked up
/// is the pair.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// One token.
    Token {
        /// Its tenant.
        tenant: TenantId,
        /// Its handle's hash, as the audit record shows it.
        hash: HandleHash,
    },
    /// One session.
    Session {
        /// Its tenant.
        tenant: TenantId,
        /// Its handle's hash.
        hash: HandleHash,
    },
    /// One principal.
    Principal {
        /// Its tenant.
        tenant: TenantId,
        /// Its handle's hash.
        hash: HandleHash,
    },
    /// One tenant.
    Tenant(TenantId),
    /// One key of an issuer, whichever tenant its tokens name.
    Key {
        /// Its handle's hash.
        hash: HandleHash,
    },
}

impl Target {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> HandleKind {
        match self {
            Self::Token { .. } => HandleKind::Token,
            Self::Session { .. } => HandleKind::Session,
            Self::Principal { .. } => HandleKind::Principal,
            Self::Tenant(_) => HandleKind::Tenant,
            Self::Key { .. } => HandleKind::Key,
        }
    }

    /// The tenant that it belongs to; a key belongs to none.
    #[must_use]
    pub const fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Token { tenant, .. }
            | Self::Session { tenant, .. }
            | Self::Principal { tenant, .. }
            | Self::Tenant(tenant) => Some(tenant),
            Self::Key { .. } => None,
        }
    }

    /// The hash of its handle.
    #[must_use]
    pub fn hash(&self) -> HandleHash {
        match self {
            Self::Token { hash, .. }
            | Self::Session { hash, .. }
            | Self::Principal { hash, .. }
            | Self::Key { hash } => *hash,
            Self::Tenant(tenant) => Handle::Tenant(tenant).hash(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).unwrap()
    }

    #[test]
    fn no_two_handles_have_one_hash() {
        let (acme, globex) = (tenant("acme"), tenant("globex"));
        let (one, other) = (Namespace::parse("one").unwrap(), Namespace::parse("other").unwrap());
        let token = |issuer, tenant, name| Handle::Token { issuer, tenant, name };
        let handles = [
            token("https://a", &acme, TokenName::Id("1")),
            token("https://b", &acme, TokenName::Id("1")),
            token("https://a", &globex, TokenName::Id("1")),
            token("https://a", &acme, TokenName::Id("2")),
            token("https://aa", &tenant("cme"), TokenName::Id("1")),
            token("https://a", &acme, TokenName::of(None, "h.c.s")),
            token("https://a", &acme, TokenName::of(None, "h.d.s")),
            Handle::Session { issuer: "https://a", tenant: &acme, sid: "1" },
            Handle::Session { issuer: "https://a", tenant: &globex, sid: "1" },
            Handle::Principal { tenant: &acme, namespace: &one, subject: "bob" },
            Handle::Principal { tenant: &acme, namespace: &other, subject: "bob" },
            Handle::Principal { tenant: &globex, namespace: &one, subject: "bob" },
            Handle::Tenant(&acme),
            Handle::Tenant(&globex),
            Handle::Key { issuer: "https://a", kid: "1" },
            Handle::Key { issuer: "https://", kid: "a1" },
        ]
        .map(|handle| handle.hash());
        let distinct: std::collections::BTreeSet<_> = handles.into_iter().collect();
        assert_eq!(distinct.len(), handles.len());
    }

    #[test]
    fn the_signature_is_no_part_of_a_token_without_a_name() {
        assert_eq!(TokenName::of(None, "h.c.one"), TokenName::of(None, "h.c.two"));
        assert_eq!(TokenName::of(Some("1"), "h.c.s"), TokenName::Id("1"));
    }
}
