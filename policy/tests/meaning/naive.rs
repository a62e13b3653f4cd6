//! What a policy lets through, request by request, with no grouping: every issuer, tenant, set of
//! roles, route, method and resource tenant, each put to the core.

use std::collections::BTreeSet;

use tenantguard::artifact::evaluate::{Evaluation, Question, Subject};
use tenantguard::artifact::route::ResourceTenant;
use tenantguard::artifact::{DelegationRow, Policy};
use tenantguard::path::NormalPath;
use tenantguard::request::Mode;
use tenantguard::time::UnixTime;

use super::spec::{ISSUERS, ROLES, Spec, TEMPLATES, TENANTS};

/// Acting tenant, resource tenant, method, route.
pub(crate) type Fact = (String, String, String, String);

/// A request that can be put to a policy.
pub(crate) struct Ask<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) principal: &'a str,
    pub(crate) roles: &'a [&'a str],
    pub(crate) resource: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) at: u64,
}

/// Whether the policy lets it through with a token that has every scope. Not for routes that are
/// not enforced.
pub(crate) fn allows(policy: &Policy, ask: &Ask<'_>, by_scopes: bool) -> bool {
    let path = ask.path.replace("TENANT", ask.resource);
    let path = NormalPath::parse(path.as_bytes()).unwrap();
    let at = UnixTime::from_secs(ask.at);
    let Ask { tenant, principal, roles, method, .. } = *ask;
    let named_tenant = Some(ask.resource);
    let subject = Subject { tenant, principal, roles, named_tenant };
    let question = Question { host: "api", method, path: &path, at };
    match policy.evaluate(&subject, &question) {
        Evaluation::Home(route, _) | Evaluation::Delegated(route, _, _) => {
            policy.route(route).unwrap().mode() == Mode::Enforce
        }
        Evaluation::NoPermission(route, permission) if by_scopes => {
            let route = policy.route(route).unwrap();
            let is_home = tenant == ask.resource || route.resource() == ResourceTenant::Acting;
            let lets = |d: DelegationRow<'_>| {
                let pair = (d.from(), d.to());
                let index = |id| policy.find_tenant(id).unwrap().index();
                pair == (index(ask.resource), index(tenant))
                    && d.permissions().contains(permission)
                    && d.is_live_at(at)
                    && d.names(principal)
                    && policy.may_give(Some(d.from()), permission)
            };
            route.mode() == Mode::Enforce && (is_home || policy.delegations().any(lets))
        }
        _ => false,
    }
}

/// The template of the route that a request takes, and whether it can name another tenant there.
fn route_of<'p>(policy: &'p Policy, path: &str, resource: &str) -> (&'p str, bool) {
    let path = path.replace("TENANT", resource);
    let path = NormalPath::parse(path.as_bytes()).unwrap();
    let route = policy.route(policy.find_route("api", &path).unwrap().route).unwrap();
    (route.template(), route.resource() != ResourceTenant::Acting)
}

/// All that anybody may do at a moment.
pub(crate) fn facts(spec: &Spec, policy: &Policy, at: u64) -> BTreeSet<Fact> {
    let mut facts = BTreeSet::new();
    for (issuer, namespace) in spec.issuers.iter().zip(ISSUERS) {
        let tenants = issuer.tenants.clone().unwrap_or(TENANTS.to_vec());
        let given = issuer.roles.clone().unwrap_or(ROLES.to_vec());
        for roles in (0..1u32 << given.len()).map(|mask| chosen(&given, mask)) {
            let roles = if issuer.authority == "scopes" { Vec::new() } else { roles };
            for (tenant, resource) in pairs(&tenants) {
                for (subject, method, (_, _, path)) in requests() {
                    let principal = &format!("{namespace}/{subject}");
                    let roles = &roles[..];
                    let ask = Ask { tenant, principal, roles, resource, method, path, at };
                    if allows(policy, &ask, issuer.authority == "scopes") {
                        let (route, names_tenant) = route_of(policy, path, resource);
                        let whose = if names_tenant { resource } else { tenant };
                        let fact = [tenant, whose, method, route].map(str::to_owned);
                        facts.insert(fact.into());
                    }
                }
            }
        }
    }
    facts
}

fn chosen(of: &[&'static str], mask: u32) -> Vec<&'static str> {
    of.iter().zip(0..).filter(|(_, bit)| mask & (1 << bit) != 0).map(|(role, _)| *role).collect()
}

fn pairs<'t>(acting: &'t [&'t str]) -> impl Iterator<Item = (&'t str, &'static str)> {
    acting.iter().flat_map(|tenant| TENANTS.iter().map(move |resource| (*tenant, *resource)))
}

type Template = (&'static str, &'static str, &'static str);

fn requests() -> impl Iterator<Item = (&'static str, &'static str, Template)> {
    let subjects = ["paula", "peter"].into_iter();
    subjects.flat_map(|subject| {
        let methods = ["GET", "PUT"].into_iter();
        methods.flat_map(move |method| TEMPLATES.iter().map(move |t| (subject, method, *t)))
    })
}
