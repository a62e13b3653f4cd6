//! The policy in Cedar; `entities` has its entities and requests.
//!
//! An action is a permission, because that is how an application that uses Cedar is written: it
//! knows what each of its routes asks for. What a role gives, with all that it extends, is a group
//! of actions, and a role has one `permit` for its group: in Cedar this costs far less than one
//! `permit` for each role on the way up, or a list of actions in each. Roles are entities too, and
//! `extends` is membership, so that an override reaches all that extend its role; it is a `permit`
//! or `forbid` with its tenant in a condition. One `forbid` keeps tenants apart. Whom a tenant lets
//! in stands in its tags, by the other's name, so that no delegation adds a policy. The resource is
//! the tenant whose data is asked for; nothing here depends on which of its reports it is.
//!
//! Timed twice. [`Cedar::with_all`] passes all policies and all entities. [`Cedar::with_slices`]
//! passes what a careful user would: the policies about this principal's roles in this tenant, and
//! the entities of this request. In both, every slice, request, entity and ancestor is made
//! beforehand, for each request of its own; an application makes the request and the principal's
//! entity each time. No schema: it would check requests, and not decide them faster.

mod entities;

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::rc::Rc;

use anyhow::Result;
use cedar_policy::{Authorizer, Decision, Entities, PolicySet, Request};

use super::Engine;
use crate::world::requests::Request as Asked;
use crate::world::{Override, World};

/// Keeps tenants apart, but for live delegations.
const ISOLATION: &str = r"
forbid (principal, action, resource) unless {
    principal.tenant == resource ||
    (resource.hasTag(principal.tenant_id) &&
     resource.getTag(principal.tenant_id).actions.contains(action) &&
     resource.getTag(principal.tenant_id).not_before <= context.now &&
     context.now < resource.getTag(principal.tenant_id).expires)
};
";

struct Prepared {
    request: Request,
    policies: Rc<PolicySet>,
    entities: Rc<Entities>,
}

/// Cedar with a workload.
pub struct Cedar {
    authorizer: Authorizer,
    prepared: Vec<Prepared>,
}

impl Cedar {
    /// Every request gets all policies and entities.
    ///
    /// # Errors
    /// If Cedar refuses the policy.
    pub fn with_all(world: &World, requests: &[Asked]) -> Result<Self> {
        let roles = world.roles.iter().map(|role| &*role.name);
        let policies = Rc::new(policies(roles, world.overrides.iter())?);
        let mut all = world.roles.iter().map(entities::role).collect::<Result<Vec<_>>>()?;
        for (permission, roles) in &givers(world) {
            all.push(entities::action(permission, roles)?);
        }
        for name in &world.tenants {
            all.push(entities::tenant(world, name)?);
        }
        for (asked, nth) in requests.iter().zip(0..) {
            all.push(entities::user(asked, nth)?);
        }
        let entities = Rc::new(Entities::from_entities(all, None)?);
        let prepare = |(asked, nth): (&Asked, usize)| {
            let (policies, entities) = (Rc::clone(&policies), Rc::clone(&entities));
            Ok(Prepared { request: entities::request(asked, nth)?, policies, entities })
        };
        let prepared = requests.iter().zip(0..).map(prepare).collect::<Result<_>>()?;
        Ok(Self { authorizer: Authorizer::new(), prepared })
    }

    /// Every request gets the policies and entities that are about it.
    ///
    /// # Errors
    /// If Cedar refuses the policy.
    pub fn with_slices(world: &World, requests: &[Asked]) -> Result<Self> {
        let givers = givers(world);
        let slice = |(asked, nth)| slice(world, &givers, asked, nth);
        let prepared = requests.iter().zip(0..).map(slice).collect::<Result<_>>()?;
        Ok(Self { authorizer: Authorizer::new(), prepared })
    }
}

impl Engine for Cedar {
    fn decide(&mut self, request: usize) -> bool {
        let Prepared { request, policies, entities } = &self.prepared[request];
        let response = self.authorizer.is_authorized(request, policies, entities);
        response.decision() == Decision::Allow
    }
}

/// For each permission, the roles that give it, be it by what they extend.
type Givers<'w> = BTreeMap<&'w str, Vec<&'w str>>;

fn givers(world: &World) -> Givers<'_> {
    let mut givers = Givers::new();
    for role in &world.roles {
        let closed = world.closure(&role.name);
        for permission in closed.iter().flat_map(|role| &role.permissions) {
            givers.entry(permission).or_default().push(&role.name);
        }
    }
    givers
}

fn slice(world: &World, givers: &Givers<'_>, asked: &Asked, nth: usize) -> Result<Prepared> {
    let mut held: Vec<_> = asked.roles.iter().flat_map(|role| world.closure(role)).collect();
    held.sort_by_key(|role| &role.name);
    held.dedup_by_key(|role| &role.name);
    let is_about = |item: &&Override| {
        item.tenant == asked.tenant && held.iter().any(|role| role.name == item.role)
    };
    let mut slice = held.iter().map(|role| entities::role(role)).collect::<Result<Vec<_>>>()?;
    let roles = givers.get(&*asked.permission).map(Vec::as_slice).unwrap_or_default();
    slice.push(entities::action(&asked.permission, roles)?);
    slice.push(entities::user(asked, nth)?);
    for name in HashSet::from([&asked.tenant, &asked.resource_tenant]) {
        slice.push(entities::tenant(world, name)?);
    }
    let roles = asked.roles.iter().map(String::as_str);
    Ok(Prepared {
        request: entities::request(asked, nth)?,
        policies: Rc::new(policies(roles, world.overrides.iter().filter(is_about))?),
        entities: Rc::new(Entities::from_entities(slice, None)?),
    })
}

fn policies<'w>(
    roles: impl Iterator<Item = &'w str>,
    overrides: impl Iterator<Item = &'w Override>,
) -> Result<PolicySet> {
    let mut text = ISOLATION.to_owned();
    for role in roles {
        writeln!(
            text,
            r#"permit (principal in Role::"{role}", action in Action::"{role}", resource);"#
        )?;
    }
    for Override { tenant, role, grant, deny } in overrides {
        let permits = grant.iter().map(|permission| ("permit", permission));
        for (effect, permission) in permits.chain(deny.iter().map(|p| ("forbid", p))) {
            writeln!(
                text,
                r#"{effect} (principal in Role::"{role}", action == Action::"{permission}", resource)
                   when {{ principal.tenant == Tenant::"{tenant}" }};"#
            )?;
        }
    }
    Ok(text.parse()?)
}
