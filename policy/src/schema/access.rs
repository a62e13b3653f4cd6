//! Tenants, roles, routes and delegations: who may do what, and where.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::leaves::{
    Bill, Duration, Host, Identifier, Isolation, Line, Method, Mode, Name, OnStaleWord,
    PathTemplate, Pattern, Permission, Principal, ResourceTenant, Revocation, Size, Streams, Time,
    Usage,
};
use super::trust::AnyOr;

/// The platform's ceiling for the roles that tenants define.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct TenantRoles {
    /// What such a role may have at most.
    #[schemars(length(min = 1))]
    permissions: Vec<Pattern>,
}

/// A tenant.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend(
    "if" = {"properties": {"isolation": {"const": "dedicated"}}, "required": ["isolation"]},
    "then" = {"required": ["cell"]},
))]
pub(super) struct Tenant {
    /// How its data is kept apart: in a cell with other tenants, or in one of its own.
    isolation: Isolation,
    /// The Envoy cluster that serves it: `default_cell` unless said otherwise. A dedicated tenant
    /// names one of its own.
    cell: Option<Name>,
    /// The roles that it defines for itself, within `tenant_roles`.
    roles: Option<BTreeMap<Name, Role>>,
}

/// A role.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
pub(super) struct Role {
    /// The roles whose permissions it has too.
    extends: Option<Vec<Name>>,
    /// Its own permissions.
    permissions: Option<Vec<Pattern>>,
}

/// What a tenant changes about a role.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{"required": ["grant"]}, {"required": ["deny"]}]))]
pub(super) struct Override {
    /// The tenant that it holds in.
    tenant: Name,
    /// The role that it changes, and with it every role that extends it.
    role: Name,
    /// What the role may do there beside.
    grant: Option<Vec<Pattern>>,
    /// What the role may not do there, whatever grants it.
    deny: Option<Vec<Pattern>>,
}

/// A path, and what a request on it needs.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend(
    "if" = {"properties": {"public": {"const": true}}, "required": ["public"]},
    "then" = {
        "properties": {"methods": {"type": "array"}},
        "not": {"anyOf": [
            {"required": ["resource_tenant"]},
            {"required": ["on_stale"]},
            {"required": ["revocation"]},
            {"required": ["streams"]},
        ]},
    },
    "else" = {"properties": {"methods": {"type": "object"}}, "required": ["methods"]},
))]
pub(super) struct Route {
    /// The path. `{name}` stands for one segment, `{name...}` at the end for all that follow.
    path: PathTemplate,
    /// The hosts that it is for; any unless said otherwise. One label may be a parameter.
    #[schemars(length(min = 1))]
    hosts: Option<Vec<Host>>,
    /// Whether it needs no identity at all.
    #[schemars(extend("default" = false))]
    public: Option<bool>,
    /// The permission that each method needs, as `{GET: "reports:read"}`; of a public route, a list
    /// of methods (GET and HEAD unless said otherwise).
    methods: Option<Methods>,
    /// Where a request says whose data it asks for: `path.NAME`, `host.NAME`, `header.NAME`, or
    /// `token`. Without it, it is the acting tenant's.
    resource_tenant: Option<ResourceTenant>,
    /// What a permitted request is billed as. `api_call` unless said otherwise, `none` if public.
    usage: Option<Usage>,
    /// How far the gate is rolled out here: it decides, it only records, or it does not look. The
    /// metadata of Envoy's route wins, where it is there.
    #[schemars(extend("default" = "enforce"))]
    mode: Option<Mode>,
    /// The longest body, in place of the one in `limits`.
    body: Option<Size>,
    /// What holds when the proxy's copy of the control state is stale, that is past its lease or
    /// behind: the control service is asked about each request, or nothing is permitted, or the
    /// copy decides alone for some time more, which is outside the guarantee.
    #[schemars(extend("default" = "ask"))]
    on_stale: Option<StaleRule>,
    /// Who says whether a token is revoked: the proxy's copy, or the control service, which is asked
    /// about each request.
    #[schemars(extend("default" = "copy"))]
    revocation: Option<Revocation>,
    /// What becomes of streams that are open when their token expires or is revoked, or their
    /// delegation is over.
    #[schemars(extend("default" = "close"))]
    streams: Option<Streams>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
pub(super) enum StaleRule {
    Word(OnStaleWord),
    For(OnStale),
}

/// A copy that is stale decides alone for some time.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct OnStale {
    /// For how long, counted from when it became stale; at most a day.
    allow: Duration,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
pub(super) enum Methods {
    Permissions(#[schemars(extend("minProperties" = 1))] BTreeMap<Method, Permission>),
    Public(#[schemars(length(min = 1))] Vec<Method>),
}

/// What a tenant lets another do with its data.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Delegation {
    /// The delegator: whose data it is.
    from: Name,
    /// The delegate: who may act.
    to: Name,
    /// `any` principal of the delegate, or these, as audit records spell them.
    principals: AnyOr<Principal>,
    /// What they may do there, at most.
    #[schemars(length(min = 1))]
    permissions: Vec<Pattern>,
    /// Only by tokens that are for one of these. Any audience, unless said otherwise.
    #[schemars(length(min = 1))]
    audiences: Option<Vec<Identifier>>,
    /// The tenant that is billed. As `cross_tenant` says, unless said otherwise.
    bill: Option<Bill>,
    /// From when on. At once, unless said otherwise.
    not_before: Option<Time>,
    /// Until when, exclusive.
    expires: Time,
    /// Who agreed to it, when, and where that is written down.
    consent: Consent,
}

/// That the delegator agreed.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Consent {
    /// Who agreed, such as an e-mail address.
    by: Line,
    /// When it was agreed (RFC 3339).
    at: Time,
    /// Where that is written down, such as the number of a contract.
    reference: Line,
}
