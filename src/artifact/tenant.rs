//! The tenants that the policy knows.

use std::fmt;

use super::layout::{self, Section};
use super::tables::Tables;
use super::{Policy, SourceLine};
use crate::identity::{CellName, TenantId};

/// A tenant of one policy, by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantIndex(pub u32);

/// How a tenant's data is kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// In a cell with other tenants.
    Shared,
    /// In a cell of its own.
    Dedicated,
}

impl Isolation {
    /// As the policy and `x-tenant-isolation` spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Dedicated => "dedicated",
        }
    }
}

/// What the directory knows of a tenant, in names that can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its position in the policy; none if only the control service knows it.
    pub index: Option<TenantIndex>,
    /// Its id.
    pub id: TenantId,
    /// How its data is kept apart.
    pub isolation: Isolation,
    /// The cluster that serves it: its own, or the default cell.
    pub cell: CellName,
}

/// One tenant, read in place.
#[derive(Clone, Copy)]
pub struct TenantRow<'p> {
    index: TenantIndex,
    row: &'p layout::Tenant,
    tables: &'p Tables,
}

impl Policy {
    /// Every tenant.
    pub fn tenants(&self) -> impl Iterator<Item = TenantRow<'_>> {
        let (rows, tables) = (self.tables.rows(Section::Tenants).all(), &self.tables);
        rows.iter().zip(0..).map(move |(row, at)| TenantRow { index: TenantIndex(at), row, tables })
    }

    /// A tenant by its position.
    #[must_use]
    pub fn tenant(&self, index: TenantIndex) -> Option<TenantRow<'_>> {
        let row = self.tables.rows(Section::Tenants).get(index.0)?;
        Some(TenantRow { index, row, tables: &self.tables })
    }

    /// The tenant with that id.
    #[must_use]
    pub fn find_tenant(&self, id: &str) -> Option<TenantRow<'_>> {
        let text = |at| self.tenant(TenantIndex(at)).map(|tenant| tenant.row.id);
        let at = self.indices.tenants.find(&self.tables, (0, id.as_bytes()), text)?;
        self.tenant(TenantIndex(at))
    }
}

impl<'p> TenantRow<'p> {
    /// Its position.
    #[must_use]
    pub fn index(&self) -> TenantIndex {
        self.index
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &'p str {
        self.tables.text(self.row.id)
    }

    /// The cluster that serves it.
    #[must_use]
    pub fn cell(&self) -> &'p str {
        self.tables.text(self.row.cell)
    }

    /// How its data is kept apart.
    #[must_use]
    pub fn isolation(&self) -> Isolation {
        match self.row.isolation {
            0 => Isolation::Shared,
            _ => Isolation::Dedicated,
        }
    }

    /// The same in names that can be kept. `None` only if the artifact was not checked.
    #[must_use]
    pub fn to_tenant(&self) -> Option<Tenant> {
        let (id, cell) = (TenantId::parse(self.id()).ok()?, CellName::parse(self.cell()).ok()?);
        Some(Tenant { index: Some(self.index), id, isolation: self.isolation(), cell })
    }

    /// Where it stands in the source.
    #[must_use]
    pub fn line(&self) -> Option<SourceLine<'p>> {
        SourceLine::of(self.tables, self.row.line)
    }

    /// What roles may do in this tenant alone.
    pub(super) fn overrides(&self) -> &'p [layout::Override] {
        let own = self.tables.rows::<layout::Span>(Section::OverridesOf).get(self.index.0);
        own.map(|own| self.tables.rows(Section::Overrides).span(*own)).unwrap_or_default()
    }
}

impl fmt::Debug for TenantRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TenantRow").field(&self.index.0).field(&self.id()).finish()
    }
}
