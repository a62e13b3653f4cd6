//! The requests that are decided: who asks, in which tenant and roles, for what. The route's
//! permission and whose data it is stand beside, for the engines that do not match routes.

use super::{Delegation, Override, ROLES, Route, TEAM, World, role_name};
use crate::random::Random;

/// How many requests a workload has.
pub const REQUESTS: usize = 4_096;
/// The `Host` of all requests.
pub const HOST: &str = "api.example.com";

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The acting tenant.
    pub tenant: String,
    /// The principal's roles in it, one or two.
    pub roles: Vec<String>,
    /// The method, one that the route has.
    pub method: &'static str,
    /// The path, in normal form.
    pub path: String,
    /// What the route asks for.
    pub permission: String,
    /// Whose data it is.
    pub resource_tenant: String,
}

/// The workload of a policy: three quarters ask for their own tenant's data without naming it, an
/// eighth by a path that names a tenant, and an eighth for another tenant's data, half of them
/// under a delegation.
#[must_use]
pub fn of(world: &World) -> Vec<Request> {
    let mut random = Random::new(44);
    let workload = (0..REQUESTS).map(|nth| match nth % 16 {
        0 => by_delegation(world, &mut random),
        1 => of_a_stranger(world, &mut random),
        2 | 3 => own(world, true, &mut random),
        4 => under_override(world, &mut random),
        _ => own(world, false, &mut random),
    });
    let mut requests: Vec<Request> = workload.collect();
    for at in (1..requests.len()).rev() {
        requests.swap(at, random.below(at + 1));
    }
    requests
}

fn own(world: &World, names_tenant: bool, random: &mut Random) -> Request {
    let tenant = random.one(&world.tenants).clone();
    let team = random.below(ROLES / 4);
    let roles = roles(team, random);
    let route = route(world, team, names_tenant, random);
    request(&tenant, roles, route, &tenant, random)
}

/// A tenant with overrides, in a team that one of them is about.
fn under_override(world: &World, random: &mut Random) -> Request {
    let Override { tenant, role, .. } = random.one(&world.overrides);
    let team = world.roles.iter().position(|r| r.name == *role).unwrap_or(0) / 4;
    let routes: Vec<&Route> =
        world.routes.iter().filter(|r| r.resource == team * TEAM && !r.names_tenant).collect();
    let route = random.one::<&Route>(&routes);
    request(tenant, vec![role.clone()], route, tenant, random)
}

fn by_delegation(world: &World, random: &mut Random) -> Request {
    let Delegation { from, to, team, .. } = random.one(&world.delegations);
    let route = route(world, *team, true, random);
    request(to, roles(*team, random), route, from, random)
}

fn of_a_stranger(world: &World, random: &mut Random) -> Request {
    let (tenant, other) = (random.one(&world.tenants), random.one(&world.tenants));
    let team = random.below(ROLES / 4);
    let route = route(world, team, true, random);
    request(tenant, roles(team, random), route, other, random)
}

/// A role of the team, and in three of ten cases one of any other team.
fn roles(team: usize, random: &mut Random) -> Vec<String> {
    let mut roles = vec![role_name(team, random.below(4))];
    if random.chance(30) {
        let other = (team + 1 + random.below(ROLES / 4 - 1)) % (ROLES / 4);
        roles.push(role_name(other, random.below(4)));
    }
    roles
}

/// A route of the team, or in one of ten cases of any.
fn route<'w>(world: &'w World, team: usize, names_tenant: bool, random: &mut Random) -> &'w Route {
    let is_any = random.chance(10);
    let fits = |route: &&Route| {
        route.names_tenant == names_tenant && (is_any || route.resource / TEAM == team)
    };
    let routes: Vec<&Route> = world.routes.iter().filter(fits).collect();
    random.one::<&Route>(&routes)
}

fn request(
    tenant: &str,
    roles: Vec<String>,
    route: &Route,
    resource_tenant: &str,
    random: &mut Random,
) -> Request {
    let mut path = route.template.replace("{tenant}", resource_tenant);
    for parameter in ["{id}", "{comment}", "{version}"] {
        path = path.replace(parameter, &random.below(1_000_000).to_string());
    }
    let (method, permission) = random.one(&route.methods);
    Request {
        tenant: tenant.to_owned(),
        roles,
        method,
        path,
        permission: permission.clone(),
        resource_tenant: resource_tenant.to_owned(),
    }
}
