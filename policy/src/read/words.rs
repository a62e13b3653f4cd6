//! The words that fields choose from, each with what it stands for. The schema lists the same ones.

use tenantguard::artifact::Isolation;
use tenantguard::artifact::route::{OnStale, Revocation, Streams, Usage};
use tenantguard::delegation::Bill;
use tenantguard::path::{DotSegments, EncodedSlash, Encoding, RepeatedSlashes, Semicolon};
use tenantguard::request::Mode;
use tenantguard::token::Algorithm;
use tenantguard::trust::{Authority, TokenType, UnlistedRoles};

/// A field's words.
pub(crate) type Words<T> = &'static [(&'static str, T)];

pub(crate) const ISOLATIONS: Words<Isolation> =
    &[("shared", Isolation::Shared), ("dedicated", Isolation::Dedicated)];

pub(crate) const AUTHORITIES: Words<Authority> = &[
    ("roles_and_scopes", Authority::RolesAndScopes),
    ("roles", Authority::Roles),
    ("scopes", Authority::Scopes),
];

pub(crate) const TOKEN_TYPES: Words<TokenType> =
    &[("any", TokenType::Any), ("JWT", TokenType::Jwt), ("at+jwt", TokenType::AccessToken)];

pub(crate) const UNLISTED_ROLES: Words<UnlistedRoles> =
    &[("refuse", UnlistedRoles::Refuse), ("ignore", UnlistedRoles::Ignore)];

pub(crate) const BILLS: Words<Bill> =
    &[("delegate", Bill::Delegate), ("delegator", Bill::Delegator)];

pub(crate) const MODES: Words<Mode> =
    &[("enforce", Mode::Enforce), ("shadow", Mode::Shadow), ("off", Mode::Off)];

/// `allow` needs a time and is a map of its own.
pub(crate) const ON_STALE: Words<OnStale> = &[("ask", OnStale::Ask), ("deny", OnStale::Deny)];

pub(crate) const REVOCATIONS: Words<Revocation> =
    &[("copy", Revocation::Copy), ("ask", Revocation::Ask)];

pub(crate) const STREAMS: Words<Streams> = &[("close", Streams::Close), ("keep", Streams::Keep)];

pub(crate) const DOT_SEGMENTS: Words<DotSegments> =
    &[("resolve", DotSegments::Resolve), ("refuse", DotSegments::Refuse)];

pub(crate) const REPEATED_SLASHES: Words<RepeatedSlashes> =
    &[("merge", RepeatedSlashes::Merge), ("refuse", RepeatedSlashes::Refuse)];

pub(crate) const ENCODINGS: Words<Encoding> =
    &[("decode", Encoding::Decode), ("refuse", Encoding::Refuse)];

pub(crate) const SEMICOLONS: Words<Semicolon> =
    &[("refuse", Semicolon::Refuse), ("keep", Semicolon::Keep)];

pub(crate) const ENCODED_SLASHES: Words<EncodedSlash> =
    &[("refuse", EncodedSlash::Refuse), ("keep", EncodedSlash::Keep)];

pub(crate) const USAGES: Words<Usage> = &Usage::ALL;

/// The signature algorithms by their `alg` names.
pub(crate) fn algorithms() -> [(&'static str, Algorithm); Algorithm::ALL.len()] {
    Algorithm::ALL.map(|(algorithm, name)| (name, algorithm))
}
