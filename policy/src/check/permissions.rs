//! Which permissions exist, and what a pattern stands for.
//!
//! A permission is declared by a role or a route that names it. Everything else, wildcards above
//! all, can only mean declared ones, so a misspelt permission never comes into being.

use std::collections::BTreeMap;

use tenantguard::identity::PermissionName;
use tenantguard::permissions::{PermissionId, PermissionSet};

use crate::finding::{Code, Finding};
use crate::ordered;
use crate::place::{Located, Place, Quoted};
use crate::report::Report;
use crate::source::{Access, Pattern, Source};

/// The most permissions that a policy may declare: each costs a bit in every role's set.
const PERMISSION_LIMIT: usize = 4096;

/// How many permissions a message names.
const LISTED: usize = 5;

/// The declared permissions, sorted, each with its id.
#[derive(Debug)]
pub(crate) struct Declared {
    ids: BTreeMap<PermissionName, PermissionId>,
}

impl Declared {
    pub(super) fn of(source: &Source, report: &mut Report) -> Self {
        let in_roles = source.roles.iter().flat_map(|role| &role.permissions);
        let in_roles = in_roles.filter_map(|pattern| match &pattern.value {
            Pattern::One(name) => Some(name),
            Pattern::Resource(_) => None,
        });
        let in_routes = source.routes.iter().flat_map(|route| match &route.access {
            Access::Public(_) => &[][..],
            Access::Tenant { methods, .. } => methods.as_slice(),
        });
        let in_routes = in_routes.map(|(_, permission)| &permission.value);
        let names = ordered::set(in_roles.chain(in_routes));
        if names.len() > PERMISSION_LIMIT {
            let message =
                format!("{} permissions are too many: at most {PERMISSION_LIMIT}", names.len());
            report.push(Finding::new(Code::TooMany, Place::default(), message));
        }
        Self { ids: ordered::map(names.into_iter().cloned().zip((0..).map(PermissionId))) }
    }

    /// The permissions in the order of their ids.
    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &PermissionName> {
        self.ids.keys()
    }

    pub(crate) fn id(&self, name: &PermissionName) -> Option<PermissionId> {
        self.ids.get(name).copied()
    }

    /// Every permission.
    pub(crate) fn all(&self) -> PermissionSet {
        self.ids.values().copied().collect()
    }

    /// Whether a permission has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.ids.contains_key(name)
    }

    /// Everything that the patterns stand for.
    pub(crate) fn expand(&self, patterns: &[Located<Pattern>]) -> PermissionSet {
        patterns.iter().flat_map(|pattern| self.matches(&pattern.value)).collect()
    }

    /// The names of these permissions, the first few of many.
    pub(crate) fn listed(&self, permissions: &PermissionSet) -> String {
        let all = self.ids.iter().filter(|(_, id)| permissions.contains(**id));
        let mut names: Vec<&str> = all.map(|(name, _)| name.as_str()).take(LISTED + 1).collect();
        if names.len() > LISTED {
            names.truncate(LISTED);
            names.push("...");
        }
        names.join(", ")
    }

    fn matches<'a>(&'a self, pattern: &'a Pattern) -> Box<dyn Iterator<Item = PermissionId> + 'a> {
        match pattern {
            Pattern::One(name) => Box::new(self.id(name).into_iter()),
            Pattern::Resource(resource) => {
                let of_resource = move |(name, id): (&PermissionName, &PermissionId)| {
                    let (own, _) = name.as_str().split_once(':')?;
                    (own == resource).then_some(*id)
                };
                Box::new(self.ids.iter().filter_map(of_resource))
            }
        }
    }

    /// Reports every pattern that stands for nothing.
    pub(super) fn check(&self, patterns: &[Located<Pattern>], report: &mut Report) {
        for pattern in patterns {
            if self.matches(&pattern.value).next().is_some() {
                continue;
            }
            let finding = match &pattern.value {
                Pattern::One(name) => {
                    let help = report
                        .suggest(name.as_str(), self.ids.keys().map(PermissionName::as_str))
                        .unwrap_or_else(|| "name it in a role or on a route first".to_owned());
                    let message = format!("no role and no route names the permission {name}");
                    Finding::new(Code::UnknownPermission, pattern.place.clone(), message).help(help)
                }
                Pattern::Resource(resource) => {
                    let message =
                        format!("{} stands for no permission", Quoted(&format!("{resource}:*")));
                    Finding::new(Code::WildcardMatchesNothing, pattern.place.clone(), message)
                        .help("a wildcard stands for the permissions that roles and routes name")
                }
            };
            report.push(finding);
        }
    }
}

/// A pattern as the policy spells it.
pub(crate) fn spelled(pattern: &Pattern) -> String {
    match pattern {
        Pattern::One(name) => name.to_string(),
        Pattern::Resource(resource) => format!("{resource}:*"),
    }
}
