//! Every reason, with what it answers: a table.

use std::fmt;

use super::Check;

/// What `WWW-Authenticate` says (RFC 6750, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// No such header.
    None,
    /// `Bearer` alone: no token was presented.
    Bare,
    /// `Bearer error="…"`.
    Error(&'static str),
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $code:literal $status:literal $grpc:literal $check:ident $challenge:expr, $title:literal;)*) => {
        /// Why a request was permitted or refused. Codes are stable: they stand in answers, audit
        /// records, metrics and tests.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason { $($(#[$doc])* $variant,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The HTTP status of the answer; 200 for a permit.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// The gRPC status of the answer.
            #[must_use]
            pub const fn grpc_status(self) -> u32 {
                match self { $(Self::$variant => $grpc,)* }
            }

            /// The check that decided.
            #[must_use]
            pub const fn check(self) -> Check {
                match self { $(Self::$variant => Check::$check,)* }
            }

            /// What `WWW-Authenticate` says.
            #[must_use]
            pub const fn challenge(self) -> Challenge {
                match self { $(Self::$variant => $challenge,)* }
            }

            /// A short title for people: the same for every request with this reason.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

const INVALID_TOKEN: Challenge = Challenge::Error("invalid_token");
const INVALID_REQUEST: Challenge = Challenge::Error("invalid_request");
const INSUFFICIENT_SCOPE: Challenge = Challenge::Error("insufficient_scope");
const SILENT: Challenge = Challenge::None;

reasons! {
    /// A tenant's token permits it.
    Permit "permit" 200 0 Delegation SILENT, "Permitted";
    /// The route is public.
    Public "public" 200 0 Route SILENT, "Public route";
    /// A CORS preflight of a known route and method.
    Preflight "preflight" 200 0 Route SILENT, "CORS preflight";

    /// Method or path has no single meaning.
    RequestMalformed "request.malformed" 400 3 Request SILENT, "The request is malformed";
    /// The path is longer than the policy's limit.
    RequestPath "request.path" 414 8 Request SILENT, "The path is too long";
    /// The headers are more or longer than the policy's limit.
    RequestHeaders "request.headers" 431 8 Request SILENT, "The headers are too large";
    /// The body is longer than the route's limit.
    RequestBody "request.body" 413 8 Request SILENT, "The body is too large";
    /// The client left while the decision was waiting.
    Abandoned "abandoned" 499 1 Request SILENT, "The client left";
    /// The policy has no route for the path.
    RouteUnknown "route.unknown" 403 7 Route SILENT, "No such route";
    /// The route does not know the method.
    RouteMethod "route.method" 405 12 Route SILENT, "The route does not have this method";
    /// No bearer token.
    TokenMissing "token.missing" 401 16 Token Challenge::Bare, "A bearer token is required";
    /// Several credentials.
    TokenSeveral "token.several" 401 16 Token INVALID_REQUEST, "More than one credential";
    /// Not a compact JWS.
    TokenMalformed "token.malformed" 401 16 Token INVALID_TOKEN, "The token is malformed";
    /// A JWE.
    TokenEncrypted "token.encrypted" 401 16 Token INVALID_TOKEN, "Encrypted tokens are not accepted";
    /// `none`, an HMAC, or not the key's or the issuer's algorithm.
    TokenAlgorithm "token.algorithm" 401 16 Token INVALID_TOKEN, "The token's algorithm is not accepted";
    /// `crit`.
    TokenCritical "token.critical" 401 16 Token INVALID_TOKEN, "The token has critical extensions";
    /// `b64`.
    TokenUnencoded "token.unencoded" 401 16 Token INVALID_TOKEN, "Unencoded payloads are not accepted";
    /// `zip`.
    TokenCompressed "token.compressed" 401 16 Token INVALID_TOKEN, "Compressed tokens are not accepted";
    /// `jku`, `x5u`, `jwk`, `x5c`.
    TokenEmbeddedKey "token.embedded_key" 401 16 Token INVALID_TOKEN, "The token brings its own key";
    /// `iss` is absent or not one of ours.
    IssuerUnknown "issuer.unknown" 401 16 Issuer INVALID_TOKEN, "The token's issuer is not known";
    /// The issuer has no such key.
    TokenKey "token.key" 401 16 Signature INVALID_TOKEN, "The token's key is not known";
    /// The signature does not match.
    TokenSignature "token.signature" 401 16 Signature INVALID_TOKEN, "The token's signature is not valid";
    /// The issuer's keys could not be had.
    KeysStale "keys.stale" 503 14 Signature SILENT, "The issuer's keys are not available";
    /// `typ`.
    TokenType "token.type" 401 16 Claims INVALID_TOKEN, "The token is of another type";
    /// A required claim is absent or of the wrong type.
    TokenClaims "token.claims" 401 16 Claims INVALID_TOKEN, "A required claim is missing or malformed";
    /// `exp` is past.
    TokenExpired "token.expired" 401 16 Claims INVALID_TOKEN, "The token has expired";
    /// `nbf` or `iat` is in the future.
    TokenNotYetValid "token.not_yet_valid" 401 16 Claims INVALID_TOKEN, "The token is not valid yet";
    /// It lives longer than its issuer's limit.
    TokenLifetime "token.lifetime" 401 16 Claims INVALID_TOKEN, "The token lives too long";
    /// `aud`.
    TokenAudience "token.audience" 401 16 Claims INVALID_TOKEN, "The token is for another audience";
    /// Bound to another client certificate, or to none where one is asked for.
    TokenBinding "token.binding" 401 16 Claims INVALID_TOKEN, "The token is not this client's";
    /// No tenant in the token, or none that could be one.
    TenantClaim "tenant.claim" 403 7 Tenant SILENT, "The token names no tenant";
    /// The issuer may not speak for the tenant.
    IssuerTenant "issuer.tenant" 403 7 Tenant SILENT, "The issuer may not speak for this tenant";
    /// The tenant is not in the directory.
    TenantUnknown "tenant.unknown" 403 7 Tenant SILENT, "The tenant is not known";
    /// The issuer may not give the role.
    IssuerRole "issuer.role" 403 7 Tenant SILENT, "The issuer may not give this role";
    /// The token is revoked.
    RevokedToken "revoked.token" 401 16 Revocation INVALID_TOKEN, "The token is revoked";
    /// Its session is revoked.
    RevokedSession "revoked.session" 401 16 Revocation INVALID_TOKEN, "The session is over";
    /// What was issued to its principal so far is revoked.
    RevokedPrincipal "revoked.principal" 401 16 Revocation INVALID_TOKEN, "The principal's tokens are revoked";
    /// What was issued to its tenant so far is revoked.
    RevokedTenant "revoked.tenant" 401 16 Revocation INVALID_TOKEN, "The tenant's tokens are revoked";
    /// The key that signed it is revoked.
    RevokedKey "revoked.key" 401 16 Revocation INVALID_TOKEN, "The token's key is revoked";
    /// The principal is suspended.
    PrincipalBlocked "principal.blocked" 403 7 Revocation SILENT, "The principal is blocked";
    /// The tenant is suspended or deleted.
    TenantSuspended "tenant.suspended" 403 7 Revocation SILENT, "The tenant is not active";
    /// Nobody can say whether it is revoked.
    ReplicaStale "replica.stale" 503 14 Revocation SILENT, "The state of revocation is not available";
    /// The roles do not give the permission.
    PermissionMissing "permission.missing" 403 7 Permission SILENT, "The role does not permit this";
    /// The scopes do not give the permission.
    ScopeMissing "scope.missing" 403 7 Permission INSUFFICIENT_SCOPE, "The token's scope does not permit this";
    /// The data is another tenant's, and no delegation lets this one at it.
    DelegationNone "delegation.none" 403 7 Delegation SILENT, "The data belongs to another tenant";
    /// The delegation is over, or has not begun.
    DelegationExpired "delegation.expired" 403 7 Delegation SILENT, "The delegation is not live";
    /// The delegation is for another permission or another principal.
    DelegationScope "delegation.scope" 403 7 Delegation SILENT, "The delegation does not cover this";
    /// Several delegations would do.
    DelegationAmbiguous "delegation.ambiguous" 403 7 Delegation SILENT, "Several delegations would do";
    /// Between tenants the policy asks for a delegation token, or for one that does not live so long.
    DelegationToken "delegation.token" 403 7 Delegation SILENT, "A short-lived delegation token is required";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Reason {
    /// `permit` or `deny`.
    #[must_use]
    pub fn decision(self) -> &'static str {
        match self {
            Self::Permit | Self::Public | Self::Preflight => "permit",
            _ => "deny",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn codes_are_unique_and_fit_a_metric_name() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        let is_plain = |c: char| c.is_ascii_lowercase() || c == '.' || c == '_';
        assert!(codes.iter().all(|code| code.chars().all(is_plain)));
    }

    #[test]
    fn status_follows_what_is_refused() {
        for reason in Reason::ALL {
            let (status, grpc) = (reason.status(), reason.grpc_status());
            let expected = match (reason.decision(), reason.check()) {
                ("permit", _) => (200, 0),
                (_, Check::Request) if *reason == Reason::Abandoned => (499, 1),
                (_, Check::Request) if *reason == Reason::RequestMalformed => (400, 3),
                // Too large: which bound was passed is in the status.
                (_, Check::Request) => (status, 8),
                (_, Check::Route) if *reason == Reason::RouteMethod => (405, 12),
                (_, Check::Signature) if *reason == Reason::KeysStale => (503, 14),
                (_, Check::Revocation) if *reason == Reason::ReplicaStale => (503, 14),
                (_, Check::Revocation) if reason.code().starts_with("revoked.") => (401, 16),
                (_, Check::Token | Check::Issuer | Check::Signature | Check::Claims) => (401, 16),
                _ => (403, 7),
            };
            assert_eq!((status, grpc), expected, "{reason}");
            let is_challenged = status == 401 || *reason == Reason::ScopeMissing;
            assert_eq!(reason.challenge() != Challenge::None, is_challenged, "{reason}");
        }
    }
}
