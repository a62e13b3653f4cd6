//! What the entries of the feed add up to in a proxy, and what it says of a token.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::delegations::Delegations;
use super::filed::{Dated, Undated};
use super::watched::Watched;
use crate::control::{
    CutOff, Delegation, Entry, Fact, HandleKind, Keep, ReplicaKey, Revocation, Short, Suspension,
    TenantEntry, TenantStatus,
};
use crate::identity::TenantId;
use crate::time::UnixTime;

/// Why a token that is valid by itself is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revoked {
    /// A handle of it is revoked.
    #[error("the {0} is revoked")]
    Handle(HandleKind),
    /// It was issued before a cut-off, or so shortly after that its issuer's clock may be off.
    #[error("the token was issued before the cut-off of its {0}")]
    CutOff(HandleKind),
    /// Its principal or its tenant is suspended.
    #[error("the {0} is suspended")]
    Suspended(HandleKind),
    /// Its tenant is not active in the directory.
    #[error("the tenant is {}", .0.name())]
    Tenant(TenantStatus),
}

/// What holds of a target beside its revocation.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    /// Until when issued its tokens are refused, and how long this is remembered.
    cut_off: Option<(u64, Keep)>,
    /// For how long it is suspended.
    suspended: Option<Keep>,
}

impl Mark {
    fn is_over(&self, now: UnixTime) -> bool {
        self.cut_off.is_none_or(|(_, keep)| keep.is_over(now))
            && self.suspended.is_none_or(|keep| keep.is_over(now))
    }
}

/// How long something revoked is remembered, and so where it is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Term {
    /// A token, until it expires.
    Dated(u64),
    /// Whatever it is, until then, or until it is restored.
    Undated(Option<u64>),
}

impl Term {
    fn of(kind: HandleKind, keep: Keep) -> Self {
        match (kind, keep) {
            (HandleKind::Token, Keep::Expiry(at)) => Self::Dated(at),
            (_, Keep::Expiry(at) | Keep::Until(at)) => Self::Undated(Some(at)),
            (_, Keep::Forever) => Self::Undated(None),
        }
    }
}

/// What an entry of the feed changes; small, for revocations come by the thousand.
#[derive(Debug)]
pub(super) enum Change {
    Revoked(Short, Term),
    Other(Box<Entry>),
}

impl Change {
    pub(super) fn of(fact: Fact) -> Self {
        match fact {
            Fact::Revoked(kind, short, keep) => Self::Revoked(short, Term::of(kind, keep)),
            Fact::Entry(entry) => Self::Other(entry),
        }
    }
}

/// The control state.
#[derive(Debug, Default)]
pub(super) struct State {
    dated: Dated,
    undated: Undated,
    marks: BTreeMap<Short, Mark>,
    tenants: BTreeMap<Short, TenantEntry>,
    delegations: Delegations,
}

impl State {
    pub(super) fn apply(&mut self, key: &ReplicaKey, change: Change) {
        match change {
            Change::Revoked(short, Term::Dated(expires)) => self.dated.insert(short, expires),
            Change::Revoked(short, Term::Undated(until)) => self.undated.insert(short, until),
            Change::Other(entry) => self.apply_entry(key, *entry),
        }
    }

    fn apply_entry(&mut self, key: &ReplicaKey, entry: Entry) {
        match entry {
            Entry::Revoked(Revocation { target, keep }) => {
                let term = Term::of(target.kind(), keep);
                self.apply(key, Change::Revoked(key.short(&target), term));
            }
            Entry::Restored(Revocation { target, .. }) => {
                let short = key.short(&target);
                self.dated.remove(short);
                self.undated.remove(short);
                self.marks.remove(&short);
            }
            Entry::CutOff(CutOff { target, at, keep }) => {
                self.marks.entry(key.short(&target)).or_default().cut_off = Some((at, keep));
            }
            Entry::Suspension(Suspension { target, is_on, keep }) => {
                let suspended = is_on.then_some(keep);
                self.marks.entry(key.short(&target)).or_default().suspended = suspended;
            }
            Entry::Tenant(tenant) => {
                let short = key.short_of_tenant(tenant.id.as_str());
                self.tenants.insert(short, tenant);
            }
            Entry::Delegation(delegation) => self.delegations.put(key, *delegation),
        }
    }

    /// Whether anything speaks against a token.
    pub(super) fn check(&self, token: &Watched, now: UnixTime) -> Result<(), Revoked> {
        let first = |refuses: &dyn Fn(HandleKind, Short) -> bool,
                     why: fn(HandleKind) -> Revoked| {
            let found = token.shorts().find(|(kind, short)| refuses(*kind, *short));
            found.map_or(Ok(()), |(kind, _)| Err(why(kind)))
        };
        first(&|kind, short| self.is_revoked(kind, short, token.expires()), Revoked::Handle)?;
        if !self.marks.is_empty() {
            first(&|_, short| self.is_cut_off(short, token), Revoked::CutOff)?;
            first(&|_, short| self.is_suspended(short, now), Revoked::Suspended)?;
        }
        self.check_tenant(token.named(), token.tenant())
    }

    /// Whether a tenant may act, or be acted on. One that only the policy knows may. `named` stands
    /// for its name.
    pub(super) fn check_tenant(&self, named: Short, id: &TenantId) -> Result<(), Revoked> {
        match self.tenant(named, id.as_str()).map(|tenant| tenant.status) {
            None | Some(TenantStatus::Active) => Ok(()),
            Some(status) => Err(Revoked::Tenant(status)),
        }
    }

    pub(super) fn tenant(&self, named: Short, id: &str) -> Option<&TenantEntry> {
        self.tenants.get(&named).filter(|tenant| tenant.id.as_str() == id)
    }

    pub(super) fn delegations(
        &self,
        key: &ReplicaKey,
        from: &str,
        to: &str,
    ) -> Vec<Arc<Delegation>> {
        self.delegations.between(key, from, to)
    }

    /// Forgets what is over.
    pub(super) fn forget(&mut self, key: &ReplicaKey, now: UnixTime) {
        self.dated.forget(now);
        self.undated.forget(now);
        self.marks.retain(|_, mark| !mark.is_over(now));
        self.delegations.forget(key, now);
    }

    /// How many entries hold.
    pub(super) fn len(&self) -> usize {
        let rows = self.marks.len() + self.tenants.len() + self.delegations.len();
        self.dated.len() + self.undated.len() + rows
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn weight(&self) -> usize {
        let marks = self.marks.len() * size_of::<(Short, Mark)>();
        let tenants = self.tenants.len() * size_of::<(Short, TenantEntry)>();
        self.dated.weight() + self.undated.weight() + marks + tenants
    }

    fn is_revoked(&self, kind: HandleKind, short: Short, expires: u64) -> bool {
        self.undated.contains(short)
            || (kind == HandleKind::Token && self.dated.contains(short, expires))
    }

    fn is_cut_off(&self, short: Short, token: &Watched) -> bool {
        let cut_off = self.marks.get(&short).and_then(|mark| mark.cut_off);
        cut_off.is_some_and(|(at, _)| token.issued() <= at.saturating_add(token.skew()))
    }

    fn is_suspended(&self, short: Short, now: UnixTime) -> bool {
        let suspended = self.marks.get(&short).and_then(|mark| mark.suspended);
        suspended.is_some_and(|keep| !keep.is_over(now))
    }
}
