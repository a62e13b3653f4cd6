//! The JSON Schema of the language (draft 7, which editors know), for completion and a first look.
//!
//! `language`, `trust` and `access` say the language as types; `leaves` has its texts and words,
//! the words from the reader's own tables. The schema is never stricter than the reader, and knows
//! the same fields: the tests hold both.

#![allow(dead_code, reason = "of these types, only the shapes count")]

mod access;
mod language;
mod leaves;
mod trust;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::Value;

/// Where the schema is published.
const ID: &str = "https://tenantguard.dev/schema/policy/v1.json";

/// The schema as JSON text, ending with a line break.
#[must_use]
pub fn json() -> String {
    let settings =
        SchemaSettings::draft07().with(|settings| settings.transforms.push(Box::new(Tidy)));
    let mut schema = settings.into_generator().into_root_schema_for::<language::Policy>();
    schema.insert("$id".to_owned(), ID.into());
    // Maps of `serde_json` are sorted, so the same types give the same bytes.
    format!("{:#}\n", schema.as_value())
}

/// What may be left out is not null in this language: an empty value in YAML is a mistake. And
/// descriptions are one line, as editors show them.
#[derive(Debug, Clone)]
struct Tidy;

impl Transform for Tidy {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if let Some(Value::String(description)) = schema.get_mut("description") {
            *description = description.replace('\n', " ");
        }
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(words)) = schema.get_mut("enum") {
            words.retain(|word| !word.is_null());
        }
        if let Some(Value::Array(forms)) = schema.get_mut("anyOf") {
            forms.retain(|form| form.get("type") != Some(&"null".into()));
            if let [only] = forms.as_slice()
                && let Some(inner) = only.get("anyOf").cloned()
            {
                schema.insert("anyOf".to_owned(), inner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::read::shapes;

    const COMMITTED: &str = include_str!("../../schema/policy.schema.json");

    #[test]
    fn the_committed_schema_is_current() {
        let hint = "write it anew: tenantguard policy schema > policy/schema/policy.schema.json";
        assert!(json() == COMMITTED, "policy/schema/policy.schema.json is not current; {hint}");
    }

    /// The fields of every map in the schema that has only fields that are named.
    fn objects(schema: &Value) -> BTreeMap<String, BTreeSet<String>> {
        let fields = |object: &Value| -> Option<BTreeSet<String>> {
            let is_closed = object.get("additionalProperties") == Some(&Value::Bool(false));
            let fields = object.get("properties")?.as_object()?;
            is_closed.then(|| fields.keys().cloned().collect())
        };
        let definitions = schema["definitions"].as_object().unwrap();
        let named = definitions.iter().filter_map(|(name, d)| Some((name.clone(), fields(d)?)));
        named.chain([("Policy".to_owned(), fields(schema).unwrap())]).collect()
    }

    #[test]
    fn the_schema_has_exactly_the_fields_that_the_reader_knows() {
        let read = shapes::ALL.iter().map(|shape| {
            let fields = shape.fields().iter().map(|field| (*field).to_owned());
            (shape.name().to_owned(), fields.collect::<BTreeSet<_>>())
        });
        let schema: Value = serde_json::from_str(&json()).unwrap();
        assert_eq!(objects(&schema), read.collect());
    }

    #[test]
    fn every_field_says_what_it_is_for() {
        let schema: Value = serde_json::from_str(&json()).unwrap();
        let definitions = schema["definitions"].as_object().unwrap().values();
        for object in definitions.chain([&schema]) {
            let fields = object.get("properties").and_then(Value::as_object);
            for (name, field) in fields.into_iter().flatten() {
                let text = field.get("description").and_then(Value::as_str);
                assert!(text.is_some_and(|text| text.len() > 10), "{name}: {field}");
            }
        }
    }
}
