//! The section `tenants`.

use tenantguard::artifact::Isolation;
use tenantguard::identity::{CellName, TenantId};

use super::fields::{At, Fields, Shape};
use super::values;
use crate::finding::Code;
use crate::place::Located;
use crate::report::Report;
use crate::source::Tenant;

const TENANT: Shape = Shape { what: "a tenant", fields: &["isolation", "cell"], later: &[] };

const ISOLATIONS: [(&str, Isolation); 2] =
    [("shared", Isolation::Shared), ("dedicated", Isolation::Dedicated)];

pub(super) fn all(at: &At<'_>, report: &mut Report) -> Option<Vec<Tenant>> {
    let entries = at.map("the tenants (a map from ids to tenants)", report)?;
    let mut tenants = Vec::with_capacity(entries.len());
    for entry in entries {
        let at = at.entry(entry);
        let id = values::key_name(&entry.key, &at, "a tenant", TenantId::parse, report);
        let body = tenant(&at, report);
        if let Some(id) = id {
            let (isolation, cell) = body.unwrap_or((Isolation::Shared, None));
            tenants.push(Tenant { id: id.value, isolation, cell });
        }
    }
    Some(tenants)
}

fn tenant(at: &At<'_>, report: &mut Report) -> Option<(Isolation, Option<Located<CellName>>)> {
    let fields = Fields::of(at, &TENANT, report)?;
    let isolation = fields
        .required("isolation", report)
        .and_then(|at| values::word(&at, &ISOLATIONS, Code::UnknownValue, report))
        .unwrap_or(Isolation::Shared);
    let cell_at = fields.optional("cell");
    if isolation == Isolation::Dedicated && cell_at.is_none() {
        fields.required("cell", report);
    }
    let cell = cell_at.and_then(|at| values::name(&at, "a cell", CellName::parse, report));
    Some((isolation, cell))
}
