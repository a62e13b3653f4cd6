//! The audit record of a decision: one JSON object on one line, every string escaped.
//!
//! Fields follow OCSF API Activity (class 6003): `time`, `decision` (disposition), `reason`
//! (status_code), `principal` (actor.user.uid), `acting_tenant` (actor.user.org.uid),
//! `resource_tenant` (resources.owner.org.uid), `permission` (api.operation), `route`
//! (api.endpoint), `source_ip` (src_endpoint.ip), `policy` (policy.uid), `audit_id` (metadata.uid),
//! `tenant_context_id` (metadata.correlation_uid), `detail` (status_detail).

use serde::Serialize;

use crate::artifact::{Policy, PolicyDigest};
use crate::gate::{Account, Permit};
use crate::record::{line, text, text_or_null};
use crate::request::RandomId;
use crate::time::UnixTime;
use crate::token::TokenHandle;

/// The version of the record's shape.
const VERSION: u32 = 1;
/// How much of a path that no route covers goes into the record, in bytes.
const PATH_LIMIT: usize = 256;
/// How much of a detail goes into the record, in bytes.
const DETAIL_LIMIT: usize = 512;

/// What the proxy knows of where a request came from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The address of the client, with or without port.
    pub source: Option<String>,
    /// The identity in the peer's certificate, under mTLS.
    pub peer: Option<String>,
}

/// Who writes the record, and which one of its records it is: a gap shows.
#[derive(Debug, Clone)]
pub struct Position<'a> {
    /// The proxy.
    pub proxy: &'a str,
    /// The VM within the proxy's life.
    pub instance: &'a str,
    /// Counts the records of the instance, from 1.
    pub sequence: u64,
}

#[derive(Serialize)]
struct Record<'a> {
    version: u32,
    #[serde(serialize_with = "text")]
    time: UnixTime,
    #[serde(serialize_with = "text")]
    audit_id: RandomId,
    #[serde(serialize_with = "text")]
    tenant_context_id: RandomId,
    decision: &'static str,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    mode: &'static str,
    acting_tenant: Option<&'a str>,
    resource_tenant: Option<&'a str>,
    principal: Option<&'a str>,
    delegator: Option<&'a str>,
    delegation_id: Option<&'a str>,
    issuer: Option<&'a str>,
    #[serde(serialize_with = "text_or_null")]
    token: Option<TokenHandle>,
    method: Option<&'a str>,
    route: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    permission: Option<&'a str>,
    source_ip: Option<&'a str>,
    peer: Option<&'a str>,
    #[serde(serialize_with = "text")]
    policy: PolicyDigest,
    control: &'static str,
    proxy: &'a str,
    instance: &'a str,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    shadow: Option<Shadow<'a>>,
}

#[derive(Serialize)]
struct Shadow<'a> {
    differs: &'a [String],
}

/// Writes the record of a permit.
#[must_use]
pub fn permitted(
    policy: &Policy,
    permit: &Permit,
    origin: &Origin,
    position: &Position<'_>,
) -> Vec<u8> {
    let shadow = match permit {
        Permit::Shadowed(shadowed) => Some(Shadow { differs: shadowed.differs() }),
        Permit::Tenant(_) | Permit::Public(_) => None,
    };
    write(policy, permit.account(), origin, position, shadow)
}

/// Writes the record of a denial.
#[must_use]
pub fn denied(
    policy: &Policy,
    account: &Account,
    origin: &Origin,
    position: &Position<'_>,
) -> Vec<u8> {
    write(policy, account, origin, position, None)
}

fn write(
    policy: &Policy,
    account: &Account,
    origin: &Origin,
    position: &Position<'_>,
    shadow: Option<Shadow<'_>>,
) -> Vec<u8> {
    let (facts, reason) = (account.facts(), account.verdict().reason());
    let route = facts.route.and_then(|id| policy.route(id));
    let record = Record {
        version: VERSION,
        time: account.at(),
        audit_id: account.ids().audit,
        tenant_context_id: account.ids().context,
        decision: reason.decision(),
        reason: reason.code(),
        detail: account.verdict().detail().map(|mut detail| {
            detail.truncate(clip(&detail, DETAIL_LIMIT).len());
            detail
        }),
        mode: account.mode().as_str(),
        acting_tenant: facts.acting_tenant.as_ref().map(|tenant| tenant.as_str()),
        resource_tenant: facts.resource_tenant.as_ref().map(|tenant| tenant.as_str()),
        principal: facts.principal.as_ref().map(|principal| principal.as_str()),
        delegator: None,
        delegation_id: None,
        issuer: facts.issuer.and_then(|id| policy.issuer(id)).map(|issuer| &*issuer.url),
        token: facts.token,
        method: facts.method.as_deref(),
        route: route.map(|route| route.template.as_str()),
        path: facts.path.as_deref().filter(|_| route.is_none()).map(|path| clip(path, PATH_LIMIT)),
        permission: facts.permission.and_then(|id| policy.permission(id)).map(|p| p.as_str()),
        source_ip: origin.source.as_deref().map(without_port),
        peer: origin.peer.as_deref(),
        policy: policy.digest(),
        // Until a control service is configured, only the policy speaks.
        control: "none",
        proxy: position.proxy,
        instance: position.instance,
        sequence: position.sequence,
        shadow,
    };
    line(&record)
}

/// The longest prefix within `limit` bytes that ends between characters.
fn clip(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

/// `10.0.0.1:443` and `[::1]:443` without their ports.
fn without_port(address: &str) -> &str {
    match address.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
            host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
        }
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_address_is_recorded_without_its_port() {
        for (address, ip) in [
            ("10.0.0.1:443", "10.0.0.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("/run/envoy.sock", "/run/envoy.sock"),
        ] {
            assert_eq!(without_port(address), ip);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(clip("abc", 5), "abc");
        assert_eq!(clip("aéé", 4), "aé");
        assert_eq!(clip("é", 1), "");
    }
}
