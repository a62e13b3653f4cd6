//! What `diff` finds: a list for each kind of change, empty if there is none.

use serde::Serialize;

use crate::reach::Door;

/// How the meaning of one policy differs from that of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The old policy's digest.
    pub old: String,
    /// The new one's.
    pub new: String,
    /// Pairs of tenants: who may do what with whose data.
    pub pairs: Vec<PairChange>,
    /// Doors that are open to everybody, or no more.
    pub open: Vec<OpenChange>,
    /// Who may do what with its own data.
    pub access: Vec<AccessChange>,
    /// Who may speak for whom, and what is asked of its tokens.
    pub issuers: Vec<IssuerChange>,
    /// Tenants that came, went or moved.
    pub tenants: Vec<TenantChange>,
    /// Routes that are treated otherwise, beside who may use them.
    pub routes: Vec<RouteChange>,
    /// What holds for all requests.
    pub settings: Vec<FieldChange>,
}

impl Diff {
    /// Whether both mean the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { old: _, new: _, pairs, open, access, issuers, tenants, routes, settings } = self;
        pairs.is_empty()
            && open.is_empty()
            && access.is_empty()
            && issuers.is_empty()
            && tenants.is_empty()
            && routes.is_empty()
            && settings.is_empty()
    }
}

/// Whether something came, went, or is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It was not there.
    Gained,
    /// It is not there any more.
    Lost,
    /// It was there, and is another.
    Changed,
}

/// What one tenant may do with another's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PairChange {
    /// Who acts.
    pub acting: String,
    /// Whose data.
    pub resource: String,
    /// Whether the one reaches the other at all, now and before.
    pub change: Kind,
    /// By which delegations.
    pub delegations: Vec<DelegationChange>,
}

/// A delegation that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DelegationChange {
    /// Its id.
    pub delegation: String,
    /// Whether it came, went, or is another.
    pub change: Kind,
    /// Its terms, where they differ.
    pub terms: Vec<FieldChange>,
    /// What it opens now and did not before.
    pub gained: Vec<Way>,
    /// What it opened before and does not now.
    pub lost: Vec<Way>,
}

/// Roles, and the doors that each of them opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Way {
    /// The roles.
    pub roles: Vec<String>,
    /// The doors.
    pub doors: Vec<Door>,
}

/// A door that is or was open to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenChange {
    /// The door.
    pub door: Door,
    /// Whether it was opened to everybody or closed to some.
    pub change: Kind,
    /// What it asked before.
    pub before: String,
    /// What it asks now.
    pub after: String,
}

/// What roles may do in some tenants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessChange {
    /// The tenants.
    pub tenants: Vec<String>,
    /// Whether these are all tenants that were there before and are there now.
    pub is_everybody: bool,
    /// The roles.
    pub roles: Vec<String>,
    /// What they may use now and could not before.
    pub gained: Vec<Door>,
    /// What they could use before and may not now.
    pub lost: Vec<Door>,
}

/// An issuer that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssuerChange {
    /// Its `iss`.
    pub issuer: String,
    /// Whether it came, went, or is another.
    pub change: Kind,
    /// The tenants and roles that it may assert, and everything else that is asked of its tokens.
    pub fields: Vec<FieldChange>,
}

/// A tenant that came, went or moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TenantChange {
    /// The tenants with the same change.
    pub tenants: Vec<String>,
    /// Whether they came, went, or are others.
    pub change: Kind,
    /// Of tenants that came or went: a tenant that stayed and may do the same at home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// Of tenants that came or went, and are like no other: what each role may do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<Way>,
    /// What differs.
    pub fields: Vec<FieldChange>,
}

/// A route that is treated otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteChange {
    /// The route's template.
    pub route: String,
    /// The hosts that it is for; none means any.
    pub hosts: Vec<String>,
    /// What differs.
    pub fields: Vec<FieldChange>,
}

/// A setting that differs: from one value to another, or in some items of a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FieldChange {
    /// Its name, as the policy spells it.
    pub field: String,
    /// Its value before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Its value now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Items that came.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// Items that went.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
}

impl FieldChange {
    /// A value that differs; `None` if it does not.
    pub(super) fn of(field: &str, before: Option<String>, after: Option<String>) -> Option<Self> {
        let (added, removed) = (Vec::new(), Vec::new());
        (before != after).then(|| Self { field: field.to_owned(), before, after, added, removed })
    }

    /// A list that differs in what is in it.
    pub(super) fn of_lists(field: &str, before: &[String], after: &[String]) -> Option<Self> {
        let missing = |these: &[String], those: &[String]| -> Vec<String> {
            let those: std::collections::BTreeSet<&String> = those.iter().collect();
            let mut missing: Vec<String> =
                these.iter().filter(|item| !those.contains(item)).cloned().collect();
            missing.sort_unstable();
            missing
        };
        let (added, removed) = (missing(after, before), missing(before, after));
        let field = field.to_owned();
        let is_same = added.is_empty() && removed.is_empty();
        (!is_same).then_some(Self { field, before: None, after: None, added, removed })
    }
}
