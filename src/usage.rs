//! The usage event of a permitted request: CloudEvents 1.0, JSON format.
//!
//! The id is the tenant context id with the kind, so that the same request is the same event
//! however often it is delivered, and a consumer can drop the copies.

use crate::artifact::Policy;
use crate::artifact::route::Usage;
use crate::delegation::Bill;
use crate::gate::Permit;
use crate::identity::TenantId;
use crate::record::Line;

/// The prefix of the event's `type`.
const TYPE_PREFIX: &str = "io.tenantguard.usage.";

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
    let bill = facts.delegation.as_ref().map_or(Bill::Delegate, |grant| grant.bill(policy));
    let tenant = match bill {
        Bill::Delegate => facts.acting_tenant.as_ref()?,
        Bill::Delegator => facts.resource_tenant.as_ref()?,
    };
    let ids = account.ids();
    let mut line = Line::object();
    line.text("specversion", "1.0");
    line.displayed("id", format_args!("{}.{kind}", ids.context));
    line.displayed("source", format_args!("/tenantguard/{proxy}"));
    line.displayed("type", format_args!("{TYPE_PREFIX}{kind}"));
    line.text("subject", tenant.as_str());
    line.displayed("time", account.at());
    line.text("datacontenttype", "application/json");
    line.nested("data", |data| {
        data.displayed("tenant_context_id", ids.context);
        data.displayed("audit_id", ids.audit);
        data.text("tenant", tenant.as_str());
        data.text_or_null("principal", facts.principal.as_ref().map(|p| p.as_str()));
        data.text("kind", kind);
        data.number("quantity", 1);
        let route = facts.route.and_then(|id| policy.route(id));
        data.text_or_null("route", route.map(|route| route.template()));
        data.text_or_null("method", facts.method.as_deref());
        if let Some(grant) = &facts.delegation {
            data.text_or_null("delegate", facts.acting_tenant.as_ref().map(TenantId::as_str));
            data.text_or_null("delegator", facts.resource_tenant.as_ref().map(TenantId::as_str));
            data.text("delegation_id", grant.id(policy));
        }
    });
    Some(line.end())
}
