//! From changes that are asked for to entries that change something: what holds already is left
//! out, so that asking twice is the same as once.

use std::collections::HashMap;
use std::time::Duration;

use tenantguard::control::{
    CutOff, Entry, EntryKey, HandleKind, Keep, Revocation, Suspension, Target,
};
use tenantguard::time::UnixTime;

use super::change::Change;
use super::error::ControlError;
use super::live::Live;
use super::settings::Retention;

/// Entries on top of the live state, in their order.
pub(crate) struct Plan<'a> {
    live: &'a Live,
    planned: HashMap<EntryKey, Option<Entry>>,
    retention: Retention,
    now: UnixTime,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(live: &'a Live, retention: Retention, now: UnixTime) -> Self {
        Self { live, planned: HashMap::new(), retention, now }
    }

    /// The entry that a change needs, if it changes anything.
    pub(crate) fn add(&mut self, change: &Change) -> Result<Option<Entry>, ControlError> {
        let entry = self.entry(change)?;
        if !self.changes(&entry) {
            return Ok(None);
        }
        for ended in entry.also_ends() {
            self.planned.insert(ended, None);
        }
        self.planned.insert(entry.key(), Some(entry.clone()));
        Ok(Some(entry))
    }

    fn entry(&self, change: &Change) -> Result<Entry, ControlError> {
        Ok(match change {
            Change::Revoke { target, expiry } => self.revocation(target, *expiry),
            Change::RevokeUntil { target, until } => self.revocation_until(target, *until)?,
            Change::CutOff { target, at } => self.cut_off(target, *at),
            Change::Restore(target) => {
                Entry::Restored(Revocation { target: target.clone(), keep: self.until_all_ended() })
            }
            Change::Suspend(target) => match target.kind() {
                HandleKind::Principal | HandleKind::Tenant => Entry::Suspension(Suspension {
                    target: target.clone(),
                    is_on: true,
                    keep: Keep::Forever,
                }),
                kind => return Err(ControlError::NotSuspendable(kind)),
            },
            Change::Tenant(tenant) => Entry::Tenant(tenant.clone()),
            Change::Delegation(delegation) => Entry::Delegation(delegation.clone()),
        })
    }

    fn revocation(&self, target: &Target, expiry: Option<u64>) -> Entry {
        let keep = match target.kind() {
            HandleKind::Principal | HandleKind::Tenant => {
                return self.cut_off(target, self.now.as_secs());
            }
            HandleKind::Token => expiry.map_or_else(|| self.until_all_ended(), Keep::Expiry),
            HandleKind::Session => self.until_all_ended(),
            // A key set may go on naming a key for as long as it likes.
            HandleKind::Key => Keep::Forever,
        };
        Entry::Revoked(Revocation { target: target.clone(), keep })
    }

    fn revocation_until(&self, target: &Target, until: u64) -> Result<Entry, ControlError> {
        if matches!(target.kind(), HandleKind::Principal | HandleKind::Tenant) {
            return Err(ControlError::NotExpirable(target.kind()));
        }
        if until <= self.now.as_secs() {
            return Err(ControlError::Expired { until: UnixTime::from_secs(until) });
        }
        // A token is good for its issuer's skew past its `exp`.
        let keep = Keep::Until(until.saturating_add(self.retention.skew.as_secs()));
        Ok(Entry::Revoked(Revocation { target: target.clone(), keep }))
    }

    fn cut_off(&self, target: &Target, at: u64) -> Entry {
        let from = UnixTime::from_secs(at).max(self.now);
        Entry::CutOff(CutOff { target: target.clone(), at, keep: self.until_ended(from) })
    }

    fn until_all_ended(&self) -> Keep {
        self.until_ended(self.now)
    }

    fn until_ended(&self, from: UnixTime) -> Keep {
        // One second more, because seconds are rounded down.
        let Retention { lifetime, skew } = self.retention;
        Keep::Until(from.plus(lifetime + skew + Duration::from_secs(1)).as_secs())
    }

    fn found(&self, key: &EntryKey) -> Option<&Entry> {
        self.planned.get(key).map_or_else(|| self.live.get(key), Option::as_ref)
    }

    fn changes(&self, entry: &Entry) -> bool {
        let found = self.found(&entry.key());
        match (entry, found) {
            (Entry::Restored(_), found) => {
                matches!(found, Some(Entry::Revoked(_)))
                    || entry.also_ends().iter().any(|key| self.found(key).is_some())
            }
            (Entry::Revoked(new), Some(Entry::Revoked(old))) => !covers(old.keep, new.keep),
            (Entry::CutOff(new), Some(Entry::CutOff(old))) => old.at < new.at,
            (new, Some(old)) => new != old,
            (_, None) => true,
        }
    }
}

/// Whether what is kept for `old` is kept for `new` as well, and found wherever that would be.
fn covers(old: Keep, new: Keep) -> bool {
    match (old, new) {
        (Keep::Forever, _) => true,
        (Keep::Until(old), Keep::Until(new) | Keep::Expiry(new)) => old >= new,
        (Keep::Expiry(old), Keep::Expiry(new)) => old == new,
        (Keep::Expiry(_) | Keep::Until(_), _) => false,
    }
}
