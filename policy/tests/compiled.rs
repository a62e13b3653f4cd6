//! What a policy means once it is compiled, and that its form does not matter.

use std::collections::BTreeMap;

use crate::common::{GOOD, files};
use tenantguard::artifact::route::{Access, ResourceTenant, Usage};
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
    let (tenant, role) = (TenantId::parse(tenant).unwrap(), RoleName::parse(role).unwrap());
    names(policy, &policy.roles().permissions(&tenant, [&role]))
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
        let (_, tenant) = policy.find_tenant(tenant).unwrap();
        (tenant.isolation, tenant.cell.as_str().to_owned())
    };
    assert_eq!(cell("acme"), (Isolation::Dedicated, "acme-eu".to_owned()));
    assert_eq!(cell("globex"), (Isolation::Shared, "shared".to_owned()));
    let elsewhere = GOOD.replace("audiences:", "default_cell: pool-1\naudiences:");
    let policy = compile(&elsewhere, Format::Yaml, &files()).unwrap();
    let (_, globex) = policy.find_tenant("globex").unwrap();
    assert_eq!((globex.cell.as_str(), policy.default_cell().as_str()), ("pool-1", "pool-1"));
}

#[test]
fn routes_keep_what_they_ask() {
    let policy = good();
    let route = |path: &'static str| {
        policy.find_route(&NormalPath::parse(path.as_bytes()).unwrap()).unwrap().1
    };
    let Access::Public { methods } = &route("/healthz").access else { panic!() };
    assert_eq!(methods.iter().map(|m| m.as_str()).collect::<Vec<_>>(), ["GET", "HEAD"]);
    assert_eq!(route("/healthz").usage, Usage::None);
    assert_eq!(route("/reports/7").usage, Usage::ApiCall);
    let Access::Tenant { methods, resource } = &route("/tenants/acme/users").access else {
        panic!()
    };
    assert_eq!(*resource, ResourceTenant::PathSegment(1));
    let asked: Vec<_> = methods
        .iter()
        .map(|(method, id)| (method.as_str(), policy.permission(*id).unwrap().as_str()))
        .collect();
    assert_eq!(asked, [("GET", "users:read")]);
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
