//! The sections `tenants` and `tenant_roles`: who there is, and what roles they may define.

use tenantguard::artifact::Isolation;
use tenantguard::identity::{CellName, TenantId};

use super::fields::{At, Fields};
use super::{permissions, shapes, values, words};
use crate::finding::Code;
use crate::place::Located;
use crate::report::Report;
use crate::source::{Role, Tenant, TenantRoles};

pub(super) fn all(at: &At<'_>, report: &mut Report) -> Option<Vec<Tenant>> {
    let entries = at.map("the tenants (a map from ids to tenants)", report)?;
    let mut tenants = Vec::with_capacity(entries.len());
    for entry in entries {
        let at = at.entry(entry);
        let id = values::key_name(&entry.key, &at, "a tenant", TenantId::parse, report);
        let body = tenant(&at, report).unwrap_or_default();
        if let Some(Located { value: id, place }) = id {
            let Body { isolation, cell, roles } = body;
            tenants.push(Tenant { id, place, isolation, cell, roles });
        }
    }
    Some(tenants)
}

struct Body {
    isolation: Isolation,
    cell: Option<Located<CellName>>,
    roles: Vec<Role>,
}

/// What a tenant is taken for when nothing of it could be read.
impl Default for Body {
    fn default() -> Self {
        Self { isolation: Isolation::Shared, cell: None, roles: Vec::new() }
    }
}

fn tenant(at: &At<'_>, report: &mut Report) -> Option<Body> {
    let fields = Fields::of(at, &shapes::TENANT, report)?;
    let isolation = fields
        .required("isolation", report)
        .and_then(|at| values::word(&at, words::ISOLATIONS, Code::UnknownValue, report))
        .unwrap_or(Isolation::Shared);
    let cell_at = fields.optional("cell");
    if isolation == Isolation::Dedicated && cell_at.is_none() {
        fields.required("cell", report);
    }
    let cell = cell_at.and_then(|at| values::name(&at, "a cell", CellName::parse, report));
    let roles = fields.optional("roles").and_then(|at| permissions::roles(&at, report));
    Some(Body { isolation, cell, roles: roles.unwrap_or_default() })
}

/// `tenant_roles`: the ceiling.
pub(super) fn ceiling(at: &At<'_>, report: &mut Report) -> Option<TenantRoles> {
    let fields = Fields::of(at, &shapes::TENANT_ROLES, report)?;
    if let Some(at) = fields.required("permissions", report) {
        let help = "remove `tenant_roles`, and tenants define no roles";
        values::not_empty(&at, "roles that tenants define could do nothing", help, report);
    }
    let permissions = permissions::patterns(&fields, "permissions", report);
    Some(TenantRoles { place: at.key_place(), permissions })
}
