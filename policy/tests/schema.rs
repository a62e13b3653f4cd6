//! The published JSON Schema and the reader hold each other: what the reader accepts, the schema
//! accepts; what the reader finds wrong in the shape of a policy, the schema does not accept.

use serde_json::{Value, json};
use tenantguard_policy::{FileError, Files, Format, NoFiles, Stage, check};

use crate::common::{GOOD, files};

/// Everything that the language has, beside what [`GOOD`] has.
const REST: &str = r"
default_cell: shared
header_prefix: x-
token: {header: x-jwt}
token_cache: 8MiB
paths: {dot_segments: refuse, repeated_slashes: merge, encoding: decode, semicolon: keep, encoded_slash: refuse}
limits: {path: 4KiB, headers: 50, header_bytes: 16KiB, body: 10MiB}
tenant_roles: {permissions: ['reports:*']}
delegations:
  lent:
    from: acme
    to: globex
    principals: [platform/alice]
    permissions: [reports:read]
    not_before: 2026-01-01T00:00:00Z
    expires: 2026-12-31T00:00:00Z
    consent: {by: admin@acme.example, at: 2026-01-01T00:00:00+02:00, reference: DPA-114}
";

/// A policy that has every field of the language, as JSON.
fn everything() -> Value {
    let yaml = GOOD
        .replace("{isolation: shared}", "{isolation: shared, roles: {auditor: {extends: [viewer], permissions: [reports:read]}}}")
        .replace("    max_lifetime: 1h\n", "    max_lifetime: 1h\n    skew: 10s\n    authority: roles\n    type: at+jwt\n    namespace: platform\n    audiences: [b.example.com]\n")
        .replace("    expires: 2026-12-31T00:00:00Z", "    audiences: [b.example.com]\n    bill: delegator\n    expires: 2026-12-31T00:00:00Z")
        .replace("deny: [reports:write]", "deny: [reports:write], grant: [users:read]")
        .replace("usage: none", "usage: none, mode: shadow, body: 1KiB, hosts: [api.example.com, '{t}.example.com']")
        .replace("    resource_tenant: path.tenant\n", "    resource_tenant: path.tenant\n    on_stale: {allow: 30s}\n    revocation: ask\n    streams: keep\n");
    let text = format!("{yaml}{REST}");
    let checked = check(&text, Format::Yaml, &files()).unwrap_or_else(|f| panic!("{f}"));
    let mut policy: Value = serde_json::from_str(checked.canonical_json()).unwrap();
    let more = json!({
        "remote": {
            "issuer": "https://r.example", "asserts": {"tenants": ["acme"]}, "authority": "scopes",
            "keys": {"cluster": "idp", "path": "/jwks", "host": "r.example", "refresh": "1m", "max_stale": "2h"},
            "client_certificate": {"pinned": ["ab".repeat(32)]},
            "claims": {"tenant": {"claim": "t"}},
        },
        "exchange": {
            "issuer": "https://x.example", "asserts": {"tenants": "any", "roles": "any"},
            "keys": {"cluster": "control", "path": "/jwks"}, "delegation_tokens": true,
        },
        "mapped": {
            "issuer": "https://m.example", "asserts": {"tenants": ["acme"], "roles": ["viewer"]},
            "keys": {"cluster": "idp", "path": "/jwks"},
            "claims": {"tenant": {"constant": "acme"}, "roles": {"claim": "groups", "map": {"a": "viewer"}}},
        },
    });
    for (name, issuer) in more.as_object().unwrap() {
        policy["issuers"][name] = issuer.clone();
    }
    policy["cross_tenant"] =
        json!({"require_token": true, "max_lifetime": "5m", "bill": "delegate"});
    policy
}

fn schema() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&tenantguard_policy::schema::json()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// Whether the reader accepts the policy, and what it finds wrong in its shape.
fn read(policy: &Value) -> (bool, Vec<String>) {
    match check(&policy.to_string(), Format::Json, &NoFiles) {
        Ok(_) => (true, Vec::new()),
        Err(found) => {
            let shape = found.iter().filter(|f| f.code.stage() == Stage::Shape);
            (false, shape.map(ToString::to_string).collect())
        }
    }
}

/// The JSON Pointers of every value below the root.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    let below: Vec<(String, &Value)> = match value {
        Value::Object(map) => {
            map.iter().map(|(k, v)| (format!("{at}/{}", escaped(k)), v)).collect()
        }
        Value::Array(items) => {
            items.iter().zip(0..).map(|(v, n)| (format!("{at}/{n}"), v)).collect()
        }
        _ => Vec::new(),
    };
    for (pointer, value) in below {
        all.push(pointer.clone());
        // What is in a key is not the language's.
        if !pointer.contains("/jwks/keys/") {
            pointers(value, &pointer, all);
        }
    }
}

#[test]
fn a_policy_with_every_field_is_good_for_both() {
    let policy = everything();
    assert_eq!(read(&policy), (true, Vec::new()));
    let schema = schema();
    let errors: Vec<String> =
        schema.iter_errors(&policy).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert_eq!(errors, [""; 0]);
}

#[test]
fn the_policy_with_every_field_has_every_field() {
    let schema: Value = serde_json::from_str(&tenantguard_policy::schema::json()).unwrap();
    let text = everything().to_string();
    let definitions = schema["definitions"].as_object().unwrap().values();
    for object in definitions.chain([&schema]) {
        for field in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
            // A file of keys is in its place, and there is one source of tokens.
            let is_used = ["jwks_file", "cookie"].contains(&field.0.as_str())
                || text.contains(&format!("\"{}\":", field.0));
            assert!(is_used, "{}", field.0);
        }
    }
}

#[test]
fn no_damage_is_judged_differently_by_the_reader_and_the_schema() {
    let (policy, schema) = (everything(), schema());
    let mut all = Vec::new();
    pointers(&policy, "", &mut all);
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1.5),
        json!(""),
        json!("any"),
        json!("é "),
        json!([]),
        json!([""]),
        json!({}),
        json!({"x": 1}),
        json!([[1]]),
    ];
    let (mut accepted, mut refused) = (0, 0);
    for pointer in &all {
        let put = |value: &Value| {
            let mut damaged = policy.clone();
            *damaged.pointer_mut(pointer).unwrap() = value.clone();
            damaged
        };
        let mut damaged: Vec<Value> = values.iter().map(put).collect();
        damaged.push(without(&policy, pointer));
        if let Some(Value::Object(map)) = policy.pointer(pointer) {
            let mut more = map.clone();
            more.insert("nobody_knows".to_owned(), json!(1));
            damaged.push(put(&Value::Object(more)));
        }
        for policy in damaged {
            let (is_good, found) = read(&policy);
            let is_valid = schema.is_valid(&policy);
            assert!(is_valid || !is_good, "the schema alone refuses, at {pointer}: {policy}");
            if !found.iter().all(|line| is_beyond_a_schema(line)) {
                assert!(!is_valid, "the reader alone refuses, at {pointer}: {found:?}\n{policy}");
                refused += 1;
            }
            accepted += usize::from(is_good);
        }
    }
    assert!(accepted > 50 && refused > 1000, "{accepted} accepted, {refused} refused");
}

fn without(policy: &Value, pointer: &str) -> Value {
    let mut damaged = policy.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match damaged.pointer_mut(parent).unwrap() {
        Value::Object(map) => {
            map.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Value::Array(items) => {
            items.remove(key.parse().unwrap());
        }
        _ => {}
    }
    damaged
}

/// What the schema does not say: bounds, lists without repetition, the inner form of some texts, and,
/// for the sake of parts of a policy, what the top level needs.
fn is_beyond_a_schema(found: &str) -> bool {
    const BEYOND: [&str; 5] = [
        "[duplicate-item]",
        "[invalid-domain]",
        "[invalid-duration]",
        "[invalid-host]",
        "[invalid-size]",
    ];
    let is_top = ["version:", "routes:", "policy:"].iter().any(|top| found.starts_with(top));
    is_top || BEYOND.iter().any(|code| found.contains(code))
}

/// The same keys, whatever the file is called.
struct AnyKeys(String);

impl Files for AnyKeys {
    fn read(&self, _: &str) -> Result<String, FileError> {
        Ok(self.0.clone())
    }
}

#[test]
fn every_policy_that_is_shown_or_tested_is_valid() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let text = |name: &str| std::fs::read_to_string(format!("{root}/{name}")).unwrap();
    let readme = text("README.md");
    let blocks = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let shown = blocks.map(|block| {
        let indent = block.len() - block.trim_start_matches(' ').len();
        let lines = block.lines().map(|line| line.get(indent..).unwrap_or_default());
        lines.collect::<Vec<_>>().join("\n")
    });
    let whole: Vec<String> = shown.filter(|text| text.starts_with("version: 1")).collect();
    assert!(!whole.is_empty(), "the README shows a whole policy");
    let tested = ["tests/corpus/policy.yaml", "xtask/src/demo/policy.yaml"].map(text);

    let (schema, keys) = (schema(), AnyKeys(files()["platform.jwks.json"].clone()));
    for text in whole.iter().chain(&tested) {
        let checked = check(text, Format::Yaml, &keys).unwrap_or_else(|f| panic!("{f}\n{text}"));
        let mut policy: Value = serde_json::from_str(checked.canonical_json()).unwrap();
        assert!(schema.is_valid(&policy), "{text}");
        for issuer in policy["issuers"].as_object_mut().unwrap().values_mut() {
            if issuer["keys"].get("jwks").is_some() {
                issuer["keys"] = json!({"jwks_file": "keys.jwks.json"});
            }
        }
        assert!(schema.is_valid(&policy), "with key files: {text}");
    }
}
