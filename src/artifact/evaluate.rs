//! The bare question of a policy, without a token: may these roles of this tenant send this request?
//! The gate asks the same look-ups one by one, with a token's scopes and its authority between them;
//! tools that reason about a policy ask this.

use super::delegations::DelegationId;
use super::route::{Matched, ResourceTenant, RouteRow};
use super::{Policy, RouteId, TenantIndex};
use crate::bytes::same;
use crate::delegation::Crossing;
use crate::path::NormalPath;
use crate::permissions::{PermissionId, PermissionSet};
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

/// Who asks, with the names looked up: what stays the same from one question to the next, as the gate
/// keeps it of a token that it has verified.
#[derive(Debug, Clone)]
pub struct Standing {
    tenant: Box<str>,
    principal: Box<str>,
    named_tenant: Option<Box<str>>,
    index: TenantIndex,
    permissions: PermissionSet,
}

/// A subject but for what is looked up by its roles.
#[derive(Debug, Clone, Copy)]
struct Caller<'a> {
    tenant: &'a str,
    principal: &'a str,
    named_tenant: Option<&'a str>,
}

impl<'a> From<&Subject<'a>> for Caller<'a> {
    fn from(subject: &Subject<'a>) -> Self {
        let Subject { tenant, principal, named_tenant, .. } = *subject;
        Self { tenant, principal, named_tenant }
    }
}

impl<'a> From<&'a Standing> for Caller<'a> {
    fn from(standing: &'a Standing) -> Self {
        Self {
            tenant: &standing.tenant,
            principal: &standing.principal,
            named_tenant: standing.named_tenant.as_deref(),
        }
    }
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

/// Why somebody may not, whosever data it is.
enum Unfit {
    Tenant,
    Permission,
}

impl Standing {
    fn authorize(&self, permission: PermissionId) -> Result<TenantIndex, Unfit> {
        match self.permissions.contains(permission) {
            true => Ok(self.index),
            false => Err(Unfit::Permission),
        }
    }
}

impl Policy {
    /// Evaluates a question. Allocates nothing.
    #[must_use]
    pub fn evaluate(&self, subject: &Subject<'_>, question: &Question<'_>) -> Evaluation {
        self.answer(&subject.into(), question, |permission| self.look_up(subject, permission))
    }

    /// Evaluates a question on a route that was found before. Allocates nothing.
    #[must_use]
    pub fn evaluate_on(
        &self,
        matched: &Matched<'_>,
        subject: &Subject<'_>,
        question: &Question<'_>,
    ) -> Evaluation {
        self.answer_on(matched, &subject.into(), question, |permission| {
            self.look_up(subject, permission)
        })
    }

    fn look_up(
        &self,
        subject: &Subject<'_>,
        permission: PermissionId,
    ) -> Result<TenantIndex, Unfit> {
        let acting = self.find_tenant(subject.tenant).ok_or(Unfit::Tenant)?;
        match self.roles_grant(&acting, subject.roles.iter().copied(), permission) {
            true => Ok(acting.index()),
            false => Err(Unfit::Permission),
        }
    }

    /// Looks a subject up once, for many questions; `None` if the policy does not know the tenant.
    #[must_use]
    pub fn standing(&self, subject: &Subject<'_>) -> Option<Standing> {
        let index = self.find_tenant(subject.tenant)?.index();
        Some(Standing {
            tenant: subject.tenant.into(),
            principal: subject.principal.into(),
            named_tenant: subject.named_tenant.map(Into::into),
            index,
            permissions: self.permissions_of(index, subject.roles.iter().copied()),
        })
    }

    /// Evaluates a question of somebody who is known. Allocates nothing.
    #[must_use]
    pub fn evaluate_known(&self, standing: &Standing, question: &Question<'_>) -> Evaluation {
        self.answer(&standing.into(), question, |permission| standing.authorize(permission))
    }

    /// Evaluates a question of somebody who is known on a route that was found before. Allocates
    /// nothing.
    #[must_use]
    pub fn evaluate_known_on(
        &self,
        matched: &Matched<'_>,
        standing: &Standing,
        question: &Question<'_>,
    ) -> Evaluation {
        self.answer_on(matched, &standing.into(), question, |permission| {
            standing.authorize(permission)
        })
    }

    fn answer(
        &self,
        caller: &Caller<'_>,
        question: &Question<'_>,
        authorize: impl FnOnce(PermissionId) -> Result<TenantIndex, Unfit>,
    ) -> Evaluation {
        match self.find_route(question.host, question.path) {
            Some(matched) => self.answer_on(&matched, caller, question, authorize),
            None => Evaluation::NoRoute,
        }
    }

    #[inline]
    fn answer_on(
        &self,
        matched: &Matched<'_>,
        caller: &Caller<'_>,
        question: &Question<'_>,
        authorize: impl FnOnce(PermissionId) -> Result<TenantIndex, Unfit>,
    ) -> Evaluation {
        let Some(route) = self.route(matched.route) else { return Evaluation::NoRoute };
        let Some(method) = route.method(question.method) else {
            return Evaluation::NoMethod(route.id());
        };
        let Some(permission) = method.permission else {
            return Evaluation::Public(route.id());
        };
        match authorize(permission) {
            Ok(acting) => self.of_tenant(caller, question, (acting, &route, permission), matched),
            Err(Unfit::Tenant) => Evaluation::NoTenant,
            Err(Unfit::Permission) => Evaluation::NoPermission(route.id(), permission),
        }
    }

    /// Whose data it is, and if it is another tenant's, what lets it.
    fn of_tenant(
        &self,
        caller: &Caller<'_>,
        question: &Question<'_>,
        (acting, route, permission): (TenantIndex, &RouteRow<'_>, PermissionId),
        matched: &Matched<'_>,
    ) -> Evaluation {
        let named = match route.resource() {
            ResourceTenant::Acting => return Evaluation::Home(route.id(), permission),
            ResourceTenant::PathSegment(index) => {
                question.path.segments().nth(index).unwrap_or_default()
            }
            ResourceTenant::HostLabel => matched.label.unwrap_or_default(),
            ResourceTenant::Header(_) => caller.named_tenant.unwrap_or_default(),
            ResourceTenant::Token => caller.named_tenant.unwrap_or(caller.tenant),
        };
        if same(named.as_bytes(), caller.tenant.as_bytes()) {
            return Evaluation::Home(route.id(), permission);
        }
        let grant = self.find_tenant(named).and_then(|resource| {
            let crossing = Crossing {
                from: resource.index(),
                to: acting,
                principal: caller.principal,
                permission,
                named: None,
                audiences: None,
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
