//! Warnings, as tables: an edit of a policy without any, and all that it is warned of, by code and
//! path. And what keeps a warning silent.

use tenantguard_policy::{Format, SourceFile, review};

use crate::common::{codes, files};

/// A policy with two issuers that list what they assert, and nothing idle.
const QUIET: &str = r#"version: 1
audiences: [api.example.com]
issuers:
  platform:
    issuer: https://id.example.com
    keys: {jwks_file: platform.jwks.json}
    algorithms: [ES256, EdDSA]
    asserts: {tenants: [acme, globex], roles: [viewer, editor, auditor]}
  partner:
    issuer: https://sso.partner.example
    keys: {jwks_file: partner.jwks.json}
    asserts: {tenants: [globex], roles: [viewer]}
tenant_roles: {permissions: ["reports:*"]}
tenants:
  acme: {isolation: dedicated, cell: acme-eu, roles: {auditor: {extends: [viewer]}}}
  globex: {isolation: shared}
roles:
  viewer: {permissions: [reports:read]}
  editor: {extends: [viewer], permissions: [reports:write]}
overrides:
  - {tenant: globex, role: editor, deny: [reports:write]}
routes:
  - path: /reports/{report}
    methods: {GET: reports:read, PUT: reports:write}
  - path: /tenants/{tenant}/reports
    methods: {GET: reports:read}
    resource_tenant: path.tenant
delegations:
  d:
    from: acme
    to: globex
    principals: [partner/paula]
    permissions: [reports:read]
    not_before: 2026-01-01T00:00:00Z
    expires: 2026-12-31T00:00:00Z
    consent: {by: a, at: 2026-01-01T00:00:00Z, reference: r}
"#;

type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

fn found(policy: &str) -> Vec<(String, String)> {
    let source = SourceFile { name: "policy.yaml", text: policy, format: Format::Yaml };
    codes(&review(&[source], &files()).findings)
}

fn run(cases: &[Case]) {
    for (from, to, expected) in cases {
        assert_eq!(QUIET.matches(from).count(), 1, "the edit of {from:?} has no single place");
        let found = found(&QUIET.replace(from, to));
        let found: Vec<_> = found.iter().map(|(c, p)| (c.as_str(), p.as_str())).collect();
        assert_eq!(found, *expected, "{from:?} -> {to:?}");
    }
}

#[test]
fn a_quiet_policy_has_no_warnings() {
    assert_eq!(found(QUIET), []);
}

#[test]
fn what_nobody_can_use() {
    run(&[
        (
            "{GET: reports:read}\n",
            "{GET: reports:raed}\n",
            &[
                ("unusable-route", "routes[1].path"),
                ("idle-delegation", "delegations.d.permissions[0]"),
            ],
        ),
        (
            "PUT: reports:write}",
            "PUT: reports:write, DELETE: reports:delete}",
            &[("unheld-permission", "routes[0].methods.DELETE")],
        ),
        // A tenant's own role counts, if an issuer may give it there.
        ("deny: [reports:write]", "deny: ['reports:*']", &[]),
        (
            "roles: [viewer, editor, auditor]",
            "roles: [viewer, auditor]",
            &[
                ("unused-role", "roles.editor"),
                ("override-without-effect", "overrides[0].role"),
                ("unheld-permission", "routes[0].methods.PUT"),
            ],
        ),
        (
            "tenants: [acme, globex]",
            "tenants: [globex]",
            &[
                ("unreachable-tenant", "tenants.acme"),
                ("unheld-permission", "routes[0].methods.PUT"),
                ("exceeds-delegator", "delegations.d.permissions[0]"),
            ],
        ),
    ]);
}

#[test]
fn overrides() {
    run(&[
        (
            "deny: [reports:write]",
            "grant: ['reports:*']",
            &[("override-without-effect", "overrides[0].grant[0]")],
        ),
        // Deny wins, so the grant does nothing.
        (
            "deny: [reports:write]",
            "grant: [users:read], deny: ['users:*']",
            &[
                ("unknown-permission", "overrides[0].grant[0]"),
                ("wildcard-matches-nothing", "overrides[0].deny[0]"),
            ],
        ),
        // An override holds in the roles that extend its role, so this takes it from editors.
        ("role: editor, deny: [reports:write]", "role: viewer, deny: [reports:write]", &[]),
        (
            "  editor: {extends",
            "  idle: {permissions: [reports:read]}\n  editor: {extends",
            &[("unused-role", "roles.idle")],
        ),
    ]);
}

#[test]
fn routes() {
    run(&[
        // A rest below a parameter is left what is deeper, and what ends in a slash.
        (
            "routes:\n",
            "routes:\n  - {path: '/reports/{rest...}', methods: {GET: reports:read}}\n",
            &[],
        ),
        (
            "routes:\n",
            "routes:\n  - {path: '/reports/{rest...}', methods: {GET: reports:read}}\n  - {path: '/reports/{a}/{rest...}', methods: {GET: reports:read}}\n",
            &[],
        ),
        (
            "routes:\n",
            "routes:\n  - {path: '/reports/{rest...}', methods: {GET: reports:read}}\n  - {path: '/reports/{a}/{rest...}', methods: {GET: reports:read}}\n  - {path: /reports/, methods: {GET: reports:read}}\n",
            &[("unreachable-route", "routes[0].path")],
        ),
        // On another host it takes nothing away.
        (
            "routes:\n",
            "routes:\n  - {path: '/reports/{rest...}', methods: {GET: reports:read}}\n  - {path: '/reports/{a}/{rest...}', methods: {GET: reports:read}}\n  - {path: /reports/, hosts: [a.example.com], methods: {GET: reports:read}}\n",
            &[],
        ),
        (
            "routes:\n",
            "routes:\n  - {path: '/reports/{rest...}', hosts: [a.example.com], methods: {GET: reports:read}}\n  - {path: '/reports/{a}/{rest...}', methods: {GET: reports:read}}\n  - {path: /reports/, hosts: ['{x}.example.com'], methods: {GET: reports:read}}\n",
            &[("unreachable-route", "routes[0].path")],
        ),
        (
            "routes:\n",
            "limits: {path: 64B}\nroutes:\n  - {path: /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, public: true}\n",
            &[("unreachable-route", "routes[0].path")],
        ),
        // Two patterns for one host, neither the more specific.
        (
            "routes:\n",
            "routes:\n  - {path: /x, hosts: ['{a}.b.c'], public: true}\n  - {path: /x, hosts: ['a.{b}.c'], public: true}\n",
            &[("duplicate-route", "routes[1].hosts[0]")],
        ),
        (
            "routes:\n",
            "routes:\n  - {path: /x, hosts: ['{a}.b.c'], public: true}\n  - {path: /x, hosts: [a.b.c], public: true}\n  - {path: /x, public: true}\n",
            &[],
        ),
    ]);
}

#[test]
fn issuers() {
    run(&[
        (
            "asserts: {tenants: [globex], roles: [viewer]}",
            "asserts: {tenants: any, roles: [viewer]}",
            &[],
        ),
        (
            "{jwks_file: partner.jwks.json}",
            "{jwks_file: platform.jwks.json}",
            &[("shared-key", "issuers.partner.keys.jwks.keys[0]")],
        ),
        (
            "asserts: {tenants: [globex], roles: [viewer]}",
            "asserts: {tenants: any, roles: [viewer]}\n    claims: {tenant: {constant: globex}}",
            &[("asserts-too-much", "issuers.partner.asserts.tenants")],
        ),
        (
            "asserts: {tenants: [globex], roles: [viewer]}",
            "asserts: {tenants: [globex], roles: [viewer, editor]}\n    claims: {roles: {claim: groups, map: {all: viewer}}}",
            &[("asserts-too-much", "issuers.partner.asserts.roles[1]")],
        ),
    ]);
}

#[test]
fn delegations() {
    run(&[
        (
            "expires: 2026-12-31",
            "expires: 2027-01-03",
            &[("long-delegation", "delegations.d.expires")],
        ),
        ("    not_before: 2026-01-01T00:00:00Z\n", "", &[]),
        (
            "permissions: [reports:read]\n    not_before",
            "permissions: ['reports:*', reports:write]\n    not_before",
            &[("idle-delegation", "delegations.d.permissions[1]")],
        ),
        (
            "to: globex",
            "to: acme",
            &[
                ("self-delegation", "delegations.d.to"),
                ("idle-delegation", "delegations.d.principals[0]"),
            ],
        ),
        ("partner/paula", "partnr/paula", &[("unknown-namespace", "delegations.d.principals[0]")]),
        (
            "    resource_tenant: path.tenant\n",
            "",
            &[("idle-delegation", "delegations.d.permissions[0]")],
        ),
    ]);
}

#[test]
fn a_broken_section_is_not_judged_and_the_others_are() {
    let bad = QUIET
        .replace("editor: {extends: [viewer], permissions: [reports:write]}", "editor: []")
        .replace("{jwks_file: partner.jwks.json}", "{jwks_file: platform.jwks.json}");
    let found = found(&bad);
    let found: Vec<&str> = found.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(found, ["shared-key", "wrong-type"]);
}

#[test]
fn a_scope_alone_is_enough_for_a_machine() {
    let route = "PUT: reports:write, DELETE: reports:delete}";
    let policy = QUIET.replace("PUT: reports:write}", route);
    assert_eq!(found(&policy).len(), 1, "people have no such role");
    let machines = policy.replace("  partner:\n", "  jobs:\n    issuer: https://jobs.example.com\n    keys: {cluster: jobs, path: /jwks}\n    authority: scopes\n    asserts: {tenants: [acme]}\n  partner:\n");
    assert_eq!(found(&machines), []);
}
