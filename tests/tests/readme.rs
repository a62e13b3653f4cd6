//! The README's policies are good policies.

use std::collections::BTreeMap;

use tenantguard_e2e::keys;
use tenantguard_policy::Format;

const README: &str = include_str!("../../README.md");

/// The YAML blocks, without their indentation.
fn blocks() -> Vec<String> {
    let fenced = README.split("```yaml\n").skip(1);
    let block = |text: &str| {
        let text = text.split("```").next().unwrap_or_default();
        let indent = text.len() - text.trim_start_matches(' ').len();
        text.lines()
            .map(|line| line.get(indent..).unwrap_or_default())
            .collect::<Vec<_>>()
            .join("\n")
    };
    fenced.map(block).collect()
}

fn check(policy: &str) {
    let set = keys::jwks_file("partnerco.jwks.json").expect("a key set of the corpus").to_string();
    let files = BTreeMap::from([("partnerco.jwks.json".to_owned(), set)]);
    if let Err(findings) = tenantguard_policy::check(policy, Format::Yaml, &files) {
        panic!("{findings}\nin\n{policy}");
    }
}

#[test]
fn the_policy_to_begin_with_has_no_findings() {
    check(&blocks()[0]);
}

#[test]
fn the_fields_of_an_issuer_have_no_findings() {
    check(&format!(
        "version: 1\naudiences: [api.example.com]\n{}\n\
         tenants: {{partnerco: {{isolation: shared}}}}\n\
         roles: {{viewer: {{permissions: ['a:b']}}, analyst: {{permissions: ['a:c']}}}}\n\
         routes: [{{path: /x, methods: {{GET: 'a:b', PUT: 'a:c'}}}}]\n",
        blocks()[1]
    ));
}

#[test]
fn the_rest_of_the_language_has_no_findings() {
    let fragment = blocks().into_iter().find(|block| block.starts_with("paths:"));
    let fragment = fragment.expect("the README has a block that begins with `paths:`");
    let fragment =
        fragment.replacen("tenants:\n", "tenants:\n  partnerco: {isolation: shared}\n", 1);
    check(&format!(
        "version: 1\naudiences: [api.example.com]\n{fragment}\n\
         issuers: {{partnerco-sso: {{issuer: https://sso.partnerco.example, \
         keys: {{jwks_file: partnerco.jwks.json}}, asserts: {{tenants: [partnerco], roles: [viewer]}}}}}}\n\
         roles: {{viewer: {{permissions: ['reports:read']}}}}\n"
    ));
}
