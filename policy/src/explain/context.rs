//! What an explanation draws on: the decision, and the policy as it was written, where every name has
//! its place.

use tenantguard::decision::{AccessError, Refusal};
use tenantguard::delegation::DelegationError;
use tenantguard::gate::Verdict;
use tenantguard::identity::PermissionName;
use tenantguard::time::UnixTime;
use tenantguard::token::Claims;
use tenantguard::trust::Issuer as CompiledIssuer;

use super::Decided;
use crate::place::Located;
use crate::source::{Access, Issuer, Route, Source, Tenant};

/// A decision beside the source of its policy.
pub(super) struct Context<'a> {
    pub(super) decided: &'a Decided<'a>,
    pub(super) source: &'a Source,
    pub(super) at: UnixTime,
    /// `iss`, as it is claimed.
    pub(super) claimed_issuer: Option<String>,
    /// The issuer of that name.
    pub(super) issuer: Option<(&'a Issuer, &'a CompiledIssuer)>,
    /// What the claims mean, if they are valid.
    pub(super) claims: Option<Claims>,
}

impl<'a> Context<'a> {
    pub(super) fn new(decided: &'a Decided<'a>, source: &'a Source, at: UnixTime) -> Self {
        let stated = decided.claims();
        let claimed_issuer = stated.as_ref().and_then(|claims| claims.issuer().map(str::to_owned));
        let issuer = claimed_issuer.as_deref().and_then(|url| {
            let has_url =
                |issuer: &&Issuer| issuer.url.as_ref().is_some_and(|own| own.value == *url);
            let (_, compiled) = decided.policy().find_issuer(url)?;
            Some((source.issuers.iter().find(has_url)?, compiled))
        });
        let claims = stated.and_then(|claims| claims.claims(issuer?.1, at).ok());
        Self { decided, source, at, claimed_issuer, issuer, claims }
    }

    /// The route that was found, by its template and hosts: ids count in the artifact, not here.
    pub(super) fn route(&self) -> Option<&'a Route> {
        let row = self.decided.policy().route(self.decided.facts()?.route?)?;
        let hosts: Vec<_> = row.hosts().collect();
        self.source.routes.iter().find(|route| {
            let template = route.template.as_ref().map(|template| template.value.as_str());
            template == Some(row.template())
                && route.hosts.len() == hosts.len()
                && route.hosts.iter().all(|host| hosts.contains(&host.value.frame()))
        })
    }

    /// The request's method.
    pub(super) fn method(&self) -> Option<&str> {
        self.decided.facts()?.method.as_deref()
    }

    /// The permission that is asked for, where the route names it.
    pub(super) fn permission(&self) -> Option<&'a Located<PermissionName>> {
        let Access::Tenant { methods, .. } = &self.route()?.access else { return None };
        let method = self.method()?;
        methods.iter().find(|(own, _)| own.as_str() == method).map(|(_, permission)| permission)
    }

    /// The tenant that acts.
    pub(super) fn acting(&self) -> Option<&'a Tenant> {
        self.tenant(self.decided.facts()?.acting_tenant.as_ref()?.as_str())
    }

    /// Whose data it is, as the request names it.
    pub(super) fn resource(&self) -> Option<&str> {
        if let Some(tenant) = &self.decided.facts()?.resource_tenant {
            return Some(tenant.as_str());
        }
        match self.decided.verdict()? {
            Verdict::Deny(Refusal::Access(AccessError::Delegation { resource, .. })) => {
                Some(resource)
            }
            _ => None,
        }
    }

    /// The delegation that the request goes by, by its name.
    pub(super) fn delegation(&self) -> Option<&str> {
        let grant = self.decided.facts()?.delegation.as_ref()?;
        Some(grant.id(self.decided.policy()))
    }

    /// Why no delegation lets the request through.
    pub(super) fn delegation_error(&self) -> Option<DelegationError> {
        match self.decided.verdict()? {
            Verdict::Deny(Refusal::Access(AccessError::Delegation { why, .. })) => Some(*why),
            _ => None,
        }
    }

    /// A tenant of the policy.
    pub(super) fn tenant(&self, id: &str) -> Option<&'a Tenant> {
        self.source.tenants.iter().find(|tenant| tenant.id.as_str() == id)
    }

    /// The roles that count: those that the token names, the policy knows and the issuer may give.
    pub(super) fn roles(&self) -> Vec<&str> {
        let (Some(claims), Some((_, issuer))) = (&self.claims, self.issuer) else {
            return Vec::new();
        };
        let own = self.acting().into_iter().flat_map(|tenant| &tenant.roles);
        let known = self.source.roles.iter().chain(own).map(|role| &role.name.value);
        let given: Vec<_> = known.filter(|role| issuer.roles.allows(role)).collect();
        let is_given = |name: &&String| given.iter().any(|role| role.as_str() == name.as_str());
        claims.roles.iter().filter(is_given).map(String::as_str).collect()
    }
}
