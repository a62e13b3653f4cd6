//! What an entry is about: a later entry with the same key takes the place of an earlier one.

use super::entry::Entry;
use super::handle::Target;
use super::wire::put_name;
use crate::identity::TenantId;

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKey {
    /// Whether a target is revoked.
    Revocation(Target),
    /// Until when a target's tokens are cut off.
    CutOff(Target),
    /// Whether a target is suspended.
    Suspension(Target),
    /// The delegation with an id.
    Delegation(TenantId),
    /// A tenant of the directory.
    Tenant(TenantId),
}

impl EntryKey {
    /// Bytes that no other key has.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(48);
        match self {
            Self::Revocation(target) | Self::CutOff(target) | Self::Suspension(target) => {
                out.extend([self.family(), target.kind() as u8]);
                if let Some(tenant) = target.tenant() {
                    put_name(&mut out, tenant.as_str());
                }
                if !matches!(target, Target::Tenant(_)) {
                    out.extend_from_slice(target.hash().as_bytes());
                }
            }
            Self::Delegation(id) | Self::Tenant(id) => {
                out.push(self.family());
                put_name(&mut out, id.as_str());
            }
        }
        out
    }

    const fn family(&self) -> u8 {
        match self {
            Self::Revocation(_) => b'r',
            Self::CutOff(_) => b'c',
            Self::Suspension(_) => b's',
            Self::Delegation(_) => b'd',
            Self::Tenant(_) => b't',
        }
    }
}

impl Entry {
    /// What it is about.
    #[must_use]
    pub fn key(&self) -> EntryKey {
        match self {
            Self::Revoked(it) | Self::Restored(it) => EntryKey::Revocation(it.target.clone()),
            Self::CutOff(it) => EntryKey::CutOff(it.target.clone()),
            Self::Suspension(it) => EntryKey::Suspension(it.target.clone()),
            Self::Delegation(it) => EntryKey::Delegation(it.id.clone()),
            Self::Tenant(it) => EntryKey::Tenant(it.id.clone()),
        }
    }

    /// What else it ends: to restore a target is to take back its cut-off and its suspension too.
    #[must_use]
    pub fn also_ends(&self) -> Vec<EntryKey> {
        match self {
            Self::Restored(it) => {
                vec![EntryKey::CutOff(it.target.clone()), EntryKey::Suspension(it.target.clone())]
            }
            _ => Vec::new(),
        }
    }
}
