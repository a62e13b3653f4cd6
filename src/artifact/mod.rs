//! The compiled policy: one flat binary that is read where it lies. The compiler in `policy/` makes
//! it; the gate only reads it.
//!
//! `layout` is how it stands in bytes, `tables` finds rows in them, and `load` and `check` let in
//! only what holds together. Above these, what the gate asks: `tenant` who there is, `roles` what a
//! role may do in a tenant, `trie` and `route` which route a request takes and what it asks,
//! `delegations` who lets whom, `settings` the rest. `evaluate` puts the whole question at once. Who
//! may assert what is in [`crate::trust`].

mod check;
mod delegations;
pub mod evaluate;
pub mod hash;
pub mod host;
mod index;
pub mod layout;
mod line;
mod load;
mod roles;
pub mod route;
mod settings;
mod tables;
pub mod template;
mod tenant;
mod trie;

use std::collections::BTreeMap;
use std::fmt;

use zerocopy::little_endian::U64;

pub use self::delegations::{DelegationId, DelegationRow};
use self::index::Indices;
use self::layout::{Name, Section, Span};
pub use self::line::SourceLine;
pub use self::load::{
    ARTIFACT_LIMIT, ArtifactError, Trusted, content_digest, read_header, sections, signed_message,
};
pub use self::roles::{RoleId, RoleRow};
pub use self::settings::Settings;
use self::tables::Tables;
pub use self::tenant::{Isolation, Tenant, TenantIndex, TenantRow};
use crate::credential::TokenSource;
use crate::delegation::CrossTenantRules;
use crate::headers::HeaderNames;
use crate::hex;
use crate::identity::CellName;
use crate::limits::Limits;
use crate::path::PathRules;
use crate::permissions::{PermissionBits, PermissionId, PermissionSet};
use crate::trust::{Issuer, IssuerId};

/// The SHA-256 digest of a policy's source in canonical form: names the policy in audit records.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PolicyDigest(pub [u8; 32]);

impl fmt::Display for PolicyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for PolicyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A route of one policy, by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub u32);

/// A policy, ready to decide by. Never changes; a new policy is a new value.
pub struct Policy {
    digest: PolicyDigest,
    tables: Tables,
    indices: Indices,
    /// How many words a permission set has.
    words: u32,
    settings: Settings,
    issuer_ids: BTreeMap<Box<str>, IssuerId>,
}

impl Policy {
    /// Names this policy in audit records.
    #[must_use]
    pub fn digest(&self) -> PolicyDigest {
        self.digest
    }

    /// The artifact that it is read from.
    #[must_use]
    pub fn artifact(&self) -> &[u8] {
        self.tables.bytes()
    }

    /// The names of the headers that are ours.
    #[must_use]
    pub fn headers(&self) -> &HeaderNames {
        &self.settings.headers
    }

    /// Where tokens come from.
    #[must_use]
    pub fn token_source(&self) -> &TokenSource {
        &self.settings.token_source
    }

    /// How much memory a gate may spend on known tokens, in bytes.
    #[must_use]
    pub fn token_cache(&self) -> u64 {
        self.settings.token_cache
    }

    /// What is normalized in a path and what is refused.
    #[must_use]
    pub fn paths(&self) -> &PathRules {
        &self.settings.paths
    }

    /// The bounds of a request.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// What is asked of requests for another tenant's data.
    #[must_use]
    pub fn cross_tenant(&self) -> CrossTenantRules {
        self.settings.cross_tenant
    }

    /// Everything that it has one of, or a handful.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether some issuer's tokens may have claims that must not leave the gate.
    #[must_use]
    pub fn drops_claims(&self) -> bool {
        self.settings.issuers.iter().any(|issuer| !issuer.claims.drop.is_empty())
    }

    /// The cluster for requests without a tenant of their own.
    #[must_use]
    pub fn default_cell(&self) -> &CellName {
        &self.settings.default_cell
    }

    /// The issuer whose `iss` is exactly this.
    #[must_use]
    pub fn find_issuer(&self, url: &str) -> Option<(IssuerId, &Issuer)> {
        let id = *self.issuer_ids.get(url)?;
        Some((id, self.issuer(id)?))
    }

    /// Every issuer.
    pub fn issuers(&self) -> impl Iterator<Item = (IssuerId, &Issuer)> {
        (0..).map(IssuerId).zip(&self.settings.issuers)
    }

    /// An issuer by its id.
    #[must_use]
    pub fn issuer(&self, id: IssuerId) -> Option<&Issuer> {
        self.settings.issuers.get(id.0 as usize)
    }

    /// Every permission that the policy declares.
    pub fn permissions(&self) -> impl Iterator<Item = (PermissionId, &str)> {
        let rows = self.tables.rows::<Name>(Section::Permissions).all();
        rows.iter().zip(0..).map(|(row, id)| (PermissionId(id), self.tables.text(row.text)))
    }

    /// A permission's name.
    #[must_use]
    pub fn permission(&self, id: PermissionId) -> Option<&str> {
        let row: &Name = self.tables.rows(Section::Permissions).get(id.0)?;
        Some(self.tables.text(row.text))
    }

    /// The permissions of one scope: an alias, or a permission's own name. An unknown scope, `*`
    /// among them, gives nothing.
    pub fn add_scope(&self, scope: &str, to: &mut PermissionSet) {
        if let Some(set) = self.scope(scope) {
            to.add(set);
        }
    }

    /// What a scope stands for, if it is known.
    #[must_use]
    pub fn scope(&self, scope: &str) -> Option<PermissionBits<'_>> {
        let rows = self.tables.rows::<layout::Scope>(Section::Scopes);
        let text = |at| rows.get(at).map(|row| row.name);
        let at = self.indices.scopes.find(&self.tables, (0, scope.as_bytes()), text)?;
        rows.get(at).map(|row| self.set(row.set.get()))
    }

    /// Every scope that is known, permissions' own names among them, with what it stands for.
    pub fn scopes(&self) -> impl Iterator<Item = (&str, PermissionBits<'_>)> {
        let rows = self.tables.rows::<layout::Scope>(Section::Scopes).all();
        rows.iter().map(|row| (self.tables.text(row.name), self.set(row.set.get())))
    }

    /// Whether a set has a permission: one word of it is read.
    fn set_contains(&self, position: u32, permission: PermissionId) -> bool {
        let (word, mask) = permission.word_and_mask();
        let word = u32::try_from(word).ok().filter(|word| *word < self.words);
        let at = word.and_then(|word| position.checked_mul(self.words)?.checked_add(word));
        let row = at.and_then(|at| self.tables.rows::<U64>(Section::Sets).get(at));
        row.is_some_and(|row| row.get() & mask != 0)
    }

    fn set(&self, position: u32) -> PermissionBits<'_> {
        let span =
            Span { start: position.saturating_mul(self.words).into(), count: self.words.into() };
        PermissionBits::new(self.tables.rows(Section::Sets).span(span))
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("digest", &self.digest).finish_non_exhaustive()
    }
}
