//! Which tenants there are: the policy's, and those that sign up while it is in force. A proxy's copy
//! of the control state has the latter; the control service looks into its own directory.

use std::fmt;

use super::control::Control;
use crate::artifact::{Policy, Tenant};
use crate::control::TenantEntry;
use crate::identity::CellName;

/// Tenants that sign up while a policy is in force.
pub trait Directory: fmt::Debug + Send + Sync {
    /// The tenant of this id, whatever its status.
    fn tenant(&self, id: &str) -> Option<TenantEntry>;
}

/// Where a gate looks for tenants.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) policy: &'a Policy,
    pub(super) control: Option<&'a Control>,
    pub(super) directory: Option<&'a dyn Directory>,
}

impl Known<'_> {
    /// A tenant: the policy's word counts before any other.
    pub(super) fn tenant(&self, id: &str) -> Option<Tenant> {
        match self.policy.find_tenant(id) {
            Some(row) => row.to_tenant(),
            None => self.newcomer(id),
        }
    }

    /// A tenant that the policy does not list.
    pub(super) fn newcomer(&self, id: &str) -> Option<Tenant> {
        let entry = match (self.control, self.directory) {
            (Some(control), _) => control.tenant(id),
            (None, directory) => directory?.tenant(id),
        };
        entry.map(|entry| admitted(&entry, self.policy.default_cell()))
    }
}

fn admitted(entry: &TenantEntry, default_cell: &CellName) -> Tenant {
    Tenant {
        index: None,
        id: entry.id.clone(),
        isolation: entry.isolation,
        cell: entry.cell.as_ref().unwrap_or(default_cell).clone(),
    }
}
