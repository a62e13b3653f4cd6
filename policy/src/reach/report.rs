//! What `reach` finds, as it is saved and compared: names only, and the same for every text of the
//! same policy. Grouped without loss: a class stands for each of its tenants, a permission for each
//! door that it opens.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::time::Time;

/// The version of this form.
pub const VERSION: u32 = 1;

/// Who can reach whom through what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// [`VERSION`].
    pub version: u32,
    /// The policy's digest.
    pub policy: String,
    /// The moment that it is about; without one, every moment.
    pub at: Option<Time>,
    /// The isolation claim, in a sentence.
    pub claim: String,
    /// The exceptions: what one tenant may do with another's data.
    pub exceptions: Vec<Exception>,
    /// What is reached without any check, because the gate is not enforced there.
    pub unenforced: Vec<Unenforced>,
    /// Delegations that open nothing, and why.
    pub idle: Vec<Idle>,
    /// What is reached without identity, and is nobody's data.
    pub public: Vec<Door>,
    /// Who may speak for whom.
    pub issuers: Vec<Issuer>,
    /// What tenants may do with their own data.
    pub classes: Vec<Class>,
    /// The doors that each permission opens.
    pub doors: BTreeMap<String, Vec<Door>>,
}

/// A method of a route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Door {
    /// The method.
    pub method: String,
    /// The route's template.
    pub route: String,
    /// The hosts that the route is for; none means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Where a request names whose data it asks for; without it, the data is its own tenant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_tenant: Option<String>,
}

/// A way from one tenant to another's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Who acts.
    pub acting: String,
    /// Whose data.
    pub resource: String,
    /// The delegation that opens the way.
    pub delegation: String,
    /// Who of the acting tenant's principals.
    pub principals: Principals,
    /// Whom the token must be for; any audience if none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// The issuers whose tokens can be used.
    pub issuers: Vec<String>,
    /// What each role of the acting tenant may do there.
    pub roles: BTreeMap<String, Vec<String>>,
    /// The doors, each with the permission that it asks.
    pub doors: Vec<Opened>,
    /// From when on.
    pub not_before: Time,
    /// Until when, exclusive.
    pub expires: Time,
    /// Who agreed.
    pub consent: Consent,
}

/// Who may act under a delegation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Principals {
    /// Any principal of the acting tenant.
    Any,
    /// These.
    Only(Vec<String>),
}

/// A door that a permission opens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// The permission.
    pub permission: String,
    /// The door.
    pub door: Door,
}

/// That a delegator agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Who.
    pub by: String,
    /// When.
    pub at: Time,
    /// Where that is written down.
    pub reference: String,
}

/// A door that is open whatever comes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unenforced {
    /// `shadow` or `off`.
    pub mode: String,
    /// The door.
    pub door: Door,
}

/// A delegation without effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idle {
    /// The delegation.
    pub delegation: String,
    /// Who would act.
    pub acting: String,
    /// Whose data.
    pub resource: String,
    /// Why it opens nothing.
    pub why: String,
}

/// Whom an issuer may speak for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// Its `iss`.
    pub issuer: String,
    /// The tenants.
    pub tenants: Names,
    /// The roles that it may give them.
    pub roles: Names,
    /// What permissions come from: `roles_and_scopes`, `roles` or `scopes`.
    pub authority: String,
}

/// Any that the policy knows, or these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Names {
    /// Any.
    Any,
    /// These.
    Only(Vec<String>),
}

/// Tenants that may do exactly the same with their own data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// The tenants.
    pub tenants: Vec<String>,
    /// The permissions of each role that has some.
    pub roles: BTreeMap<String, Vec<String>>,
}
