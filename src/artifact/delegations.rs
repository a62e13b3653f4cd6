//! The delegations that stand in the policy: who lets whom do what, until when, by whose consent.

use std::fmt;

use super::layout::{self, Name, Section};
use super::tables::Tables;
use super::{Policy, SourceLine, TenantIndex};
use crate::delegation::Bill;
use crate::permissions::{PermissionBits, PermissionId};
use crate::time::UnixTime;

/// A delegation of one policy, by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DelegationId(pub u32);

/// One delegation, read in place.
#[derive(Clone, Copy)]
pub struct DelegationRow<'p> {
    position: DelegationId,
    row: &'p layout::Delegation,
    policy: &'p Policy,
}

impl Policy {
    /// Every delegation.
    pub fn delegations(&self) -> impl Iterator<Item = DelegationRow<'_>> {
        let rows = self.tables.rows(Section::Delegations).all();
        let at = |(row, at)| DelegationRow { position: DelegationId(at), row, policy: self };
        rows.iter().zip(0..).map(at)
    }

    /// Whether a tenant may let others use a permission: somebody in it may use it. `None` is a
    /// tenant that the policy does not list.
    #[must_use]
    pub fn may_give(&self, tenant: Option<TenantIndex>, permission: PermissionId) -> bool {
        let row = |TenantIndex(at)| self.tables.rows::<layout::Tenant>(Section::Tenants).get(at);
        let ceiling = match tenant {
            Some(tenant) => row(tenant).map(|row| row.ceiling.get()),
            None => Some(self.settings.ceiling),
        };
        ceiling.is_some_and(|set| self.set_contains(set, permission))
    }

    /// A delegation by its position.
    #[must_use]
    pub fn delegation(&self, position: DelegationId) -> Option<DelegationRow<'_>> {
        let row = self.tables.rows(Section::Delegations).get(position.0)?;
        Some(DelegationRow { position, row, policy: self })
    }

    /// Those from one tenant to another, whatever their times.
    pub fn delegations_between(
        &self,
        from: TenantIndex,
        to: TenantIndex,
    ) -> impl Iterator<Item = DelegationRow<'_>> {
        let rows: &[layout::Delegation] = self.tables.rows(Section::Delegations).all();
        let key = |row: &layout::Delegation| (row.from.get(), row.to.get());
        let first = rows.partition_point(|row| key(row) < (from.0, to.0));
        let same = rows.iter().zip(0..).skip(first);
        same.take_while(move |(row, _)| key(row) == (from.0, to.0)).map(|(row, at)| DelegationRow {
            position: DelegationId(at),
            row,
            policy: self,
        })
    }
}

impl<'p> DelegationRow<'p> {
    /// Its position.
    #[must_use]
    pub fn position(&self) -> DelegationId {
        self.position
    }

    /// Its id, as the policy names it.
    #[must_use]
    pub fn id(&self) -> &'p str {
        self.tables().text(self.row.id)
    }

    /// The delegator: whose data.
    #[must_use]
    pub fn from(&self) -> TenantIndex {
        TenantIndex(self.row.from.get())
    }

    /// The delegate: who may act.
    #[must_use]
    pub fn to(&self) -> TenantIndex {
        TenantIndex(self.row.to.get())
    }

    /// Whether any principal of the delegate may act.
    #[must_use]
    pub fn is_for_any_principal(&self) -> bool {
        self.row.any_principal == 1
    }

    /// The principals that may act, `namespace/subject`, unless any may.
    pub fn principals(&self) -> impl Iterator<Item = &'p str> + use<'p> {
        let tables = self.tables();
        let rows: &[Name] = tables.rows(Section::Principals).span(self.row.principals);
        rows.iter().map(|row| tables.text(row.text))
    }

    /// The audiences that a token must be for one of; none for any.
    pub fn audiences(&self) -> impl Iterator<Item = &'p str> + use<'p> {
        let tables = self.tables();
        let rows: &[Name] = tables.rows(Section::Principals).span(self.row.audiences);
        rows.iter().map(|row| tables.text(row.text))
    }

    /// Who is billed.
    #[must_use]
    pub fn bill(&self) -> Bill {
        match self.row.bill {
            0 => Bill::Delegate,
            _ => Bill::Delegator,
        }
    }

    /// Whether this principal may act.
    #[must_use]
    pub fn names(&self, principal: &str) -> bool {
        self.is_for_any_principal() || self.principals().any(|named| named == principal)
    }

    /// What may be done.
    #[must_use]
    pub fn permissions(&self) -> PermissionBits<'p> {
        self.policy.set(self.row.permissions.get())
    }

    /// When it begins.
    #[must_use]
    pub fn not_before(&self) -> UnixTime {
        UnixTime::from_secs(self.row.not_before.get())
    }

    /// When it is over: at this moment it is.
    #[must_use]
    pub fn expires(&self) -> UnixTime {
        UnixTime::from_secs(self.row.expires.get())
    }

    /// Whether it holds at this moment.
    #[must_use]
    pub fn is_live_at(&self, now: UnixTime) -> bool {
        self.not_before() <= now && now < self.expires()
    }

    /// Who consented for the delegator.
    #[must_use]
    pub fn consent_by(&self) -> &'p str {
        self.tables().text(self.row.consent_by)
    }

    /// When.
    #[must_use]
    pub fn consent_at(&self) -> UnixTime {
        UnixTime::from_secs(self.row.consent_at.get())
    }

    /// The document of the consent; empty if none is named.
    #[must_use]
    pub fn consent_reference(&self) -> &'p str {
        self.tables().text(self.row.consent_reference)
    }

    /// Where it stands in the source.
    #[must_use]
    pub fn line(&self) -> Option<SourceLine<'p>> {
        SourceLine::of(self.tables(), self.row.line)
    }

    fn tables(&self) -> &'p Tables {
        &self.policy.tables
    }
}

impl fmt::Debug for DelegationRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DelegationRow").field(&self.id()).finish()
    }
}
