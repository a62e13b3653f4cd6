//! The entities of the policy in Cedar, and its requests.

use anyhow::Result;
use cedar_policy::{
    Context, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
};

use crate::world::requests::Request as Asked;
use crate::world::{Delegation, NOW, Role, World};

fn uid(kind: &str, id: &str) -> Result<EntityUid> {
    Ok(EntityUid::from_type_name_and_id(kind.parse::<EntityTypeName>()?, EntityId::new(id)))
}

/// A role, below those that it extends.
pub(super) fn role(role: &Role) -> Result<Entity> {
    let parents = role.extends.iter().map(|name| uid("Role", name)).collect::<Result<_>>()?;
    Ok(Entity::new_no_attrs(uid("Role", &role.name)?, parents))
}

/// A permission, in the groups of the roles that give it.
pub(super) fn action(permission: &str, roles: &[&str]) -> Result<Entity> {
    let groups = roles.iter().map(|role| uid("Action", role)).collect::<Result<_>>()?;
    Ok(Entity::new_no_attrs(uid("Action", permission)?, groups))
}

/// A principal, below its roles.
pub(super) fn user(asked: &Asked, nth: usize) -> Result<Entity> {
    let tenant = RestrictedExpression::new_entity_uid(uid("Tenant", &asked.tenant)?);
    let id = RestrictedExpression::new_string(asked.tenant.clone());
    let attributes = [("tenant".to_owned(), tenant), ("tenant_id".to_owned(), id)];
    let parents = asked.roles.iter().map(|name| uid("Role", name)).collect::<Result<_>>()?;
    Ok(Entity::new(uid("User", &nth.to_string())?, attributes.into(), parents)?)
}

/// A tenant, with a tag for each that it lets in.
pub(super) fn tenant(world: &World, name: &str) -> Result<Entity> {
    let delegations = world.delegations.iter().filter(|d| d.from == name);
    let tags = delegations.map(|d| Ok((d.to.clone(), tag(d)?))).collect::<Result<Vec<_>>>()?;
    Ok(Entity::new_with_tags(uid("Tenant", name)?, [], [], tags)?)
}

fn tag(delegation: &Delegation) -> Result<RestrictedExpression> {
    let action = |name: &String| Ok(RestrictedExpression::new_entity_uid(uid("Action", name)?));
    let actions = delegation.permissions.iter().map(action).collect::<Result<Vec<_>>>()?;
    Ok(RestrictedExpression::new_record([
        ("actions".to_owned(), RestrictedExpression::new_set(actions)),
        ("not_before".to_owned(), seconds(delegation.not_before.seconds)?),
        ("expires".to_owned(), seconds(delegation.expires.seconds)?),
    ])?)
}

fn seconds(moment: u64) -> Result<RestrictedExpression> {
    Ok(RestrictedExpression::new_long(moment.try_into()?))
}

/// What Cedar is asked.
pub(super) fn request(asked: &Asked, nth: usize) -> Result<Request> {
    let context = Context::from_pairs([("now".to_owned(), seconds(NOW)?)])?;
    let principal = uid("User", &nth.to_string())?;
    let action = uid("Action", &asked.permission)?;
    let resource = uid("Tenant", &asked.resource_tenant)?;
    Ok(Request::new(principal, action, resource, context, None)?)
}
