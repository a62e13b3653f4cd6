//! The policy as it was written, in plain structs: what the reader makes and the checks walk.
//! Nothing here is resolved: a role's name may still be unknown, a wildcard is still a wildcard.

use std::time::Duration;

use serde_json::Value;
use tenantguard::artifact::Isolation;
use tenantguard::artifact::host::HostPattern;
use tenantguard::artifact::route::{Method, OnStale, Revocation, Streams, Usage};
use tenantguard::artifact::template::Template;
use tenantguard::credential::TokenSource;
use tenantguard::delegation::{Bill, CrossTenantRules};
use tenantguard::headers::HeaderNames;
use tenantguard::identity::{CellName, Namespace, PermissionName, PrincipalId, RoleName, TenantId};
use tenantguard::limits::Limits;
use tenantguard::path::PathRules;
use tenantguard::request::Mode;
use tenantguard::time::UnixTime;
use tenantguard::token::Algorithm;
use tenantguard::trust::{Authority, ClaimPath, ClientCertificate, TokenType, UnlistedRoles};

use crate::place::{Located, Place};

/// A whole policy.
#[derive(Debug)]
pub struct Source {
    /// Who tokens must be for, unless an issuer says otherwise.
    pub audiences: Vec<Located<String>>,
    /// The cluster for requests without a tenant of their own.
    pub default_cell: CellName,
    /// The names of our headers.
    pub headers: HeaderNames,
    /// Where tokens come from.
    pub token_source: TokenSource,
    /// How much memory each worker may spend on known tokens, in bytes.
    pub token_cache: u64,
    /// What is done with paths that have two readings.
    pub paths: PathRules,
    /// How much of a request is looked at.
    pub limits: Limits,
    /// What is asked of requests for another tenant's data.
    pub cross_tenant: CrossTenantRules,
    /// Where it asks for delegation tokens, if it does.
    pub require_token: Option<Place>,
    /// Who signs tokens.
    pub issuers: Vec<Issuer>,
    /// The tenants.
    pub tenants: Vec<Tenant>,
    /// What the roles may do that tenants define; without it they define none.
    pub tenant_roles: Option<TenantRoles>,
    /// The roles.
    pub roles: Vec<Role>,
    /// What tenants change about roles.
    pub overrides: Vec<Override>,
    /// Other names for permissions in a token's scope.
    pub scopes: Vec<Scope>,
    /// The routes.
    pub routes: Vec<Route>,
    /// What tenants let others do with their data.
    pub delegations: Vec<Delegation>,
}

/// One entry of `issuers`.
#[derive(Debug)]
pub struct Issuer {
    /// What the policy calls it.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The exact `iss`.
    pub url: Option<Located<String>>,
    /// The namespace, if it is declared.
    pub namespace: Option<Located<Namespace>>,
    /// Where its keys are, where that could be read.
    pub keys: Option<Keys>,
    /// The algorithms that it may sign with.
    pub algorithms: Vec<Located<Algorithm>>,
    /// Its own audiences.
    pub audiences: Option<Vec<Located<String>>>,
    /// The tenants that it may speak for.
    pub tenants: Listed<TenantId>,
    /// The roles that it may give.
    pub roles: Listed<RoleName>,
    /// What a role outside that list does, where it is said.
    pub unlisted_roles: Option<Located<UnlistedRoles>>,
    /// Where its claims stand, where that is said.
    pub claims: Claims,
    /// What it asks of the client's certificate.
    pub client_certificate: ClientCertificate,
    /// The longest `exp - iat`.
    pub max_lifetime: Duration,
    /// How far its clock may be off.
    pub skew: Duration,
    /// Where permissions come from.
    pub authority: Authority,
    /// The `typ` of its tokens.
    pub token_type: TokenType,
    /// Where it says that its tokens are delegation tokens, if they are.
    pub delegation_tokens: Option<Place>,
}

impl Issuer {
    /// Where its subjects are unique: the declared namespace, or its own name.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.namespace.as_ref().map_or(self.name.as_str(), |namespace| namespace.value.as_str())
    }

    /// Whether its tokens can be for the tenant, by its own word: who makes delegation tokens repeats
    /// the word of others.
    #[must_use]
    pub fn speaks_for(&self, tenant: &TenantId) -> bool {
        let is_listed = match &self.tenants {
            Listed::Any => true,
            Listed::These(listed) => listed.iter().any(|listed| listed.value == *tenant),
        };
        let is_said = match &self.claims.tenant {
            Some(TenantFrom::Constant(constant)) => constant.value == *tenant,
            Some(TenantFrom::Claim(_)) | None => true,
        };
        is_listed && is_said && self.delegation_tokens.is_none()
    }

    /// Whether its tokens may bring any permission that the policy declares.
    #[must_use]
    pub fn goes_by_scopes(&self) -> bool {
        self.authority == Authority::Scopes && self.delegation_tokens.is_none()
    }
}

/// What an issuer's claims mean here. What is left out has its usual name.
#[derive(Debug, Default)]
pub struct Claims {
    /// The acting tenant.
    pub tenant: Option<TenantFrom>,
    /// The principal.
    pub principal: Option<PrincipalFrom>,
    /// The roles.
    pub roles: Option<Located<RolesFrom>>,
    /// The scopes.
    pub scope: Option<Located<ClaimPath>>,
    /// Claims that must be there.
    pub required: Vec<Located<ClaimPath>>,
    /// Claims that never leave the gate.
    pub drop: Vec<Located<ClaimPath>>,
}

/// Where the acting tenant comes from.
#[derive(Debug)]
pub enum TenantFrom {
    /// A claim.
    Claim(Located<ClaimPath>),
    /// The policy.
    Constant(Located<TenantId>),
}

/// Where the principal comes from.
#[derive(Debug)]
pub struct PrincipalFrom {
    /// The claim.
    pub claim: Located<ClaimPath>,
    /// If it is an e-mail address: its domains, in lower case.
    pub domains: Option<Vec<Located<Box<str>>>>,
}

/// Where the roles come from.
#[derive(Debug)]
pub struct RolesFrom {
    /// The claim.
    pub claim: Located<ClaimPath>,
    /// The issuer's names for our roles, if they are not ours.
    pub map: Option<Vec<(String, Located<RoleName>)>>,
}

/// Where an issuer's keys are.
#[derive(Debug)]
pub enum Keys {
    /// In the policy.
    Inline(InlineKeys),
    /// At an endpoint.
    Remote(RemoteKeys),
}

/// An endpoint behind one of the proxy's clusters.
#[derive(Debug)]
pub struct RemoteKeys {
    /// The cluster.
    pub cluster: Located<String>,
    /// The path on it.
    pub path: Located<String>,
    /// The `Host`, if not the one of the issuer's URL.
    pub host: Option<Located<String>>,
    /// How often the keys are fetched.
    pub refresh: Duration,
    /// How long they may be used after they were last confirmed.
    pub max_stale: Duration,
}

/// A JWK set (RFC 7517, section 5), key by key.
#[derive(Debug)]
pub struct InlineKeys {
    /// Where the set stands.
    pub place: Place,
    /// Its keys.
    pub keys: Vec<Located<Value>>,
}

/// `any`, or a list.
#[derive(Debug)]
pub enum Listed<T> {
    /// Any that the policy knows.
    Any,
    /// These.
    These(Vec<Located<T>>),
}

/// One entry of `tenants`.
#[derive(Debug)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Where it stands.
    pub place: Place,
    /// How its data is kept apart.
    pub isolation: Isolation,
    /// Its cluster, if not the default one.
    pub cell: Option<Located<CellName>>,
    /// The roles that it defines for itself.
    pub roles: Vec<Role>,
}

impl Tenant {
    /// Whether its data is in a cell of its own.
    #[must_use]
    pub fn is_dedicated(&self) -> bool {
        self.isolation == Isolation::Dedicated
    }
}

/// The platform's ceiling for the roles that tenants define.
#[derive(Debug)]
pub struct TenantRoles {
    /// Where it stands.
    pub place: Place,
    /// What such a role may have at most.
    pub permissions: Vec<Located<Pattern>>,
}

/// One entry of `roles`, of the platform's or of a tenant's.
#[derive(Debug)]
pub struct Role {
    /// Its name.
    pub name: Located<RoleName>,
    /// Where it stands.
    pub place: Place,
    /// The roles whose permissions it has too.
    pub extends: Vec<Located<RoleName>>,
    /// Its own permissions.
    pub permissions: Vec<Located<Pattern>>,
}

/// One item of `overrides`.
#[derive(Debug)]
pub struct Override {
    /// Where it stands.
    pub place: Place,
    /// The tenant that it holds in.
    pub tenant: Option<Located<TenantId>>,
    /// The role that it changes.
    pub role: Option<Located<RoleName>>,
    /// What the role has there beside.
    pub grant: Vec<Located<Pattern>>,
    /// What the role takes away there.
    pub deny: Vec<Located<Pattern>>,
}

/// One entry of `scopes`.
#[derive(Debug)]
pub struct Scope {
    /// The scope as a token spells it.
    pub alias: Located<String>,
    /// What it stands for.
    pub permissions: Vec<Located<Pattern>>,
}

/// One item of `routes`.
#[derive(Debug)]
pub struct Route {
    /// Where it stands.
    pub place: Place,
    /// Its template.
    pub template: Option<Located<Template>>,
    /// The hosts that it is for; none means any.
    pub hosts: Vec<Located<HostPattern>>,
    /// What it asks.
    pub access: Access,
    /// What a permitted request is billed as.
    pub usage: Usage,
    /// How far the gate is rolled out on it.
    pub mode: Mode,
    /// The longest body, in bytes, if it has a bound of its own.
    pub body_limit: Option<u64>,
    /// What holds when the copy of the control state is stale.
    pub on_stale: OnStale,
    /// Who says whether a token is revoked.
    pub revocation: Revocation,
    /// What becomes of open streams when what let them in is over.
    pub streams: Streams,
}

/// What a route asks.
#[derive(Debug)]
pub enum Access {
    /// No identity, for these methods.
    Public(Vec<Method>),
    /// A tenant's token and a permission.
    Tenant {
        /// The permission for each method.
        methods: Vec<(Method, Located<PermissionName>)>,
        /// Where a request says whose data it asks for; the acting tenant's, if it does not.
        resource_tenant: Option<Located<ResourceTenant>>,
    },
}

/// Where a request says whose data it asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceTenant {
    /// In the path, in this parameter.
    Path(String),
    /// In this header, which must stand there once.
    Header(String),
    /// In the host, in this parameter.
    HostLabel(String),
    /// In the token's claim `delegated_tenant_id`.
    Token,
}

/// One entry of `delegations`: what a tenant lets another do with its data.
#[derive(Debug)]
pub struct Delegation {
    /// What the policy calls it.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The delegator: whose data.
    pub from: Option<Located<TenantId>>,
    /// The delegate: who may act.
    pub to: Option<Located<TenantId>>,
    /// Who of the delegate's principals.
    pub principals: Listed<PrincipalId>,
    /// What they may do there.
    pub permissions: Vec<Located<Pattern>>,
    /// The audiences that a token must be for one of; none for any.
    pub audiences: Vec<Located<String>>,
    /// Who is billed, where it says so.
    pub bill: Option<Bill>,
    /// From when on, if not since ever.
    pub not_before: Option<Located<UnixTime>>,
    /// Until when, exclusive; where it could be read.
    pub expires: Option<Located<UnixTime>>,
    /// Who agreed, where that could be read.
    pub consent: Option<Consent>,
}

/// That a delegator agreed to a delegation.
#[derive(Debug)]
pub struct Consent {
    /// Who agreed, such as an e-mail address.
    pub by: Located<String>,
    /// When.
    pub at: Located<UnixTime>,
    /// Where that is written down, such as the number of a contract.
    pub reference: Located<String>,
}

/// A permission or, with `*` as its action, all of a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern {
    /// One permission.
    One(PermissionName),
    /// `resource:*`: every permission of that resource that the policy declares.
    Resource(String),
}
