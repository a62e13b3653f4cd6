//! What roles do about a permission in a tenant: who grants it, through which other role, and which
//! override takes it away. Deny wins over every grant.

use std::collections::BTreeSet;

use tenantguard::identity::PermissionName;

use super::Rule;
use crate::place::{Located, Place};
use crate::source::{Access, Override, Pattern, Role, Source, Tenant};

/// What some roles together do about a permission in a tenant.
#[derive(Debug, Default)]
pub(super) struct Holding {
    pub(super) grants: Vec<Rule>,
    pub(super) denies: Vec<Rule>,
}

impl Holding {
    pub(super) fn is_given(&self) -> bool {
        !self.grants.is_empty() && self.denies.is_empty()
    }

    /// Grants first, then what takes them away. A denial of what nobody grants is no reason.
    pub(super) fn rules(self) -> Vec<Rule> {
        match self.grants.is_empty() {
            true => Vec::new(),
            false => self.grants.into_iter().chain(self.denies).collect(),
        }
    }
}

/// What there is to ask about.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) source: &'a Source,
    pub(super) tenant: &'a Tenant,
    pub(super) permission: &'a PermissionName,
}

impl<'a> Question<'a> {
    /// What the roles of these names do.
    pub(super) fn holding<'n>(self, names: impl IntoIterator<Item = &'n str>) -> Holding {
        let mut holding = Holding::default();
        let mut told = BTreeSet::new();
        for name in names {
            for role in self.with_extended(name) {
                // Two roles may extend a third; what that one says is told once.
                if told.insert(role.name.value.as_str()) {
                    self.own(role, name, &mut holding);
                }
            }
        }
        holding
    }

    /// The roles that give the permission in the tenant by themselves, each with the place of one
    /// rule that says so.
    pub(super) fn holders(self) -> Vec<(&'a str, Option<Place>)> {
        let all = self.source.roles.iter().chain(&self.tenant.roles);
        let holders = all.filter_map(|role| {
            let name = role.name.value.as_str();
            let holding = self.holding([name]);
            let first = holding.is_given().then(|| holding.grants.into_iter().next())?;
            Some((name, first?.place))
        });
        holders.collect()
    }

    /// The roles that give the permission where no override takes it away.
    pub(super) fn granted_to(self) -> Vec<&'a str> {
        let names = self.source.roles.iter().map(|role| role.name.value.as_str());
        names.filter(|name| !self.holding([*name]).grants.is_empty()).collect()
    }

    /// The role and all that it extends, directly or not.
    fn with_extended(self, name: &str) -> Vec<&'a Role> {
        let mut found: Vec<&Role> = self.find(name).into_iter().collect();
        let mut next = 0;
        while let Some(role) = found.get(next).copied() {
            next += 1;
            for base in role.extends.iter().filter_map(|base| self.find(base.value.as_str())) {
                if !found.iter().any(|known| std::ptr::eq(*known, base)) {
                    found.push(base);
                }
            }
        }
        found
    }

    fn find(self, name: &str) -> Option<&'a Role> {
        let mut all = self.tenant.roles.iter().chain(&self.source.roles);
        all.find(|role| role.name.value.as_str() == name)
    }

    /// What the role itself says, and what the tenant's overrides make of it, for somebody who
    /// holds `held`.
    fn own(self, role: &'a Role, held: &str, holding: &mut Holding) {
        let (name, permission) = (role.name.value.as_str(), self.permission);
        let through = match name == held {
            true => format!("role {name}"),
            false => format!("role {name}, which {held} extends,"),
        };
        let grants = self.covering(&role.permissions);
        holding.grants.extend(grants.map(|(place, wildcard)| {
            Rule::at(format!("{through} grants {permission}{wildcard}"), place)
        }));
        let overrides = self.source.overrides.iter().filter(|item| self.is_of(item, name));
        for item in overrides {
            let tenant = &self.tenant.id;
            let granted = self.covering(&item.grant).map(|(place, wildcard)| {
                Rule::at(format!("override for {tenant} grants it to {name}{wildcard}"), place)
            });
            holding.grants.extend(granted);
            let denied = self.covering(&item.deny).map(|(place, wildcard)| {
                Rule::at(format!("override for {tenant} denies it to {name}{wildcard}"), place)
            });
            holding.denies.extend(denied);
        }
    }

    fn is_of(self, item: &Override, role: &str) -> bool {
        let tenant = item.tenant.as_ref().is_some_and(|tenant| tenant.value == self.tenant.id);
        tenant && item.role.as_ref().is_some_and(|own| own.value.as_str() == role)
    }

    /// The patterns that stand for the permission; a wildcard is named.
    fn covering(
        self,
        patterns: &'a [Located<Pattern>],
    ) -> impl Iterator<Item = (&'a Place, String)> {
        patterns.iter().filter_map(move |pattern| match &pattern.value {
            Pattern::One(name) if name == self.permission => Some((&pattern.place, String::new())),
            Pattern::Resource(resource) if is_of_resource(self.permission, resource) => {
                Some((&pattern.place, format!(", by {resource}:*")))
            }
            _ => None,
        })
    }
}

/// Whether `resource:*` stands for the permission.
fn is_of_resource(permission: &PermissionName, resource: &str) -> bool {
    permission.as_str().split_once(':').is_some_and(|(own, _)| own == resource)
}

/// Whether the pattern stands for the permission.
pub(super) fn covers(pattern: &Pattern, permission: &PermissionName) -> bool {
    match pattern {
        Pattern::One(name) => name == permission,
        Pattern::Resource(resource) => is_of_resource(permission, resource),
    }
}

/// Every permission that a route asks for, once.
pub(super) fn route_permissions(source: &Source) -> Vec<&str> {
    let asked = source.routes.iter().flat_map(|route| match &route.access {
        Access::Public(_) => &[][..],
        Access::Tenant { methods, .. } => methods.as_slice(),
    });
    let names: BTreeSet<&str> = asked.map(|(_, permission)| permission.value.as_str()).collect();
    names.into_iter().collect()
}
