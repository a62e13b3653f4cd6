//! Findings about issuers and their keys.

use super::run;
use crate::common::{GOOD, check};

#[test]
fn issuers() {
    run(&[
        (
            "    issuer: https://id.example.com\n",
            "",
            &[("missing-field", "issuers.platform.issuer")],
        ),
        ("https://id.example.com", "''", &[("invalid-text", "issuers.platform.issuer")]),
        ("https://id.example.com", "17", &[("wrong-type", "issuers.platform.issuer")]),
        (
            "https://id.example.com",
            "https://sso.partner.example",
            &[("duplicate-issuer", "issuers.partner.issuer")],
        ),
        ("  platform:\n", "  plat form:\n", &[("invalid-name", r#"issuers."plat form""#)]),
        (
            "    max_lifetime: 1h\n",
            "    namespace: partner\n",
            &[("shared-namespace", "issuers.partner")],
        ),
        (
            "    max_lifetime: 1h\n",
            "    namespace: 'a/b'\n",
            &[("invalid-name", "issuers.platform.namespace")],
        ),
        (
            "max_lifetime: 1h",
            "max_lifetime: 3600",
            &[("wrong-type", "issuers.platform.max_lifetime")],
        ),
        (
            "max_lifetime: 1h",
            "max_lifetime: 1 hour",
            &[("invalid-duration", "issuers.platform.max_lifetime")],
        ),
        (
            "max_lifetime: 1h",
            "max_lifetime: 400d",
            &[("invalid-duration", "issuers.platform.max_lifetime")],
        ),
        ("max_lifetime: 1h", "skew: 1h", &[("invalid-duration", "issuers.platform.skew")]),
        ("max_lifetime: 1h", "authority: all", &[("unknown-value", "issuers.platform.authority")]),
        ("max_lifetime: 1h", "type: jwt", &[("unknown-value", "issuers.platform.type")]),
        ("max_lifetime: 1h", "audiences: []", &[("no-audience", "issuers.platform")]),
        ("max_lifetime: 1h", "max_life: 1h", &[("unknown-field", "issuers.platform.max_life")]),
        (
            "[ES256, EdDSA]",
            "[HS256, EdDSA]",
            &[("unknown-algorithm", "issuers.platform.algorithms[0]")],
        ),
        ("[ES256, EdDSA]", "[]", &[("empty-list", "issuers.platform.algorithms")]),
        ("[ES256, EdDSA]", "[ES512]", &[("unknown-algorithm", "issuers.platform.algorithms[0]")]),
        ("[ES256, EdDSA]", "[RS256]", &[("no-usable-key", "issuers.platform.keys.jwks")]),
        (
            "    asserts: {tenants: any, roles: any}\n",
            "",
            &[("missing-field", "issuers.platform.asserts")],
        ),
        (
            "{tenants: any, roles: any}",
            "{tenants: all, roles: any}",
            &[("wrong-type", "issuers.platform.asserts.tenants")],
        ),
        (
            "{tenants: any, roles: any}",
            "{tenants: any}",
            &[("missing-field", "issuers.platform.asserts.roles")],
        ),
        ("{tenants: any, roles: any}", "{tenants: any}\n    authority: scopes", &[]),
        (
            "{tenants: [globex], roles: [viewer]}",
            "{tenants: [globx], roles: [veiwer]}",
            &[
                ("unknown-tenant", "issuers.partner.asserts.tenants[0]"),
                ("unknown-role", "issuers.partner.asserts.roles[0]"),
            ],
        ),
    ]);
}

#[test]
fn keys() {
    run(&[
        ("{jwks_file: platform.jwks.json}", "{}", &[("missing-field", "issuers.platform.keys")]),
        ("{jwks_file: platform.jwks.json}", "[]", &[("wrong-type", "issuers.platform.keys")]),
        (
            "{jwks_file: platform.jwks.json}",
            "{jwks_file: [a]}",
            &[("wrong-type", "issuers.platform.keys.jwks_file")],
        ),
        (
            "{jwks_file: platform.jwks.json}",
            "{jwks_file: gone.json}",
            &[("keys-unreadable", "issuers.platform.keys.jwks_file")],
        ),
        (
            "{jwks_file: platform.jwks.json}",
            "{jwks_file: a, jwks: {keys: []}}",
            &[("conflict", "issuers.platform.keys.jwks_file")],
        ),
        ("{jwks_file: platform.jwks.json}", "{cluster: idp, path: /jwks}", &[]),
        (
            "{jwks_file: platform.jwks.json}",
            "{cluster: idp}",
            &[("missing-field", "issuers.platform.keys.path")],
        ),
        (
            "{jwks_file: platform.jwks.json}",
            "{path: jwks, refresh: 1h, max_stale: 10m}",
            &[
                ("missing-field", "issuers.platform.keys.cluster"),
                ("invalid-text", "issuers.platform.keys.path"),
                ("invalid-duration", "issuers.platform.keys.max_stale"),
            ],
        ),
        (
            "{jwks_file: platform.jwks.json}",
            "{jwks_file: platform.jwks.json, cluster: idp, path: /jwks}",
            &[("conflict", "issuers.platform.keys.cluster")],
        ),
        (
            "{jwks_file: platform.jwks.json}",
            "{jwks: {}}",
            &[("missing-field", "issuers.platform.keys.jwks.keys")],
        ),
        (
            "{jwks_file: platform.jwks.json}",
            "{jwks: {keys: {}}}",
            &[("wrong-type", "issuers.platform.keys.jwks.keys")],
        ),
        (
            "{jwks_file: platform.jwks.json}",
            "{jwks: {keys: []}}",
            &[("no-usable-key", "issuers.platform.keys.jwks")],
        ),
        (
            "{jwks_file: platform.jwks.json}",
            "{jwks: {keys: [{kty: oct, k: c2VjcmV0}]}}",
            &[("private-key", "issuers.platform.keys.jwks.keys[0]")],
        ),
        (
            "{jwks_file: platform.jwks.json}",
            "{jwks: {keys: [{kty: OKP, crv: Ed25519}]}}",
            &[("key-unusable", "issuers.platform.keys.jwks.keys[0]")],
        ),
        (
            "{jwks_file: platform.jwks.json}",
            "{jwks: {keys: [{kty: OKP, crv: X25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}]}}",
            &[("no-usable-key", "issuers.platform.keys.jwks")],
        ),
    ]);
}

#[test]
fn keys_that_are_for_something_else_are_passed_over_and_doubtful_ones_are_not() {
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let with = |second: &str| {
        let first = format!("{{kty: OKP, crv: Ed25519, kid: a, x: {X}}}");
        let set = format!("{{jwks: {{keys: [{first}, {{kty: OKP, x: {X}, {second}}}]}}}}");
        check(&GOOD.replace("{jwks_file: platform.jwks.json}", &set))
    };
    assert_eq!(with("crv: Ed25519, kid: b"), []);
    assert_eq!(with("crv: X25519, kid: a"), []);
    assert_eq!(with("crv: Ed25519, kid: a, use: enc"), []);
    let second = |code: &str| [(code.to_owned(), "issuers.platform.keys.jwks.keys[1]".to_owned())];
    assert_eq!(with("crv: Ed25519, kid: a"), second("duplicate-kid"));
    assert_eq!(with(&format!("crv: Ed25519, kid: b, d: {X}")), second("private-key"));
}
