//! What is wrong with a policy, as tables: an edit of a good policy, and the findings that it must
//! have, by code and path, and no others.

mod access;
mod claims;
mod delegated;
mod explained;
mod issuers;
mod lints;
mod requests;
mod spans;

use crate::common::{GOOD, check};

/// An edit: what is replaced, by what, and the findings.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

fn run(cases: &[Case]) {
    for (from, to, expected) in cases {
        assert_eq!(GOOD.matches(from).count(), 1, "the edit of {from:?} has no single place");
        let found = check(&GOOD.replace(from, to));
        let found: Vec<_> = found.iter().map(|(c, p)| (c.as_str(), p.as_str())).collect();
        assert_eq!(found, *expected, "{from:?} -> {to:?}");
    }
}

#[test]
fn a_good_policy_has_no_findings() {
    assert_eq!(check(GOOD), []);
}

#[test]
fn the_top_level() {
    run(&[
        ("version: 1", "version: 2", &[("unsupported-version", "version")]),
        ("version: 1", "version: '1'", &[("unsupported-version", "version")]),
        ("version: 1\n", "", &[("missing-field", "version")]),
        (
            "audiences: [api.example.com]\n",
            "",
            &[("no-audience", "issuers.platform"), ("no-audience", "issuers.partner")],
        ),
        ("[api.example.com]", "api.example.com", &[("wrong-type", "audiences")]),
        ("version: 1\n", "version: 1\ntoken: {cookie: session}\n", &[]),
        ("version: 1\n", "version: 1\ntoken: {}\n", &[("conflict", "token")]),
        ("version: 1\n", "version: 1\ntoken_cache: 8MiB\n", &[]),
        ("version: 1\n", "version: 1\ntoken_cache: 'off'\n", &[]),
        ("version: 1\n", "version: 1\ntoken_cache: 8MB\n", &[("invalid-text", "token_cache")]),
        ("version: 1\n", "version: 1\ntoken_cache: 1024MiB\n", &[("invalid-text", "token_cache")]),
        (
            "version: 1\n",
            "version: 1\ntoken: {header: x-jwt, cookie: session}\n",
            &[("conflict", "token")],
        ),
        (
            "version: 1\n",
            "version: 1\ntoken: {header: X-JWT}\n",
            &[("invalid-text", "token.header")],
        ),
        (
            "version: 1\n",
            "version: 1\ntoken: {header: cookie}\n",
            &[("invalid-text", "token.header")],
        ),
        (
            "[api.example.com]",
            "['a b', '']",
            &[
                ("invalid-text", "audiences[0]"),
                ("invalid-text", "audiences[1]"),
                ("no-audience", "issuers.platform"),
                ("no-audience", "issuers.partner"),
            ],
        ),
        ("[api.example.com]", "[a, b, a]", &[("duplicate-item", "audiences[2]")]),
        ("audiences:", "default_cell: 'a b'\naudiences:", &[("invalid-name", "default_cell")]),
        (
            "audiences:",
            "header_prefix: tenant-\naudiences:",
            &[("invalid-header-prefix", "header_prefix")],
        ),
        ("audiences:", "tenant: {}\naudiences:", &[("unknown-field", "tenant")]),
        ("audiences:", "version: 1\naudiences:", &[("duplicate-key", "version")]),
    ]);
}

#[test]
fn everything_is_reported_at_once_in_the_order_of_the_text() {
    let bad = GOOD
        .replace("max_lifetime: 1h", "max_lifetime: soon")
        .replace("[globex]", "[globx]")
        .replace("extends: [viewer]", "extends: [viewr]")
        .replace("usage: none", "usge: none")
        .replace("path.tenant", "path.tenat");
    let found = check(&bad);
    let paths: Vec<&str> = found.iter().map(|(_, path)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "issuers.platform.max_lifetime",
            "issuers.partner.asserts.tenants[0]",
            "roles.editor.extends[0]",
            "routes[0].usge",
            "routes[2].resource_tenant",
        ]
    );
}

#[test]
fn what_is_no_policy_at_all_is_one_finding() {
    for (text, code) in [
        ("", "wrong-type"),
        ("[]", "wrong-type"),
        ("just text", "wrong-type"),
        ("a: [", "syntax"),
        ("{}", "missing-field"),
    ] {
        let found = check(text);
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        assert_eq!(found[0].0, code, "{text:?}");
    }
}

#[test]
fn every_finding_says_what_to_do_or_stands_in_one_line() {
    let bad = GOOD.replace("extends: [viewer]", "extends: [viewr]");
    let findings =
        tenantguard_policy::check(&bad, tenantguard_policy::Format::Yaml, &crate::common::files())
            .unwrap_err();
    assert_eq!(
        findings.to_string(),
        "roles.editor.extends[0]: there is no role \"viewr\" [unknown-role]; did you mean `viewer`?"
    );
}
