//! The usage event of a permitted request: CloudEvents 1.0, JSON format.
//!
//! The id is the tenant context id with the kind, so that the same request is the same event
//! however often it is delivered, and a consumer can drop the copies.

use serde::Serialize;

use crate::artifact::Policy;
use crate::artifact::route::Usage;
use crate::gate::Permit;
use crate::record::{line, text};
use crate::request::RandomId;
use crate::time::UnixTime;

/// The prefix of the event's `type`.
const TYPE_PREFIX: &str = "io.tenantguard.usage.";

#[derive(Serialize)]
struct Event<'a> {
    specversion: &'static str,
    id: String,
    source: String,
    r#type: String,
    subject: &'a str,
    #[serde(serialize_with = "text")]
    time: UnixTime,
    datacontenttype: &'static str,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(serialize_with = "text")]
    tenant_context_id: RandomId,
    #[serde(serialize_with = "text")]
    audit_id: RandomId,
    tenant: &'a str,
    principal: Option<&'a str>,
    kind: &'static str,
    quantity: u32,
    route: Option<&'a str>,
    method: Option<&'a str>,
}

/// Writes the event of a permit, if the request is billed: nothing is for public routes,
/// preflights, health checks and shadowed requests.
#[must_use]
pub fn event(policy: &Policy, permit: &Permit, proxy: &str) -> Option<Vec<u8>> {
    let kind = match permit.usage() {
        Usage::None => return None,
        usage => usage.as_str(),
    };
    let account = permit.account();
    let facts = account.facts();
    let tenant = facts.acting_tenant.as_ref()?.as_str();
    let context = account.ids().context;
    let event = Event {
        specversion: "1.0",
        id: format!("{context}.{kind}"),
        source: format!("/tenantguard/{proxy}"),
        r#type: format!("{TYPE_PREFIX}{kind}"),
        subject: tenant,
        time: account.at(),
        datacontenttype: "application/json",
        data: Data {
            tenant_context_id: context,
            audit_id: account.ids().audit,
            tenant,
            principal: facts.principal.as_ref().map(|principal| principal.as_str()),
            kind,
            quantity: 1,
            route: facts.route.and_then(|id| policy.route(id)).map(|r| r.template.as_str()),
            method: facts.method.as_deref(),
        },
    };
    Some(line(&event))
}
