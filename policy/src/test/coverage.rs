//! What of a policy the cases have touched.
//!
//! A method of a route counts when a case was decided at its permission or later, a public route when
//! a case was let through on it: a missing token says nothing about a route. A role counts when
//! somebody who has it was decided so; a delegation, when somebody asked for what it is about.

use tenantguard::decision::Check;
use tenantguard::time::UnixTime;

use crate::explain::{Decided, Touched};
use crate::place::Place;
use crate::source::{Access, Source};

/// What the cases have touched.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// Routes, each method by itself.
    pub routes: Part,
    /// The roles, the platform's and the tenants'.
    pub roles: Part,
    /// The delegations.
    pub delegations: Part,
}

/// One kind of thing.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// All there are, in the order of the policy.
    pub items: Vec<Item>,
}

/// One thing.
#[derive(Debug, Clone)]
pub struct Item {
    /// What it is called.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Whether a case has touched it.
    pub is_covered: bool,
}

impl Part {
    /// How many have been touched.
    #[must_use]
    pub fn covered(&self) -> usize {
        self.items.iter().filter(|item| item.is_covered).count()
    }

    fn add(&mut self, name: impl Into<String>, place: &Place) {
        self.items.push(Item { name: name.into(), place: place.clone(), is_covered: false });
    }

    fn touch(&mut self, name: &str) {
        self.items.iter_mut().filter(|item| item.name == name).for_each(|i| i.is_covered = true);
    }

    /// Places are unique where names may not be: two hosts may have routes of one path.
    fn touch_at(&mut self, place: &Place) {
        self.items.iter_mut().filter(|item| item.place == *place).for_each(|i| i.is_covered = true);
    }
}

impl Coverage {
    /// Of a policy that nothing has touched yet.
    #[must_use]
    pub fn of(source: &Source) -> Self {
        let (mut routes, mut roles, mut delegations) =
            (Part::default(), Part::default(), Part::default());
        for route in &source.routes {
            let template = route.template.as_ref().map_or("", |template| template.value.as_str());
            match &route.access {
                Access::Public(_) => routes.add(format!("{template} (public)"), &route.place),
                Access::Tenant { methods, .. } => {
                    methods.iter().for_each(|(method, permission)| {
                        routes.add(format!("{method} {template}"), &permission.place);
                    })
                }
            }
        }
        for role in &source.roles {
            roles.add(role.name.value.as_str(), &role.place);
        }
        for tenant in &source.tenants {
            for role in &tenant.roles {
                roles.add(role.name.value.as_str(), &role.place);
            }
        }
        source.delegations.iter().for_each(|one| delegations.add(one.name.as_str(), &one.place));
        Self { routes, roles, delegations }
    }

    /// The kinds of things, with their names.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, &Part); 3] {
        [("routes", &self.routes), ("roles", &self.roles), ("delegations", &self.delegations)]
    }

    /// How much was touched, in whole percent, rounded down; all of it, if there is nothing.
    #[must_use]
    pub fn percent(&self) -> usize {
        let parts = self.parts();
        let all: usize = parts.iter().map(|(_, part)| part.items.len()).sum();
        let covered: usize = parts.iter().map(|(_, part)| part.covered()).sum();
        (covered * 100).checked_div(all).unwrap_or(100)
    }

    /// What nothing has touched, with what it is.
    pub fn missing(&self) -> impl Iterator<Item = (&'static str, &Item)> {
        let named =
            [("route", &self.routes), ("role", &self.roles), ("delegation", &self.delegations)];
        let items =
            named.into_iter().flat_map(|(kind, part)| part.items.iter().map(move |i| (kind, i)));
        items.filter(|(_, item)| !item.is_covered)
    }

    pub(super) fn note(&mut self, decided: &Decided<'_>, source: &Source, at: UnixTime) {
        let reason = decided.reason();
        let is_telling = reason.decision() == "permit" || reason.check() >= Check::Permission;
        if !is_telling {
            return;
        }
        let touched = Touched::by(decided, source, at);
        touched.route.iter().for_each(|place| self.routes.touch_at(place));
        touched.roles.iter().for_each(|place| self.roles.touch_at(place));
        touched.delegations.iter().for_each(|name| self.delegations.touch(name));
    }
}
