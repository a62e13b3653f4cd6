//! Findings about who may do what: tenants, roles, overrides, scopes, routes.

use super::run;

#[test]
fn tenants() {
    run(&[
        (
            "  globex: {isolation: shared}",
            "  globex: {}",
            &[("missing-field", "tenants.globex.isolation")],
        ),
        ("  globex: {isolation: shared}", "  globex:", &[("wrong-type", "tenants.globex")]),
        (
            "  globex: {isolation: shared}",
            "  globex: {isolation: alone}",
            &[("unknown-value", "tenants.globex.isolation")],
        ),
        (
            "  globex: {isolation: shared}",
            "  globex: {isolation: shared, cell: acme-eu}",
            &[("shared-cell", "tenants.acme.cell")],
        ),
        (
            "  globex: {isolation: shared}",
            "  globex: {isolation: shared, cell: ''}",
            &[("invalid-name", "tenants.globex.cell")],
        ),
        ("cell: acme-eu", "cell: shared", &[("shared-cell", "tenants.acme.cell")]),
        (", cell: acme-eu", "", &[("missing-field", "tenants.acme.cell")]),
        ("  acme: {iso", "  a/b: {iso", &[("invalid-name", "tenants.a/b")]),
    ]);
}

#[test]
fn roles_overrides_and_scopes() {
    run(&[
        (
            "viewer: {permissions: [reports:read]}",
            "viewer: {}",
            &[("missing-field", "roles.viewer.permissions")],
        ),
        (
            "viewer: {permissions: [reports:read]}",
            "viewer: {extends: [admin]}",
            &[("role-cycle", "roles.editor.extends[0]")],
        ),
        (
            "viewer: {permissions: [reports:read]}",
            "viewer: {extends: [viewer]}",
            &[("role-cycle", "roles.viewer.extends[0]")],
        ),
        (
            "viewer: {permissions: [reports:read]}",
            "viewer: {permissions: [read, 'a:b:c', '*', 'x*:y', ':*']}",
            &[
                ("invalid-permission", "roles.viewer.permissions[0]"),
                ("invalid-permission", "roles.viewer.permissions[1]"),
                ("wildcard-crosses-tenants", "roles.viewer.permissions[2]"),
                ("invalid-permission", "roles.viewer.permissions[3]"),
                ("invalid-permission", "roles.viewer.permissions[4]"),
            ],
        ),
        ("extends: [viewer]", "extends: [viewr]", &[("unknown-role", "roles.editor.extends[0]")]),
        ("extends: [viewer]", "extends: viewer", &[("wrong-type", "roles.editor.extends")]),
        (
            "['users:*']",
            "['user:*']",
            &[("wildcard-matches-nothing", "roles.admin.permissions[0]")],
        ),
        (
            "deny: [reports:write]",
            "deny: [reports:wirte]",
            &[("unknown-permission", "overrides[0].deny[0]")],
        ),
        (", deny: [reports:write]", "", &[("missing-field", "overrides[0]")]),
        (
            "tenant: globex, role: editor",
            "tenant: globx, role: edtor",
            &[("unknown-tenant", "overrides[0].tenant"), ("unknown-role", "overrides[0].role")],
        ),
        (
            "scopes:\n",
            "  - {tenant: globex, role: editor, grant: [reports:read]}\nscopes:\n",
            &[("duplicate-override", "overrides[1]")],
        ),
        (
            "reporting: ['reports:*']",
            "reports:read: [reports:read]",
            &[("ambiguous-scope", r#"scopes."reports:read""#)],
        ),
        ("reporting: ['reports:*']", "'*': [reports:read]", &[("invalid-name", r#"scopes."*""#)]),
        (
            "reporting: ['reports:*']",
            "reporting: [reprts:read]",
            &[("unknown-permission", "scopes.reporting[0]")],
        ),
    ]);
}

#[test]
fn routes() {
    run(&[
        ("path: /healthz, ", "", &[("missing-field", "routes[0].path")]),
        ("path: /healthz,", "path: healthz,", &[("invalid-path", "routes[0].path")]),
        ("path: /healthz,", "path: '/reports/{id}',", &[("duplicate-route", "routes[1].path")]),
        ("public: true", "public: 'yes'", &[("wrong-type", "routes[0].public")]),
        ("public: true", "public: true, methods: {GET: a:b}", &[("conflict", "routes[0].methods")]),
        (
            "public: true",
            "public: true, resource_tenant: path.x",
            &[("conflict", "routes[0].resource_tenant")],
        ),
        (
            "public: true",
            "public: true, methods: [get]",
            &[("invalid-method", "routes[0].methods[0]")],
        ),
        ("public: true", "public: true, methods: []", &[("empty-list", "routes[0].methods")]),
        (
            "public: true",
            "public: true, methods: [GET, GET]",
            &[("duplicate-item", "routes[0].methods[1]")],
        ),
        ("usage: none", "usage: api-call", &[("unknown-value", "routes[0].usage")]),
        ("usage: none", "on_stale: deny", &[("conflict", "routes[0].on_stale")]),
        ("usage: none", "revocation: ask", &[("conflict", "routes[0].revocation")]),
        ("usage: none", "streams: keep", &[("conflict", "routes[0].streams")]),
        (
            "    resource_tenant: path.tenant\n",
            "    on_stale: {allow: 30s}\n    streams: close\n",
            &[],
        ),
        (
            "    resource_tenant: path.tenant\n",
            "    on_stale: allow\n    revocation: always\n    streams: false\n",
            &[
                ("unknown-value", "routes[2].on_stale"),
                ("unknown-value", "routes[2].revocation"),
                ("wrong-type", "routes[2].streams"),
            ],
        ),
        (
            "    resource_tenant: path.tenant\n",
            "    on_stale: {allow: 25h}\n",
            &[("invalid-duration", "routes[2].on_stale.allow")],
        ),
        (
            "    resource_tenant: path.tenant\n",
            "    on_stale: {deny: 1s}\n",
            &[
                ("missing-field", "routes[2].on_stale.allow"),
                ("unknown-field", "routes[2].on_stale.deny"),
            ],
        ),
        ("usage: none", "resource_tenat: a", &[("unknown-field", "routes[0].resource_tenat")]),
        (
            "    methods: {GET: users:read}\n",
            "",
            &[
                ("wildcard-matches-nothing", "roles.admin.permissions[0]"),
                ("missing-field", "routes[2].methods"),
            ],
        ),
        (
            "{GET: users:read}",
            "[GET]",
            &[
                ("wildcard-matches-nothing", "roles.admin.permissions[0]"),
                ("wrong-type", "routes[2].methods"),
            ],
        ),
        (
            "{GET: users:read}",
            "{GET: users:read, POST: 'users:*'}",
            &[("invalid-permission", "routes[2].methods.POST")],
        ),
        (
            "{GET: users:read}",
            "{Get: users:read}",
            &[
                ("wildcard-matches-nothing", "roles.admin.permissions[0]"),
                ("invalid-method", "routes[2].methods.Get"),
            ],
        ),
        ("path.tenant", "path.tenat", &[("unknown-parameter", "routes[2].resource_tenant")]),
        ("path.tenant", "query.tenant", &[("unknown-value", "routes[2].resource_tenant")]),
    ]);
}
