//! Issuers: who signs tokens, and what its word is worth.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::leaves::{
    Algorithm, Any, Authority, CertificateDigest, ClaimPath, Domain, Duration, FileName,
    Identifier, Name, PlainPath, Required, TokenType, UnlistedRoles,
};

/// Who signs tokens, and what its word is worth.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend(
    "if" = {"properties": {"authority": {"const": "scopes"}}, "required": ["authority"]},
    "else" = {"properties": {"asserts": {"required": ["roles"]}}},
))]
pub(super) struct Issuer {
    /// The exact `iss` of its tokens.
    issuer: Identifier,
    /// The namespace of its subjects: its own name, unless it shares one with another issuer. Both
    /// must then declare it.
    namespace: Option<Name>,
    /// Where its public keys are: exactly one of a file, a set, and an endpoint.
    keys: Keys,
    /// The algorithms that it may sign with. RS256, ES256 and EdDSA unless said otherwise.
    #[schemars(length(min = 1))]
    algorithms: Option<Vec<Algorithm>>,
    /// The `typ` that its tokens must have.
    #[schemars(extend("default" = "any"))]
    r#type: Option<TokenType>,
    /// Whom its tokens must be for, in place of the policy's `audiences`.
    audiences: Option<Vec<Identifier>>,
    /// Whom it may speak for. Said, never assumed.
    asserts: Asserts,
    /// What a role outside `asserts` does: it refuses the token, or gives nothing.
    #[schemars(extend("default" = "refuse"))]
    unlisted_roles: Option<UnlistedRoles>,
    /// Where permissions come from: what roles and scopes both give, roles alone (people without
    /// useful scopes), or scopes alone (programs without roles).
    #[schemars(extend("default" = "roles_and_scopes"))]
    authority: Option<Authority>,
    /// Where its claims stand, if not under the usual names.
    claims: Option<Claims>,
    /// The longest that a token may live (`exp - iat`), at most 366d.
    #[schemars(extend("default" = "24h"))]
    max_lifetime: Option<Duration>,
    /// How far its clock may be off, at most 10m.
    #[schemars(extend("default" = "30s"))]
    skew: Option<Duration>,
    /// Whether its tokens must be bound to the client's certificate (RFC 8705), or which
    /// certificates its clients show.
    client_certificate: Option<ClientCertificate>,
    /// Its tokens are delegation tokens (RFC 8693), as the control service gives them: each is good
    /// for the data of one other tenant under one delegation, for five minutes at most. `act.iss`
    /// names the issuer whose principal it is, and tenant and roles must be among what both assert.
    #[schemars(extend("default" = false))]
    delegation_tokens: Option<bool>,
}

/// Where an issuer's public keys are.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["jwks_file"]}, {"required": ["jwks"]}, {"required": ["cluster", "path"]},
]))]
pub(super) struct Keys {
    /// A file with a JWK set, from beside the policy.
    jwks_file: Option<FileName>,
    /// A JWK set (RFC 7517, section 5).
    jwks: Option<KeySet>,
    /// The Envoy cluster that the keys are fetched from.
    cluster: Option<Identifier>,
    /// The path on that cluster.
    path: Option<PlainPath>,
    /// The `Host` of the fetch, if it is not the one of `issuer`.
    host: Option<Identifier>,
    /// How often the keys are fetched, at most every 24h.
    #[schemars(extend("default" = "5m"))]
    refresh: Option<Duration>,
    /// How long keys may be used after they were last confirmed, at most 7d.
    #[schemars(extend("default" = "1h"))]
    max_stale: Option<Duration>,
}

/// A JWK set. It may have members beside `keys`.
#[derive(JsonSchema)]
pub(super) struct KeySet {
    /// Its keys, public ones only.
    keys: Vec<Map<String, Value>>,
}

/// Whom an issuer may speak for.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Asserts {
    /// `any` tenant that the policy knows, or these.
    tenants: AnyOr<Name>,
    /// `any` role that the policy knows, or these. Not needed where scopes alone count.
    roles: Option<AnyOr<Name>>,
}

/// `any`, or a list.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
pub(super) enum AnyOr<T> {
    Any(Any),
    These(Vec<T>),
}

/// Where an issuer's claims stand, what must be there, and what never leaves the gate.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Claims {
    /// The acting tenant. The claim `tenant_id` unless said otherwise.
    tenant: Option<TenantSource>,
    /// The principal. The claim `sub` unless said otherwise.
    principal: Option<PrincipalSource>,
    /// The roles. The claim `tenant_role` unless said otherwise.
    roles: Option<RolesSource>,
    /// The scopes. The claim `scope` unless said otherwise.
    scope: Option<ClaimPath>,
    /// Claims that a token must have.
    required: Option<Vec<ClaimPath>>,
    /// Claims that never leave the gate: a token that has one is not passed on.
    drop: Option<Vec<ClaimPath>>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
pub(super) enum TenantSource {
    Claim(ClaimPath),
    Map(TenantClaim),
}

/// Where the acting tenant comes from.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1, "maxProperties" = 1))]
pub(super) struct TenantClaim {
    /// The claim that names it.
    claim: Option<ClaimPath>,
    /// Always this tenant, whatever the token says.
    constant: Option<Name>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
pub(super) enum PrincipalSource {
    Claim(ClaimPath),
    Map(PrincipalClaim),
}

/// Where the principal comes from.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct PrincipalClaim {
    /// The claim that names it.
    claim: ClaimPath,
    /// The claim is a verified e-mail address of one of these domains.
    #[schemars(length(min = 1))]
    domains: Option<Vec<Domain>>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
pub(super) enum RolesSource {
    Claim(ClaimPath),
    Map(RolesClaim),
}

/// Where the roles come from.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct RolesClaim {
    /// The claim that names them.
    claim: ClaimPath,
    /// The issuer's names for our roles.
    #[schemars(extend("minProperties" = 1))]
    map: Option<BTreeMap<String, Name>>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
pub(super) enum ClientCertificate {
    Bound(Required),
    Pinned(Certificates),
}

/// The certificates that clients show.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Certificates {
    /// Their SHA-256 digests.
    #[schemars(length(min = 1))]
    pinned: Vec<CertificateDigest>,
}
