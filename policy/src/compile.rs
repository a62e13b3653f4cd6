//! From a checked source to the artifact that the gate reads: names become ids, the role
//! hierarchy is closed, overrides become whole rows. The same source gives the same artifact.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use tenantguard::artifact::route::{Access as Asked, ResourceTenant, Route as CompiledRoute};
use tenantguard::artifact::{
    AssembleError, Policy, PolicyDigest, PolicyParts, RoleRow, RoleTable, Tenant,
};
use tenantguard::identity::{Namespace, RoleName, TenantId};
use tenantguard::permissions::PermissionSet;
use tenantguard::token::{Key, KeySet};
use tenantguard::trust::{
    Asserts, Issuer as CompiledIssuer, IssuerKeys, RemoteKeys as CompiledRemoteKeys,
};

use crate::check::{Declared, Hierarchy, Resolved};
use crate::claim_map;
use crate::place::Located;
use crate::source::{Access, Issuer, Keys, Listed, RemoteKeys, Role, Route, Source};

/// Compiles a source without findings. `canonical` is what the digest is of.
pub(crate) fn policy(
    source: Source,
    resolved: Resolved,
    canonical: &str,
) -> Result<Policy, AssembleError> {
    let Resolved { declared, hierarchy, keys } = resolved;
    let scope = |scope: &crate::source::Scope| {
        (scope.alias.value.as_str().into(), declared.expand(&scope.permissions))
    };
    let issuers = source.issuers.iter().zip(keys);
    Policy::assemble(PolicyParts {
        digest: digest(canonical),
        permissions: declared.names().cloned().collect(),
        roles: role_table(&source, &hierarchy, &declared),
        scopes: source.scopes.iter().map(scope).collect(),
        tenants: tenants(&source),
        issuers: issuers.filter_map(|(i, keys)| issuer(i, keys, &source)).collect(),
        routes: source.routes.iter().filter_map(|r| route(r, &declared)).collect(),
        default_cell: source.default_cell,
        headers: source.headers,
        token_source: source.token_source,
        token_cache: source.token_cache,
    })
}

/// The digest of a policy in its canonical form.
pub(crate) fn digest(canonical: &str) -> PolicyDigest {
    PolicyDigest(Sha256::digest(canonical).into())
}

fn tenants(source: &Source) -> BTreeMap<TenantId, Tenant> {
    let compiled = source.tenants.iter().map(|tenant| {
        let cell = tenant.cell.as_ref().map_or(&source.default_cell, |cell| &cell.value);
        (tenant.id.clone(), Tenant { isolation: tenant.isolation, cell: cell.clone() })
    });
    compiled.collect()
}

fn issuer(issuer: &Issuer, keys: Vec<Key>, source: &Source) -> Option<CompiledIssuer> {
    let url = &issuer.url.as_ref()?.value;
    let audiences = issuer.audiences.as_ref().unwrap_or(&source.audiences);
    let namespace = match &issuer.namespace {
        Some(namespace) => namespace.value.clone(),
        None => Namespace::parse(&issuer.name).ok()?,
    };
    Some(CompiledIssuer {
        url: url.as_str().into(),
        namespace,
        keys: match issuer.keys.as_ref()? {
            Keys::Inline(_) => IssuerKeys::Inline(KeySet::new(keys)),
            Keys::Remote(remote) => IssuerKeys::Remote(endpoint(remote, url)),
        },
        algorithms: issuer.algorithms.iter().map(|a| a.value).collect(),
        audiences: audiences.iter().map(|a| a.value.as_str().into()).collect(),
        tenants: asserts(&issuer.tenants),
        roles: asserts(&issuer.roles),
        unlisted_roles: issuer.unlisted_roles.as_ref().map(|u| u.value).unwrap_or_default(),
        claims: claim_map::of(&issuer.claims),
        client_certificate: issuer.client_certificate.clone(),
        max_lifetime: issuer.max_lifetime,
        skew: issuer.skew,
        authority: issuer.authority,
        token_type: issuer.token_type,
    })
}

fn endpoint(keys: &RemoteKeys, issuer: &str) -> CompiledRemoteKeys {
    CompiledRemoteKeys {
        cluster: keys.cluster.value.as_str().into(),
        host: keys.host.as_ref().map_or_else(|| host_of(issuer), |host| &host.value).into(),
        path: keys.path.value.as_str().into(),
        refresh: keys.refresh,
        max_stale: keys.max_stale,
    }
}

/// The host, with its port, of an issuer's URL.
fn host_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    after_scheme.split(['/', '?', '#']).next().unwrap_or(after_scheme)
}

fn asserts<T: Ord + Clone>(listed: &Listed<T>) -> Asserts<T> {
    match listed {
        Listed::Any => Asserts::Any,
        Listed::These(values) => Asserts::Only(values.iter().map(|v| v.value.clone()).collect()),
    }
}

fn route(route: &Route, declared: &Declared) -> Option<CompiledRoute> {
    let template = route.template.as_ref()?.value.clone();
    let access = match &route.access {
        Access::Public(methods) => Asked::Public { methods: methods.clone() },
        Access::Tenant { methods, resource_tenant } => {
            let methods = methods.iter().map(|(method, Located { value, .. })| {
                declared.id(value).map(|permission| (method.clone(), permission))
            });
            let resource = match resource_tenant {
                Some(name) => ResourceTenant::PathSegment(template.parameter(&name.value)?),
                None => ResourceTenant::Acting,
            };
            Asked::Tenant { methods: methods.collect::<Option<_>>()?, resource }
        }
    };
    Some(CompiledRoute { template, access, usage: route.usage })
}

fn role_table(source: &Source, hierarchy: &Hierarchy, declared: &Declared) -> RoleTable {
    let closed = closed_permissions(&source.roles, hierarchy, declared);
    let row = |allow: &PermissionSet| RoleRow { allow: allow.clone(), ..RoleRow::default() };
    let base = source.roles.iter().zip(&closed);
    let base: BTreeMap<RoleName, RoleRow> =
        base.map(|(role, allow)| (role.name.value.clone(), row(allow))).collect();
    let overrides = overrides(source, hierarchy, declared, &base);
    RoleTable { base, overrides }
}

/// What each role may do, with all that it extends.
fn closed_permissions(
    roles: &[Role],
    hierarchy: &Hierarchy,
    declared: &Declared,
) -> Vec<PermissionSet> {
    let mut closed: Vec<PermissionSet> =
        roles.iter().map(|role| declared.expand(&role.permissions)).collect();
    for role in &hierarchy.order {
        let mut own = closed.get_mut(*role).map(std::mem::take).unwrap_or_default();
        for base in hierarchy.extends.get(*role).into_iter().flatten() {
            own.union_with(closed.get(*base).unwrap_or(&PermissionSet::new()));
        }
        if let Some(slot) = closed.get_mut(*role) {
            *slot = own;
        }
    }
    closed
}

/// An override of a role holds in every role that extends it: it is part of what they inherit.
fn overrides(
    source: &Source,
    hierarchy: &Hierarchy,
    declared: &Declared,
    base: &BTreeMap<RoleName, RoleRow>,
) -> BTreeMap<TenantId, BTreeMap<RoleName, RoleRow>> {
    let positions: BTreeMap<&RoleName, usize> =
        source.roles.iter().map(|role| &role.name.value).zip(0..).collect();
    let mut rows: BTreeMap<TenantId, BTreeMap<RoleName, RoleRow>> = BTreeMap::new();
    for item in &source.overrides {
        let (Some(tenant), Some(role)) = (&item.tenant, &item.role) else { continue };
        let Some(position) = positions.get(&role.value) else { continue };
        let (grant, deny) = (declared.expand(&item.grant), declared.expand(&item.deny));
        let of_tenant = rows.entry(tenant.value.clone()).or_default();
        for heir in hierarchy.heirs(*position).into_iter().filter_map(|at| source.roles.get(at)) {
            let name = &heir.name.value;
            let row = of_tenant
                .entry(name.clone())
                .or_insert_with(|| base.get(name).cloned().unwrap_or_default());
            row.allow.union_with(&grant);
            row.deny.union_with(&deny);
        }
    }
    rows
}
