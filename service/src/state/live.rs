//! What all frames add up to, in memory. It is kept in parts that are copied only when they change
//! while a snapshot holds them, so that a snapshot is taken in the time of a few pointers.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tenantguard::control::{Entry, EntryKey, Handle, HandleKind, Target, TenantStatus};
use tenantguard::identity::TenantId;
use tenantguard::time::UnixTime;

use super::change::{Cause, Refusal, Subject};

const PARTS: usize = 256;

/// One part: a share of the entries, by a byte of their hash.
pub(crate) type Part = BTreeMap<EntryKey, Entry>;

/// What holds now.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    parts: Vec<Arc<Part>>,
    entries: usize,
    /// One text for each tenant, however many entries name it.
    names: HashSet<TenantId>,
}

impl Default for Live {
    fn default() -> Self {
        Self { parts: vec![Arc::default(); PARTS], entries: 0, names: HashSet::new() }
    }
}

impl Live {
    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries
    }

    /// All parts as they are now, whatever changes later.
    pub(crate) fn parts(&self) -> Vec<Arc<Part>> {
        self.parts.clone()
    }

    pub(crate) fn get(&self, key: &EntryKey) -> Option<&Entry> {
        self.parts.get(part_of(key))?.get(key)
    }

    /// Takes an entry in; the last one on a key counts.
    pub(crate) fn apply(&mut self, entry: &Entry) {
        for ended in entry.also_ends() {
            self.remove(&ended);
        }
        let entry = self.share_names(entry.clone());
        let key = entry.key();
        if let Some(part) = self.parts.get_mut(part_of(&key))
            && Arc::make_mut(part).insert(key, entry).is_none()
        {
            self.entries += 1;
        }
    }

    fn remove(&mut self, key: &EntryKey) {
        // Looked for first: a part that a snapshot holds is copied only for a change.
        if self.get(key).is_some()
            && let Some(part) = self.parts.get_mut(part_of(key))
        {
            Arc::make_mut(part).remove(key);
            self.entries -= 1;
        }
    }

    fn share_names(&mut self, mut entry: Entry) -> Entry {
        let target = match &mut entry {
            Entry::Revoked(it) | Entry::Restored(it) => &mut it.target,
            Entry::CutOff(it) => &mut it.target,
            Entry::Suspension(it) => &mut it.target,
            Entry::Delegation(_) | Entry::Tenant(_) => return entry,
        };
        if let Target::Token { tenant, .. }
        | Target::Session { tenant, .. }
        | Target::Principal { tenant, .. }
        | Target::Tenant(tenant) = target
        {
            match self.names.get(tenant) {
                Some(shared) => *tenant = shared.clone(),
                None => {
                    self.names.insert(tenant.clone());
                }
            }
        }
        entry
    }

    /// Removes what is over from one of the parts, and returns it; `None` after the last part. Part
    /// by part, so that nobody waits long for the lock.
    pub(crate) fn sweep(&mut self, part: usize, now: UnixTime) -> Option<Vec<Entry>> {
        let part = self.parts.get_mut(part)?;
        if !part.values().any(|entry| is_over(entry, now)) {
            return Some(Vec::new());
        }
        let mut over = Vec::new();
        Arc::make_mut(part).retain(|_, entry| {
            let keeps = !is_over(entry, now);
            if !keeps {
                over.push(entry.clone());
            }
            keeps
        });
        self.entries -= over.len();
        Some(over)
    }

    /// Why a token is refused, if it is, in the order in which a gate asks.
    pub(crate) fn refusal(&self, subject: &Subject) -> Option<Refusal> {
        let handles = [
            Some(&subject.token),
            subject.session.as_ref(),
            subject.principal.as_ref(),
            subject.tenant.as_ref(),
            subject.key.as_ref(),
        ];
        handles.into_iter().flatten().find_map(|target| {
            let cause = self.cause(target, subject)?;
            Some(Refusal { handle: target.kind(), cause })
        })
    }

    fn cause(&self, target: &Target, subject: &Subject) -> Option<Cause> {
        if let Some(Entry::Revoked(_)) = self.get(&EntryKey::Revocation(target.clone())) {
            return Some(Cause::Revoked);
        }
        if let Some(Entry::CutOff(cut_off)) = self.get(&EntryKey::CutOff(target.clone()))
            && subject.issued_at <= cut_off.at.saturating_add(subject.skew)
        {
            return Some(Cause::CutOff);
        }
        let is_suspended = matches!(
            self.get(&EntryKey::Suspension(target.clone())),
            Some(Entry::Suspension(it)) if it.is_on
        );
        let is_inactive = target.kind() == HandleKind::Tenant
            && target.tenant().is_some_and(|tenant| {
                matches!(
                    self.get(&EntryKey::Tenant(tenant.clone())),
                    Some(Entry::Tenant(it)) if it.status != TenantStatus::Active
                )
            });
        (is_suspended || is_inactive).then_some(Cause::Suspended)
    }
}

/// Whether an entry means nothing any more.
pub(crate) fn is_over(entry: &Entry, now: UnixTime) -> bool {
    match entry {
        Entry::Revoked(it) | Entry::Restored(it) => it.keep.is_over(now),
        Entry::CutOff(it) => it.keep.is_over(now),
        Entry::Suspension(it) => it.keep.is_over(now),
        Entry::Delegation(it) => it.is_forgotten(now),
        Entry::Tenant(_) => false,
    }
}

fn part_of(key: &EntryKey) -> usize {
    let hash = match key {
        EntryKey::Revocation(target) | EntryKey::CutOff(target) | EntryKey::Suspension(target) => {
            target.hash()
        }
        EntryKey::Delegation(id) | EntryKey::Tenant(id) => Handle::Tenant(id).hash(),
    };
    usize::from(*hash.as_bytes().first().unwrap_or(&0)) % PARTS
}
