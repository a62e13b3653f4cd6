//! A policy in several files is the policy that they make together.

use std::collections::BTreeMap;

use crate::common::{GOOD, files};
use tenantguard_policy::{Format, SourceFile, check, check_all};

fn yaml<'t>(name: &'t str, text: &'t str) -> SourceFile<'t> {
    SourceFile { name, text, format: Format::Yaml }
}

/// The policy that the tests start from, cut into files in an order of its own.
fn split() -> Vec<(&'static str, String)> {
    let section = |from: &str, to: &str| {
        let start = GOOD.find(&format!("\n{from}")).map_or(0, |at| at + 1);
        let end =
            GOOD[start + 1..].find(&format!("\n{to}")).map_or(GOOD.len(), |at| start + at + 2);
        GOOD[start..end].to_owned()
    };
    let routes = section("routes:\n", "no such text");
    let (first, second) = routes.split_at(routes.find("  - path: /reports").unwrap());
    vec![
        ("issuers.yaml", section("version: 1", "tenants:")),
        ("roles.yaml", format!("version: 1\n{}", section("roles:", "routes:"))),
        ("routes/api.yaml", format!("routes:\n{second}")),
        ("routes/public.yaml", first.to_owned()),
        ("tenants/acme.yaml", section("tenants:", "  globex")),
        ("tenants/globex.yaml", "tenants:\n  globex: {isolation: shared}\n".to_owned()),
        ("todo.yaml", "# nothing yet\n".to_owned()),
    ]
}

#[test]
fn a_policy_split_up_has_the_same_digest() {
    let whole = check(GOOD, Format::Yaml, &files()).unwrap();
    let parts = split();
    let mut sources: Vec<_> = parts.iter().map(|(name, text)| yaml(name, text)).collect();
    for _ in 0..sources.len() {
        sources.rotate_left(1);
        let joined = check_all(&sources, &files()).unwrap();
        assert_eq!(joined.canonical_json(), whole.canonical_json());
        assert_eq!(joined.digest(), whole.digest());
    }
    let again = check(whole.canonical_json(), Format::Json, &files()).unwrap();
    assert_eq!(again.canonical_json(), whole.canonical_json());
}

#[test]
fn every_part_matters_to_the_digest() {
    let parts = split();
    let sources: Vec<_> = parts.iter().map(|(name, text)| yaml(name, text)).collect();
    let whole = check_all(&sources, &files()).unwrap().digest();
    let without_a_route: Vec<_> =
        sources.iter().copied().filter(|s| s.name != "routes/public.yaml").collect();
    assert_ne!(check_all(&without_a_route, &files()).unwrap().digest(), whole);
}

#[test]
fn a_finding_is_shown_in_its_file_and_counted_within_it() {
    let mut parts = split();
    parts[2].1 = parts[2].1.replace("PUT: reports:write", "PUT: reports");
    let sources: Vec<_> = parts.iter().map(|(name, text)| yaml(name, text)).collect();
    let findings = check_all(&sources, &files()).unwrap_err();
    let finding = findings.iter().find(|f| f.path() == "routes[0].methods.PUT").unwrap();
    let span = finding.place.span.unwrap();
    assert_eq!(sources[span.file.0 as usize].name, "routes/api.yaml");
    assert_eq!(parts[2].1.get(span.start..span.end), Some("reports"));
}

#[test]
fn a_key_in_two_files_is_shown_in_both() {
    let twice = "tenants: {acme: {isolation: shared}}\n";
    let mut parts = split();
    parts.push(("zz.yaml", twice.to_owned()));
    let sources: Vec<_> = parts.iter().map(|(name, text)| yaml(name, text)).collect();
    let findings = check_all(&sources, &files()).unwrap_err();
    let found: Vec<_> = findings.iter().map(|f| (f.code.to_string(), f.path())).collect();
    assert_eq!(found, [("duplicate-key".to_owned(), "tenants.acme".to_owned())]);
    let finding = findings.iter().next().unwrap();
    let name = |file: u32| sources[file as usize].name;
    let other = finding.other.as_ref().unwrap();
    assert_eq!(
        (name(finding.place.file().0), name(other.file().0)),
        ("zz.yaml", "tenants/acme.yaml")
    );
}

#[test]
fn a_file_that_cannot_be_parsed_is_said_for_each() {
    let sources = [yaml("a.yaml", "a: ["), yaml("b.yaml", "version: 1"), yaml("c.yaml", "c: ]")];
    let findings = check_all(&sources, &files()).unwrap_err();
    let found: Vec<_> = findings.iter().map(|f| (f.code.to_string(), f.place.file().0)).collect();
    assert_eq!(found, [("syntax".to_owned(), 0), ("syntax".to_owned(), 2)]);
    assert!(check_all(&[], &files()).is_err());
}

#[test]
fn key_files_are_looked_for_beside_the_file_that_names_them() {
    let beside: BTreeMap<_, _> =
        files().into_iter().map(|(name, text)| (format!("trust/{name}"), text)).collect();
    assert!(check_all(&[yaml("trust/policy.yaml", GOOD)], &beside).is_ok());
    assert!(check_all(&[yaml("policy.yaml", GOOD)], &beside).is_err());
}

#[test]
fn places_know_their_file_and_line() {
    let parts = split();
    let sources: Vec<_> = parts.iter().map(|(name, text)| yaml(name, text)).collect();
    let checked = check_all(&sources, &files()).unwrap();
    let globex = checked.source().tenants.iter().find(|t| t.id.as_str() == "globex").unwrap();
    assert_eq!(checked.source_map().line(&globex.place), Some(("tenants/globex.yaml", 2)));
}
