//! What a policy has one of, or a handful, as the JSON that the core reads back: issuers with their
//! keys, claims and limits, sorted by their URLs.

use tenantguard::artifact::Settings;
use tenantguard::identity::Namespace;
use tenantguard::token::{Key, KeySet};
use tenantguard::trust::{
    Asserts, Issuer as CompiledIssuer, IssuerKeys, RemoteKeys as CompiledRemoteKeys,
};

use super::{CompileError, Input};
use crate::claim_map;
use crate::ordered;
use crate::source::{Issuer, Keys, Listed, RemoteKeys, Source};

/// The settings as JSON.
pub(super) fn json(input: &Input<'_>, ceiling: u32) -> Result<Vec<u8>, CompileError> {
    let source = input.source;
    let mut issuers: Vec<CompiledIssuer> = source
        .issuers
        .iter()
        .zip(&input.resolved.keys)
        .filter_map(|(own, keys)| issuer(own, keys, source))
        .collect();
    issuers.sort_by(|a, b| a.url.cmp(&b.url));
    let settings = Settings {
        issuers,
        default_cell: source.default_cell.clone(),
        headers: source.headers.clone(),
        token_source: source.token_source.clone(),
        token_cache: source.token_cache,
        paths: source.paths,
        limits: source.limits,
        cross_tenant: source.cross_tenant,
        ceiling,
    };
    serde_json::to_vec(&settings).map_err(|error| CompileError::Settings(error.to_string()))
}

fn issuer(issuer: &Issuer, keys: &[Key], source: &Source) -> Option<CompiledIssuer> {
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
            Keys::Inline(_) => IssuerKeys::Inline(KeySet::new(keys.to_vec())),
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
        delegation_tokens: issuer.delegation_tokens.is_some(),
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
        Listed::These(values) => {
            Asserts::Only(ordered::set(values.iter().map(|v| v.value.clone())))
        }
    }
}
