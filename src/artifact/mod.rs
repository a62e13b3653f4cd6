//! The compiled policy: what the gate looks things up in. The compiler in `policy/` makes it; the
//! gate only reads it.
//!
//! `route` is what a route asks, `trie` finds the route of a path, `roles` says what a role may do
//! in a tenant. Who may assert what is in [`crate::trust`].

mod roles;
pub mod route;
mod trie;

use std::collections::BTreeMap;
use std::fmt;

pub use self::roles::{RoleRow, RoleTable};
use self::route::Route;
use self::trie::Trie;
use crate::credential::TokenSource;
use crate::headers::HeaderNames;
use crate::hex;
use crate::identity::{CellName, PermissionName, TenantId};
use crate::path::NormalPath;
use crate::permissions::{PermissionId, PermissionSet};
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

/// How a tenant's data is kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// In a cell with other tenants.
    Shared,
    /// In a cell of its own.
    Dedicated,
}

impl Isolation {
    /// As the policy and `x-tenant-isolation` spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Dedicated => "dedicated",
        }
    }
}

/// What the directory knows of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// How its data is kept apart.
    pub isolation: Isolation,
    /// The cluster that serves it: its own, or the default cell.
    pub cell: CellName,
}

/// The parts that a compiler hands over. Positions are ids: a [`PermissionId`] counts in
/// `permissions`, a [`RouteId`] in `routes`, an [`IssuerId`] in `issuers`.
#[derive(Debug)]
pub struct PolicyParts {
    /// Names the policy.
    pub digest: PolicyDigest,
    /// Every permission that the policy declares.
    pub permissions: Vec<PermissionName>,
    /// What roles may do.
    pub roles: RoleTable,
    /// Scope aliases, beside the permissions' own names.
    pub scopes: BTreeMap<Box<str>, PermissionSet>,
    /// The tenants.
    pub tenants: BTreeMap<TenantId, Tenant>,
    /// Who may speak for whom.
    pub issuers: Vec<Issuer>,
    /// The routes.
    pub routes: Vec<Route>,
    /// Where requests without a tenant of their own go.
    pub default_cell: CellName,
    /// The names of the headers that are ours.
    pub headers: HeaderNames,
    /// Where tokens come from.
    pub token_source: TokenSource,
    /// How much memory each worker may spend on known tokens, in bytes; 0 for none.
    pub token_cache: u64,
}

/// Why parts do not make a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssembleError {
    /// Two routes over the same paths.
    #[error("the route {template} covers the same paths as an earlier one")]
    Ambiguous {
        /// The later of the two.
        template: String,
    },
    /// Two issuers with the same `iss`.
    #[error("two issuers have the URL {url}")]
    IssuerTwice {
        /// The `iss` value.
        url: String,
    },
}

/// A policy, ready to decide by. Never changes; a new policy is a new value.
#[derive(Debug)]
pub struct Policy {
    parts: PolicyParts,
    permission_ids: BTreeMap<PermissionName, PermissionId>,
    issuer_ids: BTreeMap<Box<str>, IssuerId>,
    trie: Trie,
}

impl Policy {
    /// Indexes the parts.
    ///
    /// # Errors
    /// [`AssembleError`] when two parts claim the same thing.
    pub fn assemble(parts: PolicyParts) -> Result<Self, AssembleError> {
        let trie = Trie::build(&parts.routes)?;
        let mut issuer_ids = BTreeMap::new();
        for (issuer, id) in parts.issuers.iter().zip(0..) {
            if issuer_ids.insert(issuer.url.clone(), IssuerId(id)).is_some() {
                return Err(AssembleError::IssuerTwice { url: issuer.url.to_string() });
            }
        }
        let permission_ids =
            parts.permissions.iter().cloned().zip((0..).map(PermissionId)).collect();
        Ok(Self { parts, permission_ids, issuer_ids, trie })
    }

    /// Names this policy in audit records.
    #[must_use]
    pub fn digest(&self) -> PolicyDigest {
        self.parts.digest
    }

    /// The names of the headers that are ours.
    #[must_use]
    pub fn headers(&self) -> &HeaderNames {
        &self.parts.headers
    }

    /// Where tokens come from.
    #[must_use]
    pub fn token_source(&self) -> &TokenSource {
        &self.parts.token_source
    }

    /// How much memory a gate may spend on known tokens, in bytes.
    #[must_use]
    pub fn token_cache(&self) -> u64 {
        self.parts.token_cache
    }

    /// Whether some issuer's tokens may have claims that must not leave the gate.
    #[must_use]
    pub fn drops_claims(&self) -> bool {
        self.parts.issuers.iter().any(|issuer| !issuer.claims.drop.is_empty())
    }

    /// The cluster for requests without a tenant of their own.
    #[must_use]
    pub fn default_cell(&self) -> &CellName {
        &self.parts.default_cell
    }

    /// The most specific route that covers the path.
    #[must_use]
    pub fn find_route(&self, path: &NormalPath<'_>) -> Option<(RouteId, &Route)> {
        let id = self.trie.find(path)?;
        Some((id, self.route(id)?))
    }

    /// A route by its id.
    #[must_use]
    pub fn route(&self, id: RouteId) -> Option<&Route> {
        self.parts.routes.get(id.0 as usize)
    }

    /// The tenant of that name, with the name as the policy owns it.
    #[must_use]
    pub fn find_tenant(&self, name: &str) -> Option<(&TenantId, &Tenant)> {
        self.parts.tenants.get_key_value(name)
    }

    /// The issuer whose `iss` is exactly this.
    #[must_use]
    pub fn find_issuer(&self, url: &str) -> Option<(IssuerId, &Issuer)> {
        let id = *self.issuer_ids.get(url)?;
        Some((id, self.issuer(id)?))
    }

    /// Every issuer.
    pub fn issuers(&self) -> impl Iterator<Item = (IssuerId, &Issuer)> {
        (0..).map(IssuerId).zip(&self.parts.issuers)
    }

    /// An issuer by its id.
    #[must_use]
    pub fn issuer(&self, id: IssuerId) -> Option<&Issuer> {
        self.parts.issuers.get(id.0 as usize)
    }

    /// What roles may do.
    #[must_use]
    pub fn roles(&self) -> &RoleTable {
        &self.parts.roles
    }

    /// The permissions of one scope: an alias, or a permission's own name. An unknown scope, `*`
    /// among them, gives nothing.
    pub fn add_scope(&self, scope: &str, to: &mut PermissionSet) {
        if let Some(set) = self.parts.scopes.get(scope) {
            to.union_with(set);
        } else if let Some(id) = self.permission_ids.get(scope) {
            to.insert(*id);
        }
    }

    /// A permission's name.
    #[must_use]
    pub fn permission(&self, id: PermissionId) -> Option<&PermissionName> {
        self.parts.permissions.get(id.0 as usize)
    }
}
