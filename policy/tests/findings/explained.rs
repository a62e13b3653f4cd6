//! Every code has an explanation whose examples are true: the wrong one has exactly that finding
//! among its own, and the right one has none at all, warnings included.

use std::collections::BTreeSet;

use tenantguard_policy::{Code, Format, Severity, SourceFile, Stage, review};

use crate::common::files;

/// What an example replaces sections of.
const BASE: &str = r#"version: 1
audiences: [api.example.com]
issuers:
  platform:
    issuer: https://id.example.com
    keys: {jwks_file: platform.jwks.json}
    algorithms: [ES256, EdDSA]
    asserts: {tenants: any, roles: any}
tenants:
  acme: {isolation: dedicated, cell: acme-eu}
  partnerco: {isolation: shared}
roles:
  viewer: {permissions: ["reports:read"]}
  editor: {extends: [viewer], permissions: ["reports:write"]}
routes:
  - path: /reports/{report}
    methods: {GET: "reports:read", PUT: "reports:write"}
  - path: /tenants/{tenant}/reports
    resource_tenant: path.tenant
    methods: {GET: "reports:read"}
"#;

/// The codes whose example would fill books; a generated policy shows them instead.
fn generated(code: Code) -> Option<String> {
    match code {
        Code::TooLarge => Some(format!("{BASE}#{}\n", "x".repeat(32 * 1024 * 1024))),
        Code::TooMany => {
            let roles = (0..10_001).map(|n| format!("  r{n}: {{extends: [viewer]}}\n"));
            Some(BASE.replace("routes:\n", &(roles.collect::<String>() + "routes:\n")))
        }
        _ => None,
    }
}

/// Splits a policy into its sections: a line that begins with a key begins one.
fn sections(text: &str) -> Vec<(&str, String)> {
    let mut sections: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        let begins = line.split_once(':').filter(|(key, _)| {
            !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        });
        match (begins, sections.last_mut()) {
            (Some((key, _)), _) => sections.push((key, format!("{line}\n"))),
            (None, Some((_, text))) => text.push_str(&format!("{line}\n")),
            (None, None) => panic!("{line:?} is in no section"),
        }
    }
    sections
}

/// The base with the example's sections in the place of its own.
pub(super) fn merged(example: &str) -> String {
    let own = sections(example);
    let names: BTreeSet<&str> = own.iter().map(|(name, _)| *name).collect();
    let base = sections(BASE).into_iter().filter(|(name, _)| !names.contains(name));
    base.chain(own).map(|(_, text)| text).collect()
}

pub(super) fn example<'t>(explanation: &'t str, kind: &str) -> Option<&'t str> {
    let (_, rest) = explanation.split_once(&format!("```yaml {kind}\n"))?;
    rest.split_once("```").map(|(example, _)| example)
}

fn found(policy: &str) -> Vec<(Code, String)> {
    let source = SourceFile { name: "policy.yaml", text: policy, format: Format::Yaml };
    let findings = review(&[source], &files()).findings;
    findings.iter().map(|finding| (finding.code, finding.to_string())).collect()
}

#[test]
fn every_wrong_example_has_its_code_and_every_right_one_nothing() {
    let mut untrue = Vec::new();
    for code in Code::ALL.iter().copied() {
        let explanation = code.explanation();
        let (wrong, right) = match generated(code) {
            Some(wrong) => (Some(wrong), Some(BASE.to_owned())),
            None => (
                example(explanation, "wrong").map(merged),
                example(explanation, "right").map(merged),
            ),
        };
        let (Some(wrong), Some(right)) = (wrong, right) else {
            untrue.push(format!("{code} lacks an example"));
            continue;
        };
        let codes = found(&wrong);
        if !codes.iter().any(|(found, _)| *found == code) {
            untrue.push(format!("the wrong example of {code} has {codes:?}"));
        }
        let none = found(&right);
        if !none.is_empty() {
            untrue.push(format!("the right example of {code} has {none:?}"));
        }
    }
    assert!(untrue.is_empty(), "{}", untrue.join("\n"));
}

#[test]
fn a_wrong_example_is_about_one_thing() {
    // What follows from the mistake itself.
    let follows = [(Code::YamlAlias, Code::YamlAnchor), (Code::UnknownField, Code::MissingField)];
    let mut beside = Vec::new();
    for code in Code::ALL.iter().copied() {
        let Some(wrong) = example(code.explanation(), "wrong") else { continue };
        let others = found(&merged(wrong))
            .into_iter()
            .filter(|(other, _)| *other != code && !follows.contains(&(code, *other)));
        beside.extend(others.map(|(_, text)| format!("the example of {code} also has {text}")));
    }
    assert!(beside.is_empty(), "{}", beside.join("\n"));
}

#[test]
fn every_explanation_begins_with_a_sentence_and_ends_with_the_remedy() {
    for code in Code::ALL.iter().copied() {
        let paragraphs: Vec<&str> = code.explanation().split("\n\n").collect();
        assert!(paragraphs.len() >= 2, "{code}");
        for text in [paragraphs.first(), paragraphs.last()].into_iter().flatten() {
            assert!(text.len() > 20 && !text.contains("```"), "{code}: {text}");
            assert!(text.trim_end().ends_with(['.', '`', ')']), "{code}: {text}");
        }
        assert_eq!(Code::find(code.code()), Some(code));
    }
}

#[test]
fn warnings_compile_and_errors_do_not() {
    for code in Code::ALL.iter().copied() {
        let Some(wrong) = example(code.explanation(), "wrong") else { continue };
        let compiled = tenantguard_policy::compile(&merged(wrong), Format::Yaml, &files());
        assert_eq!(compiled.is_ok(), code.severity() == Severity::Warning, "{code}");
        assert_eq!(code.stage() == Stage::Lint, code.severity() == Severity::Warning);
    }
}
