//! What a policy has one of, or a handful: issuers with their keys, names, limits. In the artifact
//! it is JSON, read once when the policy is loaded.

use serde::{Deserialize, Serialize};

use crate::credential::TokenSource;
use crate::delegation::CrossTenantRules;
use crate::headers::HeaderNames;
use crate::identity::CellName;
use crate::limits::Limits;
use crate::path::PathRules;
use crate::trust::Issuer;

/// The settings of one policy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Who may speak for whom; an [`IssuerId`](crate::trust::IssuerId) counts in this list.
    pub issuers: Vec<Issuer>,
    /// Where requests without a tenant of their own go.
    pub default_cell: CellName,
    /// The names of the headers that are ours.
    pub headers: HeaderNames,
    /// Where tokens come from.
    pub token_source: TokenSource,
    /// How much memory each worker may spend on known tokens, in bytes; 0 for none.
    pub token_cache: u64,
    /// What is normalized in a path and what is refused.
    pub paths: PathRules,
    /// The bounds of a request.
    pub limits: Limits,
    /// What is asked of requests for another tenant's data.
    pub cross_tenant: CrossTenantRules,
    /// What a tenant that the policy does not list may give to others at most: a set by position.
    pub ceiling: u32,
}
