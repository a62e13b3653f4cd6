//! The names of keys. What is between braces decides where a cluster puts a key, so everything of
//! one tenant is in one place; a tenant's name has no braces, no colon and no wildcard.

use sha2::{Digest as _, Sha256};
use tenantguard::control::{HandleKind, Target};
use tenantguard::identity::{PrincipalId, TenantId};

use crate::session::SessionDigest;

/// Where the feed stands: a position as text.
pub(super) const HEAD: &str = "feed:{tenantguard}:head";
/// What the feed adds up to: a hash of entries.
pub(super) const LIVE: &str = "feed:{tenantguard}:live";
/// The feed's commits: a stream.
pub(super) const COMMITS: &str = "feed:{tenantguard}:commits";
/// Where a new position is announced.
pub(super) const CHANNEL: &str = "feed:{tenantguard}:news";

/// The three keys of the feed, in the order in which the functions take them.
pub(super) fn feed() -> [String; 3] {
    [HEAD.to_owned(), LIVE.to_owned(), COMMITS.to_owned()]
}

/// A session, together with others whose digest begins alike.
pub(super) fn session(tenant: &TenantId, digest: &SessionDigest) -> String {
    format!("sess:{{{tenant}}}:{}", digest.short())
}

/// The sessions of a principal, by their end.
pub(super) fn owner(tenant: &TenantId, principal: &PrincipalId) -> String {
    let digest = SessionDigest(Sha256::digest(principal.as_str().as_bytes()).into());
    format!("sess:{{{tenant}}}:of:{digest}")
}

/// The sessions of a tenant, by their end.
pub(super) fn all(tenant: &TenantId) -> String {
    format!("sess:{{{tenant}}}:all")
}

/// Who revoked, cut off or suspended a target of a tenant, and why.
pub(super) fn record(tenant: &TenantId, what: &str, target: &Target) -> String {
    let kind: HandleKind = target.kind();
    format!("rev:{{{tenant}}}:{what}:{kind}:{}", target.hash())
}
