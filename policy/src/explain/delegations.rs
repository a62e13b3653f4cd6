//! Whose data a request asks for, and which delegation lets it, or why none does.

use tenantguard::delegation::DelegationError;
use tenantguard::identity::PermissionName;

use super::Rule;
use super::context::Context;
use super::roles::covers;
use super::rule::listed;
use crate::report::Report;
use crate::source::{Access, Delegation, Listed, ResourceTenant};

pub(super) fn passed(context: &Context<'_>) -> Vec<Rule> {
    let mut rules = whose(context);
    if let (Some(acting), Some(resource)) = (context.acting(), context.resource())
        && acting.id.as_str() != resource
    {
        let used = context.delegation();
        let used = between(context, resource).filter(|one| used == Some(one.name.as_str()));
        rules.extend(used.map(|one| {
            Rule::at(format!("delegation {} lets {} do it", one.name, acting.id), &one.place)
        }));
    }
    rules
}

pub(super) fn refused(context: &Context<'_>) -> (Vec<Rule>, Vec<Rule>) {
    let mut rules = whose(context);
    let (Some(acting), Some(resource)) = (context.acting(), context.resource()) else {
        return (rules, Vec::new());
    };
    if context.tenant(resource).is_none() {
        return (rules, vec![unknown(context, resource)]);
    }
    rules.extend(between(context, resource).map(|one| {
        let why = against(context, one).unwrap_or_else(|| unused(context).to_owned());
        Rule::at(format!("delegation {}: {why}", one.name), &one.place)
    }));
    if between(context, resource).any(|one| against(context, one).is_none()) {
        return (rules, Vec::new());
    }
    let permission = context.permission().map_or("the permission", |p| p.value.as_str());
    let needed = format!(
        "a delegation from {resource} to {} that is live and names {permission}",
        acting.id
    );
    (rules, vec![Rule::new(needed)])
}

/// Why a delegation that would do was not used.
fn unused(context: &Context<'_>) -> &'static str {
    match context.delegation_error() {
        Some(DelegationError::TokenNeeded) => {
            "it would do, but cross_tenant.require_token asks for a delegation token"
        }
        Some(DelegationError::TokenLifetime { .. }) => {
            "it would do, but the token lives longer than cross_tenant.max_lifetime"
        }
        Some(DelegationError::Ceiling) => {
            "it would do, but nobody in the delegator may do this: it gives what is not its own"
        }
        Some(DelegationError::Ambiguous) => {
            "it would do, and so would another: the token's delegation_id must say which"
        }
        Some(DelegationError::AnotherTenant) => {
            "it would do, but the token's delegated_tenant_id is another tenant"
        }
        _ => "it would do, but the token's delegation_id is another one",
    }
}

/// Where the route says whose data it is.
fn whose(context: &Context<'_>) -> Vec<Rule> {
    let Some(Access::Tenant { resource_tenant: Some(from), .. }) =
        context.route().map(|route| &route.access)
    else {
        return Vec::new();
    };
    let told = match &from.value {
        ResourceTenant::Path(name) => format!("the path's {{{name}}}"),
        ResourceTenant::Header(name) => format!("the header {name}"),
        ResourceTenant::HostLabel(name) => format!("the host's {{{name}}}"),
        ResourceTenant::Token => "the token's delegated_tenant_id".to_owned(),
    };
    let named = context.resource().unwrap_or("nobody");
    vec![Rule::at(format!("{told} says whose data it is: {named}"), &from.place)]
}

fn unknown(context: &Context<'_>, resource: &str) -> Rule {
    let known = || context.source.tenants.iter().map(|tenant| tenant.id.as_str());
    match Report::new().suggest(resource, known()) {
        Some(near) => Rule::new(format!("a tenant of the policy; {near}")),
        None => Rule::new(format!("a tenant of the policy: {}", listed(known()))),
    }
}

/// The delegations by which the resource's tenant lets the acting one do anything.
fn between<'a>(
    context: &Context<'a>,
    resource: &str,
) -> impl Iterator<Item = &'a Delegation> + use<'a> {
    let (source, resource) = (context.source, resource.to_owned());
    let acting = context.acting().map(|tenant| &tenant.id);
    source.delegations.iter().filter(move |one| {
        one.from.as_ref().is_some_and(|from| from.value.as_str() == resource)
            && one.to.as_ref().map(|to| &to.value) == acting
    })
}

/// Why the delegation does not let this request through.
fn against(context: &Context<'_>, one: &Delegation) -> Option<String> {
    if let Some(from) = one.not_before.as_ref().filter(|from| context.at < from.value) {
        return Some(format!("it begins at {}", from.value));
    }
    if let Some(expires) = one.expires.as_ref().filter(|expires| expires.value <= context.at) {
        return Some(format!("it expired at {}", expires.value));
    }
    if let Some(permission) = context.permission().filter(|p| !names(one, &p.value)) {
        return Some(format!("it does not name {}", permission.value));
    }
    if context.delegation_error() == Some(DelegationError::Audience) && !one.audiences.is_empty() {
        let named = one.audiences.iter().map(|audience| audience.value.as_str());
        return Some(format!("it is for tokens of the audience {}", listed(named)));
    }
    let principal = context.decided.facts()?.principal.as_ref()?;
    match &one.principals {
        Listed::These(these) if !these.iter().any(|this| this.value == *principal) => {
            Some(format!("it does not name the principal {principal}"))
        }
        Listed::These(_) | Listed::Any => None,
    }
}

fn names(one: &Delegation, permission: &PermissionName) -> bool {
    one.permissions.iter().any(|pattern| covers(&pattern.value, permission))
}

/// The delegations that are about what is asked, live or not.
pub(super) fn about(context: &Context<'_>) -> Vec<String> {
    let Some(resource) = context.resource() else { return Vec::new() };
    let names_it = |one: &&Delegation| {
        context.permission().is_some_and(|permission| names(one, &permission.value))
    };
    between(context, resource).filter(names_it).map(|one| one.name.clone()).collect()
}
