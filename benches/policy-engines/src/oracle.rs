//! The right answers, found the long way: by walking the policy's plain structs, name by name,
//! with nothing prepared. What every engine's answers are held against before it is timed.

use crate::world::requests::Request;
use crate::world::{NOW, Override, World};

/// Why a request is answered as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// It passes, on the tenant's own data.
    Own,
    /// It passes under a delegation.
    Delegated,
    /// No role gives the permission.
    NoRole,
    /// An override takes the permission away.
    Denied,
    /// The data is another tenant's, and no live delegation covers it.
    NoDelegation,
}

impl Answer {
    /// Whether the request passes.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        matches!(self, Self::Own | Self::Delegated)
    }
}

/// Decides one request.
#[must_use]
pub fn decide(world: &World, request: &Request) -> Answer {
    let held: Vec<_> = request.roles.iter().flat_map(|role| world.closure(role)).collect();
    let is_about = |item: &&Override| {
        item.tenant == request.tenant && held.iter().any(|role| role.name == item.role)
    };
    let overrides: Vec<&Override> = world.overrides.iter().filter(is_about).collect();
    let asked = &request.permission;
    let is_given = held.iter().any(|role| role.permissions.contains(asked))
        || overrides.iter().any(|item| item.grant.contains(asked));
    if !is_given {
        return Answer::NoRole;
    }
    if overrides.iter().any(|item| item.deny.contains(asked)) {
        return Answer::Denied;
    }
    if request.tenant == request.resource_tenant {
        return Answer::Own;
    }
    let is_delegated = world.delegations.iter().any(|d| {
        d.from == request.resource_tenant
            && d.to == request.tenant
            && d.permissions.contains(asked)
            && (d.not_before.seconds..d.expires.seconds).contains(&NOW)
    });
    if is_delegated { Answer::Delegated } else { Answer::NoDelegation }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::world::requests;

    #[test]
    fn the_workload_has_every_answer_often_enough_to_matter() {
        for tenants in [10, 1_000] {
            let world = World::new(tenants);
            let mut counts: BTreeMap<Answer, usize> = BTreeMap::new();
            for request in requests::of(&world) {
                *counts.entry(decide(&world, &request)).or_default() += 1;
            }
            for answer in [
                Answer::Own,
                Answer::Delegated,
                Answer::NoRole,
                Answer::Denied,
                Answer::NoDelegation,
            ] {
                // One in 256: of ten tenants, one has overrides.
                assert!(counts.get(&answer).is_some_and(|n| *n >= 16), "{tenants}: {counts:?}");
            }
        }
    }
}
