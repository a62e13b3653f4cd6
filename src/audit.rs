//! The audit record of a decision: one JSON object on one line, every string escaped.
//!
//! Fields follow OCSF API Activity (class 6003): `time`, `decision` (disposition), `reason`
//! (status_code), `principal` (actor.user.uid), `acting_tenant` (actor.user.org.uid),
//! `resource_tenant` (resources.owner.org.uid), `permission` (api.operation), `route`
//! (api.endpoint), `source_ip` (src_endpoint.ip), `policy` (policy.uid), `audit_id` (metadata.uid),
//! `tenant_context_id` (metadata.correlation_uid), `detail` (status_detail).

use std::time::Duration;

use crate::artifact::Policy;
use crate::gate::{Account, Basis, Ended, Facts, Permit, Source};
use crate::record::{Line, Members};

/// The version of the record's shape.
const VERSION: u64 = 1;
/// How much of a path that no route covers goes into the record, in bytes.
const PATH_LIMIT: usize = 256;
/// How much of a scope goes into the record, in bytes.
const SCOPE_LIMIT: usize = 512;
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

/// One writer of records: what is the same in all of them, written once.
#[derive(Debug)]
pub struct Author {
    constant: Members,
}

impl Author {
    /// The author of the records that an instance of the filter writes under a policy.
    #[must_use]
    pub fn new(policy: &Policy, proxy: &str, instance: &str) -> Self {
        let mut line = Line::object();
        line.displayed("policy", policy.digest());
        line.text("proxy", proxy);
        line.text("instance", instance);
        Self { constant: line.into_members() }
    }
}

/// Who writes the record, and which one of its records it is: a gap shows.
#[derive(Debug, Clone, Copy)]
pub struct Position<'a> {
    /// The proxy, and the VM within the proxy's life.
    pub author: &'a Author,
    /// Counts the records of the instance, from 1.
    pub sequence: u64,
}

/// Writes the record of a permit.
#[must_use]
pub fn permitted(
    policy: &Policy,
    permit: &Permit,
    origin: &Origin,
    position: Position<'_>,
) -> Vec<u8> {
    let mut line = write(policy, permit.account(), origin, position);
    if let Permit::Shadowed(shadowed) = permit {
        line.nested("shadow", |line| line.texts("differs", shadowed.differs()));
    }
    line.end()
}

/// Writes the record of a permit that was over before its stream was.
#[must_use]
pub fn ended(
    policy: &Policy,
    permit: &Permit,
    ended: &Ended,
    origin: &Origin,
    position: Position<'_>,
) -> Vec<u8> {
    let mut line = write(policy, permit.account(), origin, position);
    line.nested("ended", |line| {
        line.displayed("time", ended.at());
        line.text("reason", ended.reason().code());
        line.text("detail", clip(&ended.detail(), DETAIL_LIMIT));
    });
    line.end()
}

/// Writes the record of a denial.
#[must_use]
pub fn denied(
    policy: &Policy,
    account: &Account,
    origin: &Origin,
    position: Position<'_>,
) -> Vec<u8> {
    write(policy, account, origin, position).end()
}

fn write(policy: &Policy, account: &Account, origin: &Origin, position: Position<'_>) -> Line {
    let (facts, verdict, ids) = (account.facts(), account.verdict(), account.ids());
    let route = facts.route.and_then(|id| policy.route(id));
    let mut line = Line::object();
    line.number("version", VERSION);
    line.displayed("time", account.at());
    line.displayed("audit_id", ids.audit);
    line.displayed("tenant_context_id", ids.context);
    line.text("decision", verdict.reason().decision());
    line.text("reason", verdict.reason().code());
    if let Some(detail) = verdict.detail() {
        line.text("detail", clip(&detail, DETAIL_LIMIT));
    }
    line.text("mode", account.mode().as_str());
    who(&mut line, policy, facts);
    line.text_or_null("method", facts.method.as_deref());
    line.text_or_null("route", route.map(|route| route.template()));
    if let (None, Some(path)) = (route, &facts.path) {
        line.text("path", clip(path, PATH_LIMIT));
    }
    line.text_or_null("permission", facts.permission.and_then(|id| policy.permission(id)));
    line.text_or_null("source_ip", origin.source.as_deref().map(without_port));
    line.text_or_null("peer", origin.peer.as_deref());
    basis(&mut line, account);
    line.members(&position.author.constant);
    line.number("sequence", position.sequence);
    line
}

fn who(line: &mut Line, policy: &Policy, facts: &Facts) {
    let issuer = facts.issuer.and_then(|id| policy.issuer(id));
    line.text_or_null("acting_tenant", facts.acting_tenant.as_ref().map(|tenant| tenant.as_str()));
    line.text_or_null("resource_tenant", facts.resource_tenant.as_ref().map(|t| t.as_str()));
    line.text_or_null("principal", facts.principal.as_ref().map(|principal| principal.as_str()));
    let grant = facts.delegation.as_ref();
    let delegator = facts.resource_tenant.as_ref().filter(|_| grant.is_some());
    line.text_or_null("delegator", delegator.map(|tenant| tenant.as_str()));
    line.text_or_null("delegation_id", grant.map(|grant| grant.id(policy)));
    if let Some(scope) = &facts.scope {
        line.text("scope", clip(scope, SCOPE_LIMIT));
        let reference = grant.map(|grant| grant.consent_reference(policy));
        line.text_or_null("consent", reference.filter(|reference| !reference.is_empty()));
    }
    line.text_or_null("issuer", issuer.map(|issuer| &*issuer.url));
    line.displayed_or_null("token", facts.token);
}

/// By what of the control state it was decided. Without a control service, only the policy spoke.
fn basis(line: &mut Line, account: &Account) {
    let Basis { source, epoch, age } = account.basis();
    line.text("control", source.as_str());
    if source != Source::None {
        line.number_or_null("epoch", epoch.map(|epoch| epoch.0));
        // Not `as_millis`, which counts by 128 bits.
        let millis = |age: Duration| {
            age.as_secs().saturating_mul(1000).saturating_add(age.subsec_millis().into())
        };
        line.number_or_null("age_ms", age.map(millis));
    }
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
