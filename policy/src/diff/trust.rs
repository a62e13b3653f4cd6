//! Who may speak for whom, and what is asked of its tokens, before and now.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tenantguard::artifact::Policy;
use tenantguard::trust::{Issuer, IssuerKeys};

use super::report::{FieldChange, IssuerChange, Kind};
use super::values::{self, Fields, Flat};
use crate::meaning::Meaning;
use crate::meaning::speakers::{Extent, Speaker};
use crate::thumbprint;

/// Every issuer that differs, found by its `iss`.
pub(super) fn changes(old: &Meaning<'_>, new: &Meaning<'_>) -> Vec<IssuerChange> {
    let (before, after) = (issuers(old.policy), issuers(new.policy));
    let urls: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let change = |url: &str| {
        let (before, after) = (before.get(url).copied(), after.get(url).copied());
        let fields = fields(before, after);
        let change = match (before, after) {
            (None, _) => Kind::Gained,
            (_, None) => Kind::Lost,
            _ if fields.is_empty() => return None,
            _ => Kind::Changed,
        };
        Some(IssuerChange { issuer: url.to_owned(), change, fields })
    };
    urls.into_iter().filter_map(change).collect()
}

fn issuers(policy: &Policy) -> BTreeMap<&str, &Issuer> {
    policy.issuers().map(|(_, issuer)| (&*issuer.url, issuer)).collect()
}

/// First whom it may speak for, as its lists and its mapping of claims together say; then
/// everything else.
fn fields(old: Option<&Issuer>, new: Option<&Issuer>) -> Vec<FieldChange> {
    let (before, after) = (old.map(Speaker::of), new.map(Speaker::of));
    let extent = |name, of: fn(&Speaker) -> &Extent| {
        let items = |speaker: &Option<Speaker>| {
            speaker.as_ref().map(|speaker| items(of(speaker))).unwrap_or_default()
        };
        FieldChange::of_lists(name, &items(&before), &items(&after))
    };
    let tenants = extent("asserts.tenants", |speaker| &speaker.tenants);
    let roles = extent("asserts.roles", |speaker| &speaker.roles);
    let (mut told, mut now) = (spread(old), spread(new));
    for (name, change) in [("tenants", &tenants), ("roles", &roles)] {
        if change.is_some() {
            for fields in [&mut told, &mut now] {
                fields.remove(name);
                fields.remove(&format!("{name}.only"));
            }
        }
    }
    let others = values::changes(&told, &now);
    tenants.into_iter().chain(roles).chain(others).collect()
}

fn items(extent: &Extent) -> Vec<String> {
    match extent.names() {
        None => vec!["any".to_owned()],
        Some(names) => names.iter().map(ToString::to_string).collect(),
    }
}

/// All settings of an issuer; its keys by their thumbprints.
fn spread(issuer: Option<&Issuer>) -> Fields {
    let mut fields = Fields::new();
    let Some(issuer) = issuer else { return fields };
    let mut value = serde_json::to_value(issuer).unwrap_or_default();
    if let Some(map) = value.as_object_mut() {
        map.remove("url");
        map.remove("algorithms");
        let algorithms = issuer.algorithms.iter().map(ToString::to_string).collect();
        fields.insert("algorithms".to_owned(), Flat::Many(algorithms));
        if let IssuerKeys::Inline(set) = &issuer.keys {
            map.remove("keys");
            let keys = set.keys().iter().map(thumbprint::described).collect();
            fields.insert("keys".to_owned(), Flat::Many(keys));
        }
    }
    values::flatten("", &value, &mut fields);
    fields
}

/// What a policy has one of, by its dotted name, in the policy's own words.
#[must_use]
pub fn settings_in_words(policy: &Policy) -> BTreeMap<String, String> {
    let words = |value| match value {
        Flat::One(word) => word,
        Flat::Many(words) => words.into_iter().collect::<Vec<_>>().join(", "),
    };
    settings_of(policy).into_iter().map(|(name, value)| (name, words(value))).collect()
}

/// What holds for all requests.
pub(super) fn settings(old: &Policy, new: &Policy) -> Vec<FieldChange> {
    let mut changes = values::changes(&settings_of(old), &settings_of(new));
    let (before, after) = (scopes(old), scopes(new));
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    changes.extend(names.into_iter().filter_map(|name| {
        let of =
            |scopes: &BTreeMap<&str, Vec<String>>| scopes.get(name).cloned().unwrap_or_default();
        FieldChange::of_lists(&format!("scopes.{name}"), &of(&before), &of(&after))
    }));
    changes
}

fn settings_of(policy: &Policy) -> Fields {
    let mut fields = Fields::new();
    let Ok(Value::Object(mut map)) = serde_json::to_value(policy.settings()) else {
        return fields;
    };
    map.remove("issuers");
    // A position, which means nothing by itself; what it leads to is in what delegations give.
    map.remove("ceiling");
    values::flatten("", &Value::Object(map), &mut fields);
    fields
}

/// The scopes that are no permission's own name.
fn scopes(policy: &Policy) -> BTreeMap<&str, Vec<String>> {
    let own: BTreeSet<&str> = policy.permissions().map(|(_, name)| name).collect();
    let aliases = policy.scopes().filter(|(name, _)| !own.contains(name));
    let stands_for = aliases.map(|(name, set)| {
        let names = set.iter().filter_map(|id| policy.permission(id));
        (name, names.map(str::to_owned).collect())
    });
    stands_for.collect()
}
