//! Findings about what a request may look like: path rules, limits, hosts, modes, bodies.

use super::run;

#[test]
fn paths_and_limits() {
    run(&[
        ("version: 1\n", "version: 1\npaths: {}\nlimits: {}\n", &[]),
        (
            "version: 1\n",
            "version: 1\npaths: {dot_segments: refuse, repeated_slashes: refuse, encoding: refuse, semicolon: keep, encoded_slash: keep}\n",
            &[],
        ),
        (
            "version: 1\n",
            "version: 1\npaths: {dot_segments: keep, semicolons: keep, encoding: true}\n",
            &[
                ("unknown-value", "paths.dot_segments"),
                ("unknown-field", "paths.semicolons"),
                ("wrong-type", "paths.encoding"),
            ],
        ),
        (
            "version: 1\n",
            "version: 1\nlimits: {path: 64B, headers: 1000, header_bytes: 8MiB, body: 1024GiB}\n",
            &[],
        ),
        (
            "version: 1\n",
            "version: 1\nlimits: {path: 9KiB, headers: 0, header_bytes: 8MB, body: 10}\n",
            &[
                ("invalid-size", "limits.path"),
                ("invalid-size", "limits.headers"),
                ("invalid-size", "limits.header_bytes"),
                ("wrong-type", "limits.body"),
            ],
        ),
        ("version: 1\n", "version: 1\nlimits: [1]\n", &[("wrong-type", "limits")]),
    ]);
}

#[test]
fn hosts_modes_and_bodies_of_routes() {
    run(&[
        ("usage: none", "hosts: [api.example.com, 'a.{t}.example.com']", &[]),
        ("usage: none", "hosts: []", &[("empty-list", "routes[0].hosts")]),
        ("usage: none", "hosts: a.b", &[("wrong-type", "routes[0].hosts")]),
        (
            "usage: none",
            "hosts: ['*.example.com', Example.com, 'a.b:80', '{t}', a.b, a.b]",
            &[
                ("invalid-host", "routes[0].hosts[0]"),
                ("invalid-host", "routes[0].hosts[1]"),
                ("invalid-host", "routes[0].hosts[2]"),
                ("invalid-host", "routes[0].hosts[3]"),
                ("duplicate-item", "routes[0].hosts[5]"),
            ],
        ),
        ("usage: none", "mode: shadow, body: 1MiB", &[]),
        ("usage: none", "mode: 'on'", &[("unknown-value", "routes[0].mode")]),
        ("usage: none", "mode: false", &[("wrong-type", "routes[0].mode")]),
        ("usage: none", "body: 1TB", &[("invalid-size", "routes[0].body")]),
        ("path.tenant", "header.x-account", &[]),
        ("path.tenant", "header.X-Account", &[("invalid-text", "routes[2].resource_tenant")]),
        ("path.tenant", "header.cookie", &[("invalid-text", "routes[2].resource_tenant")]),
        ("path.tenant", "header.", &[("invalid-text", "routes[2].resource_tenant")]),
        ("path.tenant", "tokens", &[("unknown-value", "routes[2].resource_tenant")]),
        ("path.tenant", "token", &[]),
        ("path.tenant", "host.t\n    hosts: ['{t}.example.com']", &[]),
    ]);
}
