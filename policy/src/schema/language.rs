//! The top level: what holds for every request.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::access::{Delegation, Override, Role, Route, Tenant, TenantRoles};
use super::leaves::{
    Bill, CacheSize, DotSegments, Duration, EncodedSlash, Encoding, HeaderPrefix, Identifier, Name,
    Pattern, RepeatedSlashes, ScopeName, Semicolon, Size, Version,
};
use super::trust::Issuer;

/// A policy of TenantGuard: who may assert which tenants and roles, what roles may do, and which
/// routes need what. A part of one, where the policy is a directory of files.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Policy {
    /// The version of the language. Needed, in one file at least.
    version: Option<Version>,
    /// Whom tokens must be for (their `aud`), unless an issuer says otherwise.
    audiences: Option<Vec<Identifier>>,
    /// The Envoy cluster of tenants that name no cell, and of requests without a tenant. `shared`
    /// unless said otherwise.
    default_cell: Option<Name>,
    /// What the names of the headers begin with that the gate sets and removes. `x-` unless said
    /// otherwise.
    header_prefix: Option<HeaderPrefix>,
    /// The one place that tokens come from. `Authorization: Bearer` unless said otherwise.
    token: Option<Token>,
    /// How much memory each worker may spend on tokens that it knows. `16MiB` unless said
    /// otherwise.
    token_cache: Option<CacheSize>,
    /// What is done with paths that are read in more than one way.
    paths: Option<Paths>,
    /// How much of a request is looked at; what has more is refused.
    limits: Option<Limits>,
    /// What is asked of requests for another tenant's data, and who pays for them.
    cross_tenant: Option<CrossTenant>,
    /// Who signs tokens, by name. The name is the namespace of its subjects, unless it declares
    /// another.
    issuers: Option<BTreeMap<Name, Issuer>>,
    /// What the roles may do that tenants define. Without it, tenants define none.
    tenant_roles: Option<TenantRoles>,
    /// The tenants, by id.
    tenants: Option<BTreeMap<Name, Tenant>>,
    /// The roles, by name.
    roles: Option<BTreeMap<Name, Role>>,
    /// What tenants change about roles. A deny wins over every grant.
    overrides: Option<Vec<Override>>,
    /// Other names for permissions in a token's scope.
    scopes: Option<BTreeMap<ScopeName, Vec<Pattern>>>,
    /// What each path and method needs. A request on no route is refused, so there must be some.
    routes: Option<Vec<Route>>,
    /// What tenants let others do with their data, by name.
    delegations: Option<BTreeMap<Name, Delegation>>,
}

/// The one place that tokens come from.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1, "maxProperties" = 1))]
pub(super) struct Token {
    /// A header other than `authorization`, in lower case.
    header: Option<Identifier>,
    /// The cookie that holds it.
    cookie: Option<Identifier>,
}

/// What is done with paths that are read in more than one way. What no choice could make safe, such
/// as double encodings, control characters and backslashes, is always refused.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Paths {
    /// `.` and `..`: resolved, or the request is refused.
    #[schemars(extend("default" = "resolve"))]
    dot_segments: Option<DotSegments>,
    /// `//`: merged into one slash, or the request is refused.
    #[schemars(extend("default" = "merge"))]
    repeated_slashes: Option<RepeatedSlashes>,
    /// Percent-encoding that is not needed (`%61`): undone, or the request is refused.
    #[schemars(extend("default" = "decode"))]
    encoding: Option<Encoding>,
    /// `;`: the request is refused, or it is a character like any other. Keep it only if no server
    /// behind the gate cuts segments there.
    #[schemars(extend("default" = "refuse"))]
    semicolon: Option<Semicolon>,
    /// `%2F`: the request is refused, or it stays as it is. Keep it only if no server behind the
    /// gate decodes it into a slash.
    #[schemars(extend("default" = "refuse"))]
    encoded_slash: Option<EncodedSlash>,
}

/// What is asked of requests for another tenant's data, and who pays for them.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct CrossTenant {
    /// Whether it takes a delegation token, which the control service gives for five minutes at
    /// most (RFC 8693). Some issuer must then have `delegation_tokens`.
    #[schemars(extend("default" = false))]
    require_token: Option<bool>,
    /// The longest that a token may live (`exp - iat`), if that is less than its issuer's limit.
    max_lifetime: Option<Duration>,
    /// The tenant that is billed, where a delegation does not say it.
    #[schemars(extend("default" = "delegate"))]
    bill: Option<Bill>,
}

/// How much of a request is looked at.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Limits {
    /// The longest path with its query, from 64B to 8KiB.
    #[schemars(extend("default" = "8KiB"))]
    path: Option<Size>,
    /// The most headers, from 1 to 1000.
    #[schemars(range(min = 1, max = 1000), extend("default" = 100))]
    headers: Option<i64>,
    /// The most bytes of all headers together, from 1KiB to 8MiB.
    #[schemars(extend("default" = "60KiB"))]
    header_bytes: Option<Size>,
    /// The longest body. No limit unless said otherwise; a route may have its own.
    body: Option<Size>,
}
