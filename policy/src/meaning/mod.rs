//! What a compiled policy says, in names and in plain lists: what `reach` and `diff` walk. Filled
//! from the artifact alone, so that both speak of what a gate would do.
//!
//! Tenants are grouped into classes, and that is exact: what a tenant may do at home depends on the
//! tenant only through its role rows and through who may give which role to it. Both are compared
//! whole. What differs from tenant to tenant beside (delegations, cells) is kept tenant by tenant.
//! So ten thousand tenants without rows of their own are one class, and nothing is left out.

mod read;
pub(crate) mod shape;
pub(crate) mod speakers;

use std::collections::BTreeMap;
use std::sync::Arc;

use tenantguard::artifact::route::{OnStale, Revocation, Streams};
use tenantguard::artifact::{Isolation, Policy};
use tenantguard::delegation::Bill;
use tenantguard::permissions::{PermissionId, PermissionSet};
use tenantguard::request::Mode;

use self::shape::Shape;
use self::speakers::Speaker;

/// A name of the policy.
pub(crate) type Name = Arc<str>;

/// What a token must bring for a permission.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum By {
    /// This role, and the scope where the issuer's authority asks for one.
    Role(Name),
    /// The scope alone: an issuer whose authority is `scopes`.
    Scope,
}

impl By {
    /// The role's name, or what stands for one in a list of roles.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Role(role) => role.to_string(),
            Self::Scope => "(scope alone)".to_owned(),
        }
    }
}

/// A permission set of a policy, by its position among the distinct ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SetId(pub(crate) usize);

/// Tenants that may do exactly the same at home.
#[derive(Debug)]
pub(crate) struct Class {
    /// What each role gives that somebody may assert; none without permissions.
    pub(crate) grants: Vec<(By, SetId)>,
    /// The tenants, by position.
    pub(crate) tenants: Vec<usize>,
}

/// A tenant of the directory.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: Name,
    pub(crate) isolation: Isolation,
    pub(crate) cell: Name,
    /// Its class, by position.
    pub(crate) class: usize,
}

/// What a method of a route asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// No identity.
    Nothing,
    /// This permission.
    Permission(PermissionId),
}

/// A route.
#[derive(Debug)]
pub(crate) struct Route {
    /// What it covers: a shape for each of its hosts.
    pub(crate) shapes: Vec<Shape>,
    pub(crate) template: Name,
    pub(crate) hosts: Vec<Name>,
    pub(crate) methods: BTreeMap<Name, Need>,
    /// Where a request names the resource tenant; `None` if the data is the acting tenant's own.
    pub(crate) resource: Option<Resource>,
    pub(crate) mode: Mode,
    pub(crate) usage: &'static str,
    pub(crate) body_limit: Option<u64>,
    pub(crate) on_stale: OnStale,
    pub(crate) revocation: Revocation,
    pub(crate) streams: Streams,
}

/// Where a request names the resource tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resource {
    /// The path segment with this index.
    PathSegment(usize),
    /// A header.
    Header(Name),
    /// The open label of the host.
    HostLabel,
    /// The token.
    Token,
}

/// A delegation: `to` may act on the data of `from`.
#[derive(Debug)]
pub(crate) struct Delegation {
    pub(crate) id: Name,
    /// The delegator, by position.
    pub(crate) from: usize,
    /// The delegate, by position.
    pub(crate) to: usize,
    /// Who of the delegate's principals; none listed means any.
    pub(crate) principals: Option<Vec<Name>>,
    /// As far as they are the delegator's to give.
    pub(crate) permissions: PermissionSet,
    /// Whom a token must be for; none means anybody.
    pub(crate) audiences: Vec<Name>,
    /// Who is billed.
    pub(crate) bill: Bill,
    /// In seconds since 1970.
    pub(crate) not_before: u64,
    /// In seconds since 1970, exclusive.
    pub(crate) expires: u64,
    pub(crate) consent: Consent,
}

/// Who agreed to a delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Consent {
    pub(crate) by: Name,
    /// In seconds since 1970.
    pub(crate) at: u64,
    pub(crate) reference: Name,
}

/// A policy, spelled out.
#[derive(Debug)]
pub(crate) struct Meaning<'p> {
    pub(crate) policy: &'p Policy,
    /// By position, which is a permission's id.
    pub(crate) permissions: Vec<Name>,
    pub(crate) sets: Vec<PermissionSet>,
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) classes: Vec<Class>,
    pub(crate) routes: Vec<Route>,
    pub(crate) delegations: Vec<Delegation>,
    pub(crate) speakers: Vec<Speaker>,
}

impl Meaning<'_> {
    /// A permission set.
    pub(crate) fn set(&self, id: SetId) -> &PermissionSet {
        static NOTHING: PermissionSet = PermissionSet::new();
        self.sets.get(id.0).unwrap_or(&NOTHING)
    }

    /// The names of some permissions, sorted.
    pub(crate) fn names(&self, set: &PermissionSet) -> Vec<String> {
        let mut names: Vec<String> =
            set.iter().filter_map(|id| self.permission(id)).map(ToString::to_string).collect();
        names.sort_unstable();
        names
    }

    /// A permission's name.
    pub(crate) fn permission(&self, id: PermissionId) -> Option<&Name> {
        self.permissions.get(id.0 as usize)
    }

    /// A tenant's id.
    pub(crate) fn tenant(&self, position: usize) -> &str {
        self.tenants.get(position).map_or("?", |tenant| &tenant.id)
    }

    /// What the delegate may do under a delegation, and by which roles: what its class may, of it
    /// what the delegation names, by the roles that the allowed principals can have.
    pub(crate) fn granted_by(&self, delegation: &Delegation) -> Vec<(By, PermissionSet)> {
        let Some(class) =
            self.tenants.get(delegation.to).and_then(|tenant| self.classes.get(tenant.class))
        else {
            return Vec::new();
        };
        let speakers: Vec<&Speaker> = self.speakers_under(delegation).collect();
        let may_have = |by: &By| speakers.iter().any(|speaker| speaker.gives(by));
        let grants = class.grants.iter().filter(|(by, _)| may_have(by)).map(|(by, set)| {
            let mut both = self.set(*set).clone();
            both.intersect_with(&delegation.permissions);
            (by.clone(), both)
        });
        grants.filter(|(_, set)| !set.is_empty()).collect()
    }

    /// The issuers whose principals may act under a delegation.
    pub(crate) fn speakers_under(
        &self,
        delegation: &Delegation,
    ) -> impl Iterator<Item = &Speaker> + use<'_> {
        let to = self.tenants.get(delegation.to).map(|tenant| Arc::clone(&tenant.id));
        let namespaces = delegation.principals.as_ref().map(|principals| {
            let namespace = |p: &Name| p.split_once('/').map_or("", |(n, _)| n).to_owned();
            principals.iter().map(namespace).collect::<Vec<_>>()
        });
        self.speakers.iter().filter(move |speaker| {
            let is_named =
                namespaces.as_ref().is_none_or(|names| names.contains(&speaker.namespace));
            is_named && to.as_ref().is_some_and(|to| speaker.speaks_for(to))
        })
    }
}

impl Route {
    /// Whether a request on the route can name another tenant than its own.
    pub(crate) fn names_tenant(&self) -> bool {
        self.resource.is_some()
    }

    /// Where a request names the resource tenant, as the policy spells it.
    pub(crate) fn resource_text(&self) -> Option<String> {
        let segment = |index: usize| self.template.split('/').nth(index + 1).map(parameter);
        Some(match self.resource.as_ref()? {
            Resource::PathSegment(index) => format!("path.{}", segment(*index).unwrap_or("?")),
            Resource::Header(name) => format!("header.{name}"),
            Resource::HostLabel => "host".to_owned(),
            Resource::Token => "token".to_owned(),
        })
    }
}

fn parameter(text: &str) -> &str {
    text.trim_matches(['{', '}'])
}
