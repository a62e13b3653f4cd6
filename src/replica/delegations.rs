//! The grants between tenants that come and go without a new policy, found by delegator and
//! delegate.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::control::{Delegation, ReplicaKey, Short};
use crate::time::UnixTime;

/// The living delegations.
#[derive(Debug, Default)]
pub(super) struct Delegations {
    by_id: BTreeMap<Short, Arc<Delegation>>,
    by_pair: BTreeMap<Short, Vec<Arc<Delegation>>>,
}

impl Delegations {
    /// Puts a grant in, in place of an earlier one with its id.
    pub(super) fn put(&mut self, key: &ReplicaKey, delegation: Delegation) {
        let new = Arc::new(delegation);
        let id = key.short_of_names([new.id.as_str(), ""]);
        if let Some(old) = self.by_id.insert(id, Arc::clone(&new)) {
            self.unlink(key, &old);
        }
        self.by_pair.entry(pair(key, &new)).or_default().push(new);
    }

    /// Those from one tenant to another, whatever their times.
    pub(super) fn between(&self, key: &ReplicaKey, from: &str, to: &str) -> Vec<Arc<Delegation>> {
        let found =
            self.by_pair.get(&key.short_of_names([from, to])).map_or(&[][..], Vec::as_slice);
        let is_between =
            |one: &&Arc<Delegation>| one.from.as_str() == from && one.to.as_str() == to;
        found.iter().filter(is_between).cloned().collect()
    }

    pub(super) fn forget(&mut self, key: &ReplicaKey, now: UnixTime) {
        let over: Vec<Arc<Delegation>> =
            self.by_id.values().filter(|one| one.is_forgotten(now)).cloned().collect();
        for delegation in over {
            self.by_id.remove(&key.short_of_names([delegation.id.as_str(), ""]));
            self.unlink(key, &delegation);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    fn unlink(&mut self, key: &ReplicaKey, old: &Delegation) {
        let pair = pair(key, old);
        let Some(grants) = self.by_pair.get_mut(&pair) else { return };
        grants.retain(|one| one.id != old.id);
        if grants.is_empty() {
            self.by_pair.remove(&pair);
        }
    }
}

fn pair(key: &ReplicaKey, delegation: &Delegation) -> Short {
    key.short_of_names([delegation.from.as_str(), delegation.to.as_str()])
}
