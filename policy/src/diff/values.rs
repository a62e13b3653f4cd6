//! Settings as flat lists of named values, so that none is forgotten: what is serialized into the
//! artifact is compared, whatever fields it has. The order of a list means nothing in any of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::report::FieldChange;

/// One value, or the items of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Flat {
    One(String),
    Many(BTreeSet<String>),
}

/// Values by their dotted names.
pub(super) type Fields = BTreeMap<String, Flat>;

/// Spreads a value out under `name`.
pub(super) fn flatten(name: &str, value: &Value, into: &mut Fields) {
    match value {
        Value::Null => {}
        Value::Array(items) => {
            let items = items.iter().map(text).collect();
            into.insert(name.to_owned(), Flat::Many(items));
        }
        Value::Object(map) => match duration(map) {
            Some(duration) => drop(into.insert(name.to_owned(), Flat::One(duration))),
            None => map.iter().for_each(|(key, value)| flatten(&below(name, key), value, into)),
        },
        scalar => drop(into.insert(name.to_owned(), Flat::One(spelled(name, text(scalar))))),
    }
}

/// The name of what is under `key`; of a variant, as the policy spells it.
fn below(name: &str, key: &str) -> String {
    let key = match key.starts_with(|c: char| c.is_ascii_uppercase()) {
        true => in_snake_case(key),
        false => key.to_owned(),
    };
    if name.is_empty() { key } else { format!("{name}.{key}") }
}

/// Settings whose values are a word of the language.
const WORDS: [&str; 11] = [
    "authority",
    "client_certificate",
    "cross_tenant.bill",
    "paths.dot_segments",
    "paths.encoded_slash",
    "paths.encoding",
    "paths.repeated_slashes",
    "paths.semicolon",
    "token_source",
    "token_type",
    "unlisted_roles",
];

/// A word as the policy spells it: `RolesAndScopes` is `roles_and_scopes` there.
fn spelled(name: &str, value: String) -> String {
    if WORDS.contains(&name) { in_snake_case(&value) } else { value }
}

fn in_snake_case(variant: &str) -> String {
    let mut word = String::new();
    for (at, c) in variant.char_indices() {
        if at > 0 && c.is_ascii_uppercase() {
            word.push('_');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A duration as the policy spells it.
fn duration(map: &Map<String, Value>) -> Option<String> {
    let (secs, nanos) = (map.get("secs")?.as_u64()?, map.get("nanos")?.as_u64()?);
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let unit = units.iter().find(|(length, _)| secs >= *length && secs % length == 0);
    Some(match (unit, nanos) {
        (_, 1..) => format!("{}ms", secs * 1000 + nanos / 1_000_000),
        (Some((length, unit)), 0) => format!("{}{unit}", secs / length),
        (None, 0) => format!("{secs}s"),
    })
}

/// What differs.
pub(super) fn changes(old: &Fields, new: &Fields) -> Vec<FieldChange> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names.into_iter().filter_map(|name| change(name, old.get(name), new.get(name))).collect()
}

fn change(name: &str, old: Option<&Flat>, new: Option<&Flat>) -> Option<FieldChange> {
    let items = |flat: Option<&Flat>| match flat {
        Some(Flat::Many(items)) => items.iter().cloned().collect(),
        Some(Flat::One(item)) => vec![item.clone()],
        None => Vec::new(),
    };
    match (old, new) {
        (Some(Flat::Many(_)), _) | (_, Some(Flat::Many(_))) => {
            FieldChange::of_lists(name, &items(old), &items(new))
        }
        _ => {
            let one = |flat: Option<&Flat>| items(flat).into_iter().next();
            FieldChange::of(name, one(old), one(new))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: &Value) -> Fields {
        let mut fields = Fields::new();
        flatten("", value, &mut fields);
        fields
    }

    #[test]
    fn every_value_has_a_name_and_durations_read_like_the_policy() {
        let value = json!({
            "skew": {"secs": 60, "nanos": 0}, "keys": {"Remote": {"path": "/jwks"}}, "none": null,
            "claims": {"drop": ["b", "a"]}, "half": {"secs": 0, "nanos": 500_000_000},
        });
        let one = |text: &str| Flat::One(text.to_owned());
        let many = |items: &[&str]| Flat::Many(items.iter().map(|i| (*i).to_owned()).collect());
        let expected = [
            ("claims.drop", many(&["a", "b"])),
            ("half", one("500ms")),
            ("keys.remote.path", one("/jwks")),
            ("skew", one("1m")),
        ];
        let expected: Fields =
            expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(fields(&value), expected);
    }

    #[test]
    fn the_same_value_in_another_variant_is_a_change() {
        let claim = fields(&json!({"tenant": {"Claim": "acme"}, "authority": "RolesAndScopes"}));
        let constant = fields(&json!({"tenant": {"Constant": "acme"}, "authority": "Roles"}));
        let told: Vec<_> = changes(&claim, &constant)
            .into_iter()
            .map(|change| (change.field, change.before, change.after))
            .collect();
        let some = |text: &str| Some(text.to_owned());
        let expected = [
            ("authority", some("roles_and_scopes"), some("roles")),
            ("tenant.claim", some("acme"), None),
            ("tenant.constant", None, some("acme")),
        ];
        assert_eq!(told, expected.map(|(name, before, after)| (name.to_owned(), before, after)));
    }

    #[test]
    fn order_is_no_change_and_items_come_and_go() {
        let old = fields(&json!({"a": ["x", "y"], "b": 1}));
        assert_eq!(changes(&old, &fields(&json!({"b": 1, "a": ["y", "x"]}))), []);
        let changed = changes(&old, &fields(&json!({"a": ["y", "z"], "b": 2})));
        let told: Vec<_> = changed
            .iter()
            .map(|c| {
                (c.field.as_str(), c.before.as_deref(), c.after.as_deref(), &c.added, &c.removed)
            })
            .collect();
        let (none, z, x) = (vec![], vec!["z".to_owned()], vec!["x".to_owned()]);
        assert_eq!(told, [("a", None, None, &z, &x), ("b", Some("1"), Some("2"), &none, &none)]);
    }
}
