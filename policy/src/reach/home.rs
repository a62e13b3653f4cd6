//! What is told of every tenant at once: classes, the doors of permissions, and who speaks for whom.

use std::collections::{BTreeMap, BTreeSet};

use tenantguard::permissions::PermissionId;

use super::report::{Class, Door, Issuer, Names};
use crate::meaning::Meaning;
use crate::meaning::speakers::Extent;

/// The classes, the largest first.
pub(super) fn classes(meaning: &Meaning<'_>) -> Vec<Class> {
    let name = |at: &usize| meaning.tenant(*at).to_owned();
    let mut classes: Vec<Class> = meaning
        .classes
        .iter()
        .map(|class| {
            let mut tenants: Vec<String> = class.tenants.iter().map(name).collect();
            tenants.sort_unstable();
            let rows = class.grants.iter();
            let roles = rows.map(|(by, set)| (by.text(), meaning.names(meaning.set(*set))));
            Class { tenants, roles: roles.collect() }
        })
        .collect();
    classes.sort_by(|a, b| {
        b.tenants.len().cmp(&a.tenants.len()).then_with(|| a.tenants.cmp(&b.tenants))
    });
    classes
}

/// The doors of each permission by its name. One that opens none is left out.
pub(super) fn doors(
    meaning: &Meaning<'_>,
    by_permission: BTreeMap<PermissionId, Vec<Door>>,
) -> BTreeMap<String, Vec<Door>> {
    let named = by_permission
        .into_iter()
        .filter_map(|(id, doors)| Some((meaning.permission(id)?.to_string(), doors)));
    named.collect()
}

/// Who may speak for whom.
pub(super) fn issuers(meaning: &Meaning<'_>) -> Vec<Issuer> {
    let tenants: BTreeSet<&str> = meaning.tenants.iter().map(|tenant| &*tenant.id).collect();
    let mut issuers: Vec<Issuer> = meaning
        .speakers
        .iter()
        .map(|speaker| Issuer {
            issuer: speaker.url.clone(),
            tenants: names(&speaker.tenants, |name| tenants.contains(name)),
            roles: names(&speaker.roles, |_| true),
            authority: speaker.authority_text().to_owned(),
        })
        .collect();
    issuers.sort_by(|a, b| a.issuer.cmp(&b.issuer));
    issuers
}

fn names(extent: &Extent, is_known: impl Fn(&str) -> bool) -> Names {
    match extent.names() {
        None => Names::Any,
        Some(names) => {
            let known = names.iter().filter(|name| is_known(name));
            Names::Only(known.map(ToString::to_string).collect())
        }
    }
}
