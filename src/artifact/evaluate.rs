//! The bare question of a policy, without a token: may these roles of this tenant send this request?
//! The gate asks the same look-ups one by one, with a token's scopes and its authority between them;
//! tools that reason about a policy ask this. Allocates nothing.

use super::delegations::DelegationId;
use super::route::{Matched, ResourceTenant, RouteRow};
use super::{Policy, RouteId, TenantRow};
use crate::delegation::Crossing;
use crate::path::NormalPath;
use crate::permissions::PermissionId;
use crate::time::UnixTime;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The acting tenant.
    pub tenant: &'a str,
    /// `namespace/subject`, for delegations that name principals.
    pub principal: &'a str,
    /// The roles, by their names here.
    pub roles: &'a [&'a str],
    /// The resource tenant, where a header or the token names it.
    pub named_tenant: Option<&'a str>,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// `:authority`.
    pub host: &'a str,
    /// The method.
    pub method: &'a str,
    /// The path.
    pub path: &'a NormalPath<'a>,
    /// When.
    pub at: UnixTime,
}

/// What the policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evaluation {
    /// A public route.
    Public(RouteId),
    /// On the tenant's own data.
    Home(RouteId, PermissionId),
    /// On another tenant's data, under a delegation.
    Delegated(RouteId, PermissionId, DelegationId),
    /// No route covers the path.
    NoRoute,
    /// The route does not know the method.
    NoMethod(RouteId),
    /// The policy does not know the tenant.
    NoTenant,
    /// The roles do not give the permission.
    NoPermission(RouteId, PermissionId),
    /// The data is another tenant's, and no delegation that is live covers it.
    NoDelegation(RouteId, PermissionId),
}

impl Evaluation {
    /// Whether the request may go on.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        matches!(self, Self::Public(_) | Self::Home(..) | Self::Delegated(..))
    }
}

impl Policy {
    /// Evaluates a question.
    #[must_use]
    pub fn evaluate(&self, subject: &Subject<'_>, question: &Question<'_>) -> Evaluation {
        let Some(matched) = self.find_route(question.host, question.path) else {
            return Evaluation::NoRoute;
        };
        let Some(route) = self.route(matched.route) else { return Evaluation::NoRoute };
        let Some(method) = route.method(question.method) else {
            return Evaluation::NoMethod(route.id());
        };
        let Some(permission) = method.permission else {
            return Evaluation::Public(route.id());
        };
        let Some(acting) = self.find_tenant(subject.tenant) else {
            return Evaluation::NoTenant;
        };
        if !self.roles_grant(&acting, subject.roles.iter().copied(), permission) {
            return Evaluation::NoPermission(route.id(), permission);
        }
        self.of_tenant(subject, question, (&acting, &route, permission), &matched)
    }

    /// Whose data it is, and if it is another tenant's, what lets it.
    fn of_tenant(
        &self,
        subject: &Subject<'_>,
        question: &Question<'_>,
        (acting, route, permission): (&TenantRow<'_>, &RouteRow<'_>, PermissionId),
        matched: &Matched<'_>,
    ) -> Evaluation {
        let named = match route.resource() {
            ResourceTenant::Acting => subject.tenant,
            ResourceTenant::PathSegment(index) => {
                question.path.segments().nth(index).unwrap_or_default()
            }
            ResourceTenant::HostLabel => matched.label.unwrap_or_default(),
            ResourceTenant::Header(_) => subject.named_tenant.unwrap_or_default(),
            ResourceTenant::Token => subject.named_tenant.unwrap_or(subject.tenant),
        };
        if named == subject.tenant {
            return Evaluation::Home(route.id(), permission);
        }
        let grant = self.find_tenant(named).and_then(|resource| {
            let crossing = Crossing {
                from: resource.index(),
                to: acting.index(),
                principal: subject.principal,
                permission,
                named: None,
                at: question.at,
            };
            // A token can name which, so of several that would do any lets it through.
            let first = self.delegations_that_cover(&crossing).next();
            first.map(|delegation| delegation.position())
        });
        match grant {
            Some(grant) => Evaluation::Delegated(route.id(), permission, grant),
            None => Evaluation::NoDelegation(route.id(), permission),
        }
    }
}
