//! Findings about the shape of what tenants define and delegate.

use super::run;

const TENANTS: &str = "tenants:\n";

#[test]
fn roles_of_tenants() {
    run(&[
        (
            "  globex: {isolation: shared}",
            "  globex: {isolation: shared, roles: [auditor]}",
            &[("wrong-type", "tenants.globex.roles")],
        ),
        (
            "  globex: {isolation: shared}",
            "  globex: {isolation: shared, roles: {'a b': {permissions: [reports]}}}",
            &[
                ("invalid-name", r#"tenants.globex.roles."a b""#),
                ("invalid-permission", r#"tenants.globex.roles."a b".permissions[0]"#),
            ],
        ),
        (TENANTS, "tenant_roles: {}\ntenants:\n", &[("missing-field", "tenant_roles.permissions")]),
        (
            TENANTS,
            "tenant_roles: {permissions: []}\ntenants:\n",
            &[("empty-list", "tenant_roles.permissions")],
        ),
        (
            TENANTS,
            "tenant_roles: {permission: [reports:read]}\ntenants:\n",
            &[
                ("missing-field", "tenant_roles.permissions"),
                ("unknown-field", "tenant_roles.permission"),
            ],
        ),
    ]);
}

/// A delegation with one edit, and its findings.
type Edit = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

fn delegations(edits: &[Edit]) {
    const GOOD: &str = "delegations:\n  d: {from: acme, to: globex, principals: any, permissions: [reports:read], expires: 2026-12-31T00:00:00Z, consent: {by: a@acme.example, at: 2026-01-01T00:00:00Z, reference: DPA-114}}\ntenants:\n";
    for (from, to, expected) in edits {
        assert_eq!(GOOD.matches(from).count(), 1, "the edit of {from:?} has no single place");
        let edited: &'static str = GOOD.replace(from, to).leak();
        run(&[(TENANTS, edited, expected)]);
    }
}

#[test]
fn what_a_delegation_says() {
    delegations(&[
        ("principals: any", "principals: [partner/alice, platform/a%20b]", &[]),
        ("principals: any, ", "", &[("missing-field", "delegations.d.principals")]),
        ("principals: any", "principals: all", &[("wrong-type", "delegations.d.principals")]),
        (
            "principals: any",
            "principals: [alice, 'partner/a b', '*']",
            &[
                ("invalid-name", "delegations.d.principals[0]"),
                ("invalid-name", "delegations.d.principals[1]"),
                ("wildcard-crosses-tenants", "delegations.d.principals[2]"),
            ],
        ),
        (
            "from: acme, to: globex, ",
            "",
            &[("missing-field", "delegations.d.from"), ("missing-field", "delegations.d.to")],
        ),
        ("from: acme", "from: '*'", &[("wildcard-crosses-tenants", "delegations.d.from")]),
        ("[reports:read]", "[]", &[("empty-list", "delegations.d.permissions")]),
        ("[reports:read]", "[reports]", &[("invalid-permission", "delegations.d.permissions[0]")]),
        ("expires: 2026-12-31T00:00:00Z, ", "", &[("missing-field", "delegations.d.expires")]),
        (
            "expires: 2026-12-31T00:00:00Z, ",
            "expires: 2026-12-31, ",
            &[("invalid-time", "delegations.d.expires")],
        ),
        ("expires:", "not_before: 2026, expires:", &[("wrong-type", "delegations.d.not_before")]),
        ("  d: {", "  d/e: {", &[("invalid-name", "delegations.d/e")]),
        ("expires:", "bill: acme, expires:", &[("unknown-value", "delegations.d.bill")]),
        ("expires:", "audiences: [], expires:", &[("empty-list", "delegations.d.audiences")]),
        (
            "expires:",
            "audiences: ['a b'], expires:",
            &[("invalid-text", "delegations.d.audiences[0]")],
        ),
    ]);
}

#[test]
fn what_is_asked_between_tenants() {
    run(&[
        (TENANTS, "cross_tenant: {max_lifetime: 5m, bill: delegator}\ntenants:\n", &[]),
        (
            TENANTS,
            "cross_tenant: {require_token: 1, max_lifetime: 5, bill: both, token: true}\ntenants:\n",
            &[
                ("wrong-type", "cross_tenant.require_token"),
                ("wrong-type", "cross_tenant.max_lifetime"),
                ("unknown-value", "cross_tenant.bill"),
                ("unknown-field", "cross_tenant.token"),
            ],
        ),
    ]);
}

#[test]
fn what_a_consent_says() {
    delegations(&[
        (", reference: DPA-114", "", &[("missing-field", "delegations.d.consent.reference")]),
        ("by: a@acme.example", "by: ''", &[("invalid-text", "delegations.d.consent.by")]),
        (
            "by: a@acme.example",
            "who: a",
            &[
                ("missing-field", "delegations.d.consent.by"),
                ("unknown-field", "delegations.d.consent.who"),
            ],
        ),
        (
            "at: 2026-01-01T00:00:00Z",
            "at: 2026-01-32T00:00:00Z",
            &[("invalid-time", "delegations.d.consent.at")],
        ),
        (
            "consent: {by: a@acme.example, at: 2026-01-01T00:00:00Z, reference: DPA-114}",
            "consent: yes",
            &[("wrong-type", "delegations.d.consent")],
        ),
    ]);
}
