//! Which rules of a policy a decision has to do with, by their places: for coverage.

use tenantguard::decision::Check;
use tenantguard::time::UnixTime;

use super::Decided;
use super::context::Context;
use super::delegations;
use crate::place::Place;
use crate::source::{Access, Source};

/// What a decision has touched.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// The route's method, or the public route.
    pub(crate) route: Option<Place>,
    /// The roles that somebody had.
    pub(crate) roles: Vec<Place>,
    /// The delegations that are about what was asked, live or not.
    pub(crate) delegations: Vec<String>,
}

impl Touched {
    pub(crate) fn by(decided: &Decided<'_>, source: &Source, at: UnixTime) -> Self {
        let context = Context::new(decided, source, at);
        let route = context.route().and_then(|route| match &route.access {
            Access::Public(_) => Some(route.place.clone()),
            Access::Tenant { .. } => {
                context.permission().map(|permission| permission.place.clone())
            }
        });
        if decided.reason().check() < Check::Permission {
            return Self { route, ..Self::default() };
        }
        let own = context.acting().into_iter().flat_map(|tenant| &tenant.roles);
        let known = source.roles.iter().chain(own);
        let held = context.roles();
        let roles = known.filter(|role| held.contains(&role.name.value.as_str()));
        let roles = roles.map(|role| role.place.clone()).collect();
        let delegations = match decided.reason().check() {
            Check::Delegation => delegations::about(&context),
            _ => Vec::new(),
        };
        Self { route, roles, delegations }
    }
}
