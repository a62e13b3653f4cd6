//! Findings about how an issuer's claims are mapped, and about the certificates of its clients.

use super::run;
use crate::common::{GOOD, check};

const TENANT: &str = "tenant: https://partner.example/tenant";
const PRINCIPAL: &str = "principal: {claim: email, domains: [partner.example]}";
const ROLES: &str = "roles: /realm_access/roles";
const UNLISTED: &str = "    unlisted_roles: ignore\n    claims:\n";
const DROP: &str = "drop: [phone_number, /address/street]";
const CERTIFICATE: &str = "client_certificate: required";

#[test]
fn a_claim_is_a_name_or_a_pointer() {
    run(&[
        ("max_lifetime: 1h", "claims: {}", &[]),
        ("max_lifetime: 1h", "claims: []", &[("wrong-type", "issuers.platform.claims")]),
        (
            "max_lifetime: 1h",
            "claims: {subject: sub}",
            &[("unknown-field", "issuers.platform.claims.subject")],
        ),
        (TENANT, "tenant: ''", &[("invalid-claim", "issuers.partner.claims.tenant")]),
        (
            TENANT,
            "tenant: {claim: /a~2}",
            &[("invalid-claim", "issuers.partner.claims.tenant.claim")],
        ),
        (TENANT, "tenant: 7", &[("wrong-type", "issuers.partner.claims.tenant")]),
        (
            "scope: scp",
            "scope: /1/2/3/4/5/6/7/8/9",
            &[("invalid-claim", "issuers.partner.claims.scope")],
        ),
        ("scope: scp", "scope: {claim: scp}", &[("wrong-type", "issuers.partner.claims.scope")]),
        (ROLES, "roles: [groups]", &[("wrong-type", "issuers.partner.claims.roles")]),
        (
            "required: [azp]",
            "required: ['', azp, azp, /~]",
            &[
                ("invalid-claim", "issuers.partner.claims.required[0]"),
                ("duplicate-item", "issuers.partner.claims.required[2]"),
                ("invalid-claim", "issuers.partner.claims.required[3]"),
            ],
        ),
        ("required: [azp]", "required: azp", &[("wrong-type", "issuers.partner.claims.required")]),
        (DROP, "drop: [/~x]", &[("invalid-claim", "issuers.partner.claims.drop[0]")]),
    ]);
}

#[test]
fn a_constant_tenant_is_known_and_asserted() {
    run(&[
        (TENANT, "tenant: {constant: globex}", &[]),
        (
            TENANT,
            "tenant: {constant: globx}",
            &[("unknown-tenant", "issuers.partner.claims.tenant.constant")],
        ),
        (
            TENANT,
            "tenant: {constant: acme}",
            &[("not-asserted", "issuers.partner.claims.tenant.constant")],
        ),
        ("max_lifetime: 1h", "claims: {tenant: {constant: acme}}", &[]),
        (
            TENANT,
            "tenant: {constant: a/b}",
            &[("invalid-name", "issuers.partner.claims.tenant.constant")],
        ),
        (
            TENANT,
            "tenant: {constant: globex, claim: org}",
            &[("conflict", "issuers.partner.claims.tenant.constant")],
        ),
        (TENANT, "tenant: {}", &[("missing-field", "issuers.partner.claims.tenant.claim")]),
        (
            TENANT,
            "tenant: {const: globex}",
            &[
                ("missing-field", "issuers.partner.claims.tenant.claim"),
                ("unknown-field", "issuers.partner.claims.tenant.const"),
            ],
        ),
    ]);
}

#[test]
fn an_email_principal_has_domains() {
    run(&[
        (PRINCIPAL, "principal: upn", &[]),
        (PRINCIPAL, "principal: {claim: upn}", &[]),
        (
            PRINCIPAL,
            "principal: {domains: [partner.example]}",
            &[("missing-field", "issuers.partner.claims.principal.claim")],
        ),
        (
            PRINCIPAL,
            "principal: {claim: email, domains: []}",
            &[("empty-list", "issuers.partner.claims.principal.domains")],
        ),
        (
            PRINCIPAL,
            "principal: {claim: email, domains: partner.example}",
            &[("wrong-type", "issuers.partner.claims.principal.domains")],
        ),
        (
            PRINCIPAL,
            "principal: {claim: email, domains: ['@partner.example', .example, '*.example', pаrtner.example, A.example, a.example]}",
            &[
                ("invalid-domain", "issuers.partner.claims.principal.domains[0]"),
                ("invalid-domain", "issuers.partner.claims.principal.domains[1]"),
                ("invalid-domain", "issuers.partner.claims.principal.domains[2]"),
                ("invalid-domain", "issuers.partner.claims.principal.domains[3]"),
                ("duplicate-item", "issuers.partner.claims.principal.domains[5]"),
            ],
        ),
    ]);
}

#[test]
fn mapped_roles_are_known_and_asserted() {
    run(&[
        (
            "    unlisted_roles: ignore\n    claims:\n",
            "    claims:\n      roles: {claim: groups, map: {a: viewer, b: editor, c: veiwer, d: 'a/b'}}\n    later:\n",
            &[
                ("not-asserted", "issuers.partner.claims.roles.map.b"),
                ("unknown-role", "issuers.partner.claims.roles.map.c"),
                ("invalid-name", "issuers.partner.claims.roles.map.d"),
                ("unknown-field", "issuers.partner.later"),
            ],
        ),
        ("max_lifetime: 1h", "claims: {roles: {claim: groups, map: {a: admin}}}", &[]),
        (
            "max_lifetime: 1h",
            "claims: {roles: {claim: groups, map: {}}}",
            &[("empty-list", "issuers.platform.claims.roles.map")],
        ),
        (
            "max_lifetime: 1h",
            "claims: {roles: {map: [admin]}}",
            &[
                ("missing-field", "issuers.platform.claims.roles.claim"),
                ("wrong-type", "issuers.platform.claims.roles.map"),
            ],
        ),
    ]);
}

#[test]
fn what_has_no_effect_is_a_finding() {
    run(&[
        (
            "max_lifetime: 1h",
            "authority: scopes\n    claims: {roles: groups, scope: scp}",
            &[("no-effect", "issuers.platform.claims.roles")],
        ),
        (
            "max_lifetime: 1h",
            "authority: roles\n    claims: {roles: groups, scope: scp}",
            &[("no-effect", "issuers.platform.claims.scope")],
        ),
        (
            "max_lifetime: 1h",
            "unlisted_roles: refuse",
            &[("no-effect", "issuers.platform.unlisted_roles")],
        ),
        (
            ROLES,
            "roles: {claim: groups, map: {a: viewer}}",
            &[("no-effect", "issuers.partner.unlisted_roles")],
        ),
        (
            "unlisted_roles: ignore",
            "unlisted_roles: drop",
            &[("unknown-value", "issuers.partner.unlisted_roles")],
        ),
    ]);
    let machines = "{tenants: any}\n    authority: scopes\n    claims: {roles: {claim: groups, map: {a: viewer}}}";
    let machines = GOOD.replace("{tenants: any, roles: any}", machines);
    let expected = ("no-effect".to_owned(), "issuers.platform.claims.roles".to_owned());
    assert_eq!(check(&machines), [expected], "a list of roles is not asked for");
}

#[test]
fn a_claim_that_the_gate_needs_is_not_dropped() {
    run(&[
        (
            DROP,
            "drop: [iss, /aud, exp, iat, nbf, jti]",
            &[
                ("dropped-claim", "issuers.partner.claims.drop[0]"),
                ("dropped-claim", "issuers.partner.claims.drop[1]"),
                ("dropped-claim", "issuers.partner.claims.drop[2]"),
                ("dropped-claim", "issuers.partner.claims.drop[3]"),
            ],
        ),
        (
            DROP,
            "drop: [/https:~1~1partner.example~1tenant, email, /email_verified, realm_access, /scp, azp]",
            &[
                ("dropped-claim", "issuers.partner.claims.drop[0]"),
                ("dropped-claim", "issuers.partner.claims.drop[1]"),
                ("dropped-claim", "issuers.partner.claims.drop[2]"),
                ("dropped-claim", "issuers.partner.claims.drop[3]"),
                ("dropped-claim", "issuers.partner.claims.drop[4]"),
                ("dropped-claim", "issuers.partner.claims.drop[5]"),
            ],
        ),
        (
            DROP,
            "drop: [sub, tenant_id, tenant_role, scope, realm, /realm_access/role, /azp/x]",
            &[],
        ),
        (
            "max_lifetime: 1h",
            "claims: {drop: [sub, tenant_id, tenant_role, scope, email]}",
            &[
                ("dropped-claim", "issuers.platform.claims.drop[0]"),
                ("dropped-claim", "issuers.platform.claims.drop[1]"),
                ("dropped-claim", "issuers.platform.claims.drop[2]"),
                ("dropped-claim", "issuers.platform.claims.drop[3]"),
            ],
        ),
        ("max_lifetime: 1h", "authority: scopes\n    claims: {drop: [tenant_role]}", &[]),
        ("max_lifetime: 1h", "authority: roles\n    claims: {drop: [scope]}", &[]),
    ]);
}

#[test]
fn a_client_certificate_is_required_or_pinned() {
    const AT: &str = "issuers.partner.client_certificate";
    let run = |to: &str, expected: &[(&str, &str)]| {
        let found = check(&GOOD.replace(CERTIFICATE, &format!("client_certificate: {to}")));
        let expected: Vec<_> =
            expected.iter().map(|(code, at)| ((*code).to_owned(), format!("{AT}{at}"))).collect();
        assert_eq!(found, expected, "{to}");
    };
    let hex = "0123456789abcdef".repeat(4);
    let decimal = "1234567890".repeat(6) + "1234";
    run("require", &[("unknown-value", "")]);
    run("true", &[("wrong-type", "")]);
    run("{}", &[("missing-field", ".pinned")]);
    run("{pinned: []}", &[("empty-list", ".pinned")]);
    run(&format!("{{pinned: {hex}}}"), &[("wrong-type", ".pinned")]);
    run(&format!("{{pinned: [{hex}]}}"), &[]);
    run(&format!("{{pinned: ['{decimal}']}}"), &[]);
    run(&format!("{{pinned: [{decimal}]}}"), &[("wrong-type", ".pinned[0]")]);
    run(
        &format!("{{pinned: [{hex}, '{}', {hex}0, sha256]}}", hex.to_uppercase()),
        &[
            ("duplicate-item", ".pinned[1]"),
            ("invalid-digest", ".pinned[2]"),
            ("invalid-digest", ".pinned[3]"),
        ],
    );
}

#[test]
fn what_is_wrong_with_a_mapping_is_said_with_what_to_do() {
    let bad = GOOD
        .replace(TENANT, "tenant: {constant: acme}")
        .replace(UNLISTED, "    claims:\n")
        .replace(ROLES, "roles: {claim: groups, map: {grp-writers: editor}}")
        .replace(DROP, "drop: [azp]");
    let files = crate::common::files();
    let findings =
        tenantguard_policy::check(&bad, tenantguard_policy::Format::Yaml, &files).unwrap_err();
    let expected = [
        "issuers.partner.claims.tenant.constant: partner may not speak for acme, so no token would be good [not-asserted]; add acme to `asserts.tenants`",
        "issuers.partner.claims.roles.map.grp-writers: \"grp-writers\" stands for editor, which partner may not give [not-asserted]; add editor to `asserts.roles`, or map it to another",
        "issuers.partner.claims.drop[0]: \"azp\" is dropped, but it is required [dropped-claim]; a token with a dropped claim is not passed on; take it out of `drop`, or map another claim",
    ];
    assert_eq!(findings.to_string().lines().collect::<Vec<_>>(), expected);
}
