//! How the meaning of a policy differs from that of another: not its text, but who may do what,
//! whom issuers speak for, and what is asked of tokens. Form, order, names of parameters and places
//! of rules mean nothing.
//!
//! Both sides are compiled policies. `grounds` pairs the routes that govern the same requests, then
//! `access` compares what roles may do at home, `pairs` what delegations open, `trust` the rest.

mod access;
mod grounds;
mod pairs;
mod report;
mod trust;
mod values;

use tenantguard::artifact::Policy;
use tenantguard::artifact::route::OnStale;

use self::access::Comparison;
use self::grounds::{Gate, Ground};
pub use self::report::{
    AccessChange, DelegationChange, Diff, FieldChange, IssuerChange, Kind, OpenChange, PairChange,
    RouteChange, TenantChange, Way,
};
pub use self::trust::settings_in_words;
use crate::meaning::{Meaning, Route, Tenant};
use crate::read::words::{self, Words};

impl Diff {
    /// Compares two policies.
    #[must_use]
    pub fn between(old: &Policy, new: &Policy) -> Self {
        let (before, after) = (Meaning::of(old), Meaning::of(new));
        let grounds = grounds::grounds(&before, &after);
        let gates: Vec<Gate> =
            grounds.iter().flat_map(|ground| ground.gates(&before, &after)).collect();
        let mut comparison = Comparison::new(&before, &after, &gates);
        let mut tenants = comparison.of_those_who_did_not();
        tenants.extend(moved(&before, &after));
        Self {
            old: old.digest().to_string(),
            new: new.digest().to_string(),
            pairs: pairs::changes(&before, &after, &gates),
            open: access::open(&gates),
            access: comparison.of_those_who_stayed(),
            issuers: trust::changes(&before, &after),
            tenants,
            routes: grounds.iter().filter_map(route_change).collect(),
            settings: trust::settings(old, new),
        }
    }
}

/// Tenants whose isolation or cell differs, those with the same change together.
fn moved(old: &Meaning<'_>, new: &Meaning<'_>) -> Vec<TenantChange> {
    use std::collections::BTreeMap;
    let before: BTreeMap<&str, &Tenant> = old.tenants.iter().map(|t| (&*t.id, t)).collect();
    let mut by_change: BTreeMap<Vec<FieldChange>, Vec<String>> = BTreeMap::new();
    for tenant in &new.tenants {
        let Some(was) = before.get(&*tenant.id) else { continue };
        let isolation = |tenant: &Tenant| Some(tenant.isolation.as_str().to_owned());
        let cell = |tenant: &Tenant| Some(tenant.cell.to_string());
        let fields = [
            FieldChange::of("isolation", isolation(was), isolation(tenant)),
            FieldChange::of("cell", cell(was), cell(tenant)),
        ];
        let fields: Vec<FieldChange> = fields.into_iter().flatten().collect();
        if !fields.is_empty() {
            by_change.entry(fields).or_default().push(tenant.id.to_string());
        }
    }
    let change = |(fields, tenants)| TenantChange {
        tenants,
        change: Kind::Changed,
        like: None,
        access: Vec::new(),
        fields,
    };
    by_change.into_iter().map(change).collect()
}

/// As the policy spells it.
fn word<T: PartialEq>(words: Words<T>, value: T) -> Option<String> {
    words.iter().find(|(_, one)| *one == value).map(|(word, _)| (*word).to_owned())
}

fn on_stale(value: OnStale) -> String {
    match value {
        OnStale::Allow(cap) => format!("allow for {} s", cap.as_secs()),
        other => word(words::ON_STALE, other).unwrap_or_default(),
    }
}

/// How a route treats requests otherwise than the one that governed them before.
fn route_change(ground: &Ground<'_>) -> Option<RouteChange> {
    let (old, new) = (ground.old?, ground.new?);
    let value =
        |name, of: &dyn Fn(&Route) -> Option<String>| FieldChange::of(name, of(old), of(new));
    // A parameter by another name is the same segment.
    let resource = || match old.resource == new.resource {
        true => None,
        false => value("resource_tenant", &Route::resource_text),
    };
    let fields = [
        resource(),
        value("mode", &|route| Some(route.mode.as_str().to_owned())),
        value("usage", &|route| Some(route.usage.to_owned())),
        value("body", &|route| route.body_limit.map(|limit| limit.to_string())),
        value("on_stale", &|route| Some(on_stale(route.on_stale))),
        value("revocation", &|route| word(words::REVOCATIONS, route.revocation)),
        value("streams", &|route| word(words::STREAMS, route.streams)),
    ];
    let fields: Vec<FieldChange> = fields.into_iter().flatten().collect();
    let (route, hosts) = ground.text();
    (!fields.is_empty()).then_some(RouteChange { route, hosts, fields })
}
