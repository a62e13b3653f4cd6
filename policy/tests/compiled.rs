//! What a policy means once it is compiled, and that its form does not matter.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::common::{GOOD, files};
use tenantguard::artifact::route::{OnStale, ResourceTenant, Revocation, RouteRow, Streams, Usage};
use tenantguard::artifact::{Isolation, Policy};
use tenantguard::identity::{RoleName, TenantId};
use tenantguard::path::NormalPath;
use tenantguard::permissions::PermissionSet;
use tenantguard::trust::{
    ClaimMap, ClaimPath, ClientCertificate, Issuer, PrincipalSource, TenantSource, UnlistedRoles,
};
use tenantguard_policy::{Format, NoFiles, check, compile};

fn good() -> Policy {
    compile(GOOD, Format::Yaml, &files()).unwrap()
}

fn names(policy: &Policy, set: &PermissionSet) -> Vec<String> {
    set.iter().map(|id| policy.permission(id).unwrap().to_string()).collect()
}

fn may(policy: &Policy, tenant: &str, role: &str) -> Vec<String> {
    let tenant = policy.find_tenant(tenant).unwrap();
    names(policy, &policy.permissions_of(tenant.index(), [role]))
}

#[test]
fn roles_are_closed_and_wildcards_stand_for_what_is_declared() {
    let policy = good();
    assert_eq!(may(&policy, "acme", "viewer"), ["reports:read"]);
    assert_eq!(may(&policy, "acme", "editor"), ["reports:read", "reports:write"]);
    assert_eq!(may(&policy, "acme", "admin"), ["reports:read", "reports:write", "users:read"]);
}

#[test]
fn an_override_reaches_the_roles_that_extend_it_in_its_tenant_only() {
    let policy = good();
    assert_eq!(may(&policy, "globex", "viewer"), ["reports:read"]);
    assert_eq!(may(&policy, "globex", "editor"), ["reports:read"]);
    assert_eq!(may(&policy, "globex", "admin"), ["reports:read", "users:read"]);
}

#[test]
fn a_denied_permission_stays_denied_whatever_grants_it() {
    let granted = "scopes:\n".replace(
        "scopes",
        "  - {tenant: globex, role: admin, grant: [reports:write, users:read]}\nscopes",
    );
    let policy = compile(&GOOD.replace("scopes:\n", &granted), Format::Yaml, &files()).unwrap();
    assert_eq!(may(&policy, "globex", "admin"), ["reports:read", "users:read"]);
}

#[test]
fn a_scope_is_an_alias_or_a_permission_and_nothing_else() {
    let policy = good();
    let gives = |scope| {
        let mut set = PermissionSet::new();
        policy.add_scope(scope, &mut set);
        names(&policy, &set)
    };
    assert_eq!(gives("reporting"), ["reports:read", "reports:write"]);
    assert_eq!(gives("users:read"), ["users:read"]);
    for nothing in ["*", "reports:*", "users:write", "", "Reporting"] {
        assert_eq!(gives(nothing), [""; 0], "{nothing}");
    }
}

#[test]
fn tenants_have_their_cell_or_the_default_one() {
    let policy = good();
    let cell = |tenant| {
        let tenant = policy.find_tenant(tenant).unwrap();
        (tenant.isolation(), tenant.cell().to_owned())
    };
    assert_eq!(cell("acme"), (Isolation::Dedicated, "acme-eu".to_owned()));
    assert_eq!(cell("globex"), (Isolation::Shared, "shared".to_owned()));
    let elsewhere = GOOD.replace("audiences:", "default_cell: pool-1\naudiences:");
    let policy = compile(&elsewhere, Format::Yaml, &files()).unwrap();
    let globex = policy.find_tenant("globex").unwrap();
    assert_eq!((globex.cell(), policy.default_cell().as_str()), ("pool-1", "pool-1"));
}

/// Alone in the directory, so that every id is looked for where this one stands.
#[test]
fn a_tenant_is_found_by_its_whole_id_alone() {
    for length in 1..=40 {
        let id: String = ('a'..='z').cycle().take(length).collect();
        let tenants = format!("tenants:\n  {id}: {{isolation: shared}}\n");
        let source = format!("version: 1\n{tenants}routes: [{{path: /, public: true}}]\n");
        let policy = compile(&source, Format::Yaml, &NoFiles).unwrap();
        assert!(policy.find_tenant(&id).is_some(), "{id}");
        for at in 0..length {
            let mut other = id.clone();
            other.replace_range(at..=at, "-");
            assert!(policy.find_tenant(&other).is_none(), "{other}");
        }
        assert!(policy.find_tenant(&format!("{id}a")).is_none(), "{id}a");
    }
}

fn route<'p>(policy: &'p Policy, host: &str, path: &str) -> Option<RouteRow<'p>> {
    let matched = policy.find_route(host, &NormalPath::parse(path.as_bytes()).unwrap())?;
    policy.route(matched.route)
}

#[test]
fn routes_keep_what_they_ask() {
    let policy = good();
    let route = |path| route(&policy, "", path).unwrap();
    let methods = |path| {
        let methods = route(path).methods();
        let named = methods.map(|m| (m.name, m.permission.and_then(|id| policy.permission(id))));
        named.collect::<Vec<_>>()
    };
    assert_eq!(methods("/healthz"), [("GET", None), ("HEAD", None)]);
    assert_eq!(route("/healthz").usage(), Usage::None);
    assert_eq!(route("/reports/7").usage(), Usage::ApiCall);
    assert_eq!(route("/tenants/acme/users").resource(), ResourceTenant::PathSegment(1));
    assert_eq!(methods("/tenants/acme/users"), [("GET", Some("users:read"))]);
}

#[test]
fn routes_keep_whose_word_counts_and_what_becomes_of_streams() {
    let of = |fields: &str| {
        let from = "    resource_tenant: path.tenant\n";
        let policy = compile(&GOOD.replace(from, fields), Format::Yaml, &files()).unwrap();
        let route = route(&policy, "", "/tenants/acme/users").unwrap();
        (route.on_stale(), route.revocation(), route.streams())
    };
    assert_eq!(of(""), (OnStale::Ask, Revocation::Copy, Streams::Close));
    for (fields, expected) in [
        ("    on_stale: ask\n", (OnStale::Ask, Revocation::Copy, Streams::Close)),
        ("    on_stale: deny\n", (OnStale::Deny, Revocation::Copy, Streams::Close)),
        (
            "    on_stale: {allow: 2m}\n    revocation: ask\n    streams: keep\n",
            (OnStale::Allow(Duration::from_secs(120)), Revocation::Ask, Streams::Keep),
        ),
    ] {
        assert_eq!(of(fields), expected, "{fields}");
    }
}

/// A policy with public routes only.
fn routes(routes: &str) -> Policy {
    compile(&format!("version: 1\nroutes: [{routes}]"), Format::Yaml, &NoFiles).unwrap()
}

#[test]
fn the_most_specific_route_is_found() {
    let templates = ["/", "/a", "/a/{x}", "/a/b", "/a/{x}/c", "/a/b/d", "/f/{rest...}", "/a/"];
    let all = templates.map(|path| format!("{{path: '{path}', public: true}}")).join(", ");
    let policy = routes(&all);
    for (path, template) in [
        ("/", Some("/")),
        ("/a", Some("/a")),
        ("/a/", Some("/a/")),
        ("/a/b", Some("/a/b")),
        ("/a/bb", Some("/a/{x}")),
        ("/a/z", Some("/a/{x}")),
        ("/a/b/d", Some("/a/b/d")),
        ("/a/b/c", Some("/a/{x}/c")),
        ("/a/b/e", None),
        ("/A", None),
        ("/a/z/", None),
        ("/f", None),
        ("/f/x/y/z", Some("/f/{rest...}")),
        ("/nothing", None),
    ] {
        assert_eq!(route(&policy, "", path).map(|r| r.template()), template, "{path}");
    }
}

#[test]
fn many_routes_that_begin_alike_are_told_apart() {
    let all: Vec<String> =
        (0..300).map(|n| format!("{{path: /api/resource-{n}/x, public: true}}")).collect();
    let policy = routes(&all.join(", "));
    for n in 0..300 {
        let path = format!("/api/resource-{n}/x");
        assert_eq!(route(&policy, "", &path).map(|r| r.template()), Some(path.as_str()));
    }
    for path in ["/api/resource-300/x", "/api/resource-/x", "/api/x", "/api/resource/x"] {
        assert_eq!(route(&policy, "", path).map(|r| r.template()), None, "{path}");
    }
}

#[test]
fn among_routes_over_one_path_the_most_specific_host_wins() {
    let policy = routes(
        "{path: /a, public: true, methods: [GET]}, \
         {path: /a, hosts: ['{t}.example.com'], public: true, methods: [PUT]}, \
         {path: /a, hosts: [api.example.com], public: true, methods: [POST]}, \
         {path: '/{x}', hosts: [other.test], public: true, methods: [HEAD]}, \
         {path: /b, hosts: [api.example.com], public: true, methods: [GET]}, \
         {path: '/{x...}', hosts: [last.test], public: true, methods: [TRACE]}",
    );
    for (host, path, method) in [
        ("api.example.com", "/a", Some("POST")),
        ("API.example.com:8443", "/a", Some("POST")),
        ("acme.example.com", "/a", Some("PUT")),
        ("acme.example.org", "/a", Some("GET")),
        ("", "/a", Some("GET")),
        ("other.test", "/a", Some("GET")),
        ("other.test", "/b", Some("HEAD")),
        ("last.test", "/b", Some("TRACE")),
        ("acme.example.com", "/b", None),
    ] {
        let found = route(&policy, host, path).and_then(|r| r.methods().next());
        assert_eq!(found.map(|found| found.name), method, "{host}{path}");
    }
}

const OWN_ROLES: &str = "\ntenant_roles: {permissions: ['reports:*']}\ntenants:";

#[test]
fn a_role_that_a_tenant_defines_holds_there_alone_and_inherits_what_is_changed_there() {
    let own = "globex: {isolation: shared, roles: {auditor: {extends: [editor]}, \
               clerk: {extends: [auditor], permissions: [reports:read]}}}";
    let text = GOOD.replace("\ntenants:", OWN_ROLES).replace("globex: {isolation: shared}", own);
    let policy = compile(&text, Format::Yaml, &files()).unwrap();
    assert_eq!(may(&policy, "globex", "auditor"), ["reports:read"]);
    assert_eq!(may(&policy, "globex", "clerk"), ["reports:read"]);
    assert_eq!(may(&policy, "acme", "auditor"), [""; 0]);
    assert_eq!(may(&policy, "acme", "unheard-of"), [""; 0]);
}

#[test]
fn what_is_granted_above_the_ceiling_does_not_reach_a_tenants_own_roles() {
    let own = "globex: {isolation: shared, roles: {auditor: {extends: [viewer]}}}";
    let grant = "overrides:\n  - {tenant: globex, role: viewer, grant: ['users:*']}";
    let text = GOOD
        .replace("\ntenants:", OWN_ROLES)
        .replace("globex: {isolation: shared}", own)
        .replace("overrides:", grant);
    let policy = compile(&text, Format::Yaml, &files()).unwrap();
    assert_eq!(may(&policy, "globex", "viewer"), ["reports:read", "users:read"]);
    assert_eq!(may(&policy, "globex", "auditor"), ["reports:read"]);
}

fn issuer<'p>(policy: &'p Policy, url: &str) -> &'p Issuer {
    policy.find_issuer(url).unwrap().1
}

#[test]
fn claims_stand_where_the_policy_says_and_otherwise_where_they_usually_do() {
    let policy = good();
    let path = |text: &str| ClaimPath::parse(text).unwrap();
    let platform = issuer(&policy, "https://id.example.com");
    assert_eq!(platform.claims, ClaimMap::default());
    assert_eq!(platform.unlisted_roles, UnlistedRoles::Refuse);
    assert_eq!(platform.client_certificate, ClientCertificate::AsBound);

    let partner = issuer(&policy, "https://sso.partner.example");
    let ClaimMap { tenant, principal, roles, scope, required, drop } = &partner.claims;
    assert_eq!(*tenant, TenantSource::Claim(path("https://partner.example/tenant")));
    let domains = vec!["partner.example".into()];
    assert_eq!(*principal, PrincipalSource::Email { claim: path("email"), domains });
    assert_eq!((&roles.claim, &roles.map), (&path("/realm_access/roles"), &None));
    assert_eq!(*scope, path("scp"));
    assert_eq!(*required, [path("azp")]);
    assert_eq!(*drop, [path("phone_number"), path("/address/street")]);
    assert_eq!(partner.unlisted_roles, UnlistedRoles::Ignore);
    assert_eq!(partner.client_certificate, ClientCertificate::Bound);
}

#[test]
fn a_constant_tenant_mapped_roles_and_pins_are_kept() {
    let pin = "00ff".repeat(16);
    let colons = vec!["A1"; 32].join(":");
    let text = GOOD
        .replace("tenant: https://partner.example/tenant", "tenant: {constant: globex}")
        .replace("    unlisted_roles: ignore\n", "")
        .replace("roles: /realm", "roles: {claim: groups, map: {grp-a: viewer, grp b: viewer}} #")
        .replace("[partner.example]", "[Partner.EXAMPLE]")
        .replace(
            "client_certificate: required",
            &format!("client_certificate: {{pinned: ['{pin}', {colons}]}}"),
        );
    let policy = compile(&text, Format::Yaml, &files()).unwrap();
    let partner = issuer(&policy, "https://sso.partner.example");
    let globex = TenantId::parse("globex").unwrap();
    assert_eq!(partner.claims.tenant, TenantSource::Constant(globex));
    let viewer = RoleName::parse("viewer").unwrap();
    let map = BTreeMap::from([("grp-a".into(), viewer.clone()), ("grp b".into(), viewer)]);
    assert_eq!(partner.claims.roles.map, Some(map));
    let PrincipalSource::Email { domains, .. } = &partner.claims.principal else { panic!() };
    assert_eq!(**domains, ["partner.example".into()]);
    let mut alternating = [0; 32];
    alternating.iter_mut().skip(1).step_by(2).for_each(|byte| *byte = 0xff);
    let pins = vec![alternating, [0xa1; 32]];
    assert_eq!(partner.client_certificate, ClientCertificate::Pinned(pins));
}

#[test]
fn yaml_and_its_canonical_json_are_one_policy() {
    let yaml = check(GOOD, Format::Yaml, &files()).unwrap();
    let json = check(yaml.canonical_json(), Format::Json, &NoFiles).unwrap();
    assert_eq!(yaml.canonical_json(), json.canonical_json());
    assert_eq!(yaml.digest(), json.digest());
    assert_eq!(yaml.compile().unwrap().digest(), json.compile().unwrap().digest());
    assert_eq!(yaml.artifact(), check(GOOD, Format::Yaml, &files()).unwrap().artifact());
}

#[test]
fn the_digest_covers_the_keys_and_every_value_but_not_the_form() {
    let digest =
        |yaml: &str, files: &BTreeMap<_, _>| check(yaml, Format::Yaml, files).unwrap().digest();
    let base = digest(GOOD, &files());
    let reformed =
        GOOD.replace("version: 1\n", "# why\n").replace("routes:", "version: 0x1\nroutes:");
    assert_eq!(digest(&reformed, &files()), base);
    assert_ne!(digest(&GOOD.replace("1h", "2h"), &files()), base);
    let mut other_keys = files();
    let partner = other_keys["partner.jwks.json"].clone();
    other_keys.insert("platform.jwks.json".to_owned(), partner);
    assert_ne!(digest(GOOD, &other_keys), base);
}
