//! The policy that the tests start from, with keys that are derived and good.

use std::collections::BTreeMap;

use tenantguard_mint::{Algorithm, DevKey, jwks};
use tenantguard_policy::{Findings, Format};

/// A policy without findings that uses most of the language.
pub(crate) const GOOD: &str = r"version: 1
audiences: [api.example.com]
issuers:
  platform:
    issuer: https://id.example.com
    keys: {jwks_file: platform.jwks.json}
    algorithms: [ES256, EdDSA]
    asserts: {tenants: any, roles: any}
    max_lifetime: 1h
  partner:
    issuer: https://sso.partner.example
    keys: {jwks_file: partner.jwks.json}
    asserts: {tenants: [globex], roles: [viewer]}
    unlisted_roles: ignore
    claims:
      tenant: https://partner.example/tenant
      principal: {claim: email, domains: [partner.example]}
      roles: /realm_access/roles
      scope: scp
      required: [azp]
      drop: [phone_number, /address/street]
    client_certificate: required
tenants:
  acme: {isolation: dedicated, cell: acme-eu}
  globex: {isolation: shared}
roles:
  viewer: {permissions: [reports:read]}
  editor: {extends: [viewer], permissions: [reports:write]}
  admin: {extends: [editor], permissions: ['users:*']}
overrides:
  - {tenant: globex, role: editor, deny: [reports:write]}
scopes:
  reporting: ['reports:*']
routes:
  - {path: /healthz, public: true, usage: none}
  - path: /reports/{report}
    methods: {GET: reports:read, PUT: reports:write}
  - path: /tenants/{tenant}/users
    methods: {GET: users:read}
    resource_tenant: path.tenant
";

/// The key files that the policy names.
pub(crate) fn files() -> BTreeMap<String, String> {
    let key = |algorithm, seed| DevKey::derive(algorithm, seed);
    let platform = [key(Algorithm::Es256, "platform"), key(Algorithm::EdDsa, "platform")];
    let partner = [key(Algorithm::EdDsa, "partner")];
    [
        ("platform.jwks.json", jwks(&platform.each_ref())),
        ("partner.jwks.json", jwks(&partner.each_ref())),
    ]
    .map(|(name, set)| (name.to_owned(), set.to_string()))
    .into()
}

/// Every finding as code and path.
pub(crate) fn codes(findings: &Findings) -> Vec<(String, String)> {
    findings.iter().map(|f| (f.code.to_string(), f.path())).collect()
}

/// The findings of a YAML policy; none if it is good.
pub(crate) fn check(yaml: &str) -> Vec<(String, String)> {
    match tenantguard_policy::check(yaml, Format::Yaml, &files()) {
        Ok(_) => Vec::new(),
        Err(findings) => codes(&findings),
    }
}
