//! Who a valid token speaks for, and what it may do at home: claims → principal → tenant → roles →
//! effective permissions. Depends on the token and the policy alone, so it can be kept for as long
//! as both are valid.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::artifact::{Policy, Tenant};
use crate::control::Handles;
use crate::decision::{AccessError, BindingError, Refusal, TenantError};
use crate::delegation::{CrossTenantRules, DelegationError, Grant};
use crate::identity::{PermissionName, PrincipalId, RoleName, TenantId};
use crate::permissions::{PermissionId, PermissionSet};
use crate::replica::{Revoked, Watched};
use crate::time::{Now, UnixTime};
use crate::token::{Claims, TokenHandle};
use crate::trust::{
    Authority, CertificateDigest, ClientCertificate, Issuer, IssuerId, UnlistedRoles,
};

use super::Facts;
use super::control::Look;
use super::crossing::Crossed;
use super::directory::Known;
use super::standing::Standing;

/// The bearer of a valid token.
#[derive(Debug)]
pub(super) struct Bearer {
    pub(super) issuer: IssuerId,
    pub(super) principal: PrincipalId,
    /// The acting tenant.
    pub(super) home: Tenant,
    /// The tenant whose data the token says it is for, if it says so.
    pub(super) delegated_tenant: Option<Box<str>>,
    /// The delegation that the token says it is under, if it says so.
    pub(super) delegation: Option<Box<str>>,
    /// Whom the token is for.
    pub(super) audiences: Vec<Box<str>>,
    /// Whether it is a delegation token: good for another tenant's data alone.
    is_delegation_token: bool,
    /// `exp - iat`, in seconds.
    lifetime: u64,
    pub(super) token: TokenHandle,
    permissions: Permissions,
    /// `x-tenant-roles` and `x-tenant-scope`, spelled once.
    pub(super) roles_text: Arc<str>,
    pub(super) scope_text: Arc<str>,
    /// What it was let at last of another tenant's data.
    crossed: Mutex<Option<Crossed>>,
    /// Whether the token may go on to the upstream.
    pub(super) forwards_token: bool,
    binding: Binding,
    begins: UnixTime,
    ends: UnixTime,
    /// How the control state knows it, if there is one.
    standing: Option<Standing>,
}

/// What the token asks of the client's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Binding {
    bound_to: Option<CertificateDigest>,
    asked: ClientCertificate,
}

impl Binding {
    fn check(&self, shown: Option<&CertificateDigest>) -> Result<(), BindingError> {
        let is_asked = self.bound_to.is_some() || self.asked != ClientCertificate::AsBound;
        let Some(shown) = shown else {
            return if is_asked { Err(BindingError::NoCertificate) } else { Ok(()) };
        };
        match (&self.bound_to, &self.asked) {
            (Some(bound), _) if bound != shown => Err(BindingError::Another),
            (None, ClientCertificate::Bound) => Err(BindingError::NotBound),
            (_, ClientCertificate::Pinned(pins)) if !pins.contains(shown) => {
                Err(BindingError::NotPinned)
            }
            _ => Ok(()),
        }
    }
}

/// What roles and scopes give, and what they give together.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Permissions {
    authority: Authority,
    by_roles: PermissionSet,
    /// `None` without a scope claim.
    by_scopes: Option<PermissionSet>,
    effective: PermissionSet,
}

impl Bearer {
    /// Makes out the bearer of a token whose claims are valid.
    pub(super) fn new(
        known: Known<'_>,
        (id, issuer): (IssuerId, &Issuer),
        claims: &Claims,
        text: &str,
        facts: &mut Facts,
    ) -> Result<Self, Refusal> {
        let Known { policy, control, .. } = known;
        let vouching = vouching_issuer(policy, issuer, claims)?;
        let principal = PrincipalId::new(vouching.namespace.clone(), &claims.subject)
            .map_err(Refusal::Subject)?;
        facts.principal = Some(principal.clone());
        let home = acting_tenant(known, [issuer, vouching], claims)?;
        facts.acting_tenant = Some(home.id.clone());
        let token = TokenHandle::new(&issuer.url, &home.id, claims.id.as_deref(), text);
        facts.token = Some(token);
        let standing = control.map(|control| {
            let handles = Handles::of(issuer, &home.id, &principal, claims, text);
            let [issued, expires] = [claims.issued, claims.expires].map(UnixTime::as_secs);
            let times = [issued, expires, issuer.skew.as_secs()];
            Standing::new(Watched::new(control.key(), handles, home.id.clone(), times))
        });
        if issuer.delegation_tokens {
            // It has a list of its own, and keeps to it, whoever vouches.
            known_roles(policy, issuer, claims)?;
        }
        let roles = known_roles(policy, vouching, claims)?;
        let authority = match vouching.authority {
            // The scope of a delegation token is what its bearer may do, whoever vouches for it.
            Authority::Roles if issuer.delegation_tokens => Authority::RolesAndScopes,
            own => own,
        };
        let permissions = Permissions::new(policy, authority, &home, &roles, claims);
        let effective = permissions.effective.iter().filter_map(|id| policy.permission(id));
        Ok(Self {
            issuer: id,
            roles_text: join(roles.iter().map(|role| role.as_str()), ",").into(),
            scope_text: join(effective, " ").into(),
            principal,
            home,
            delegated_tenant: claims.delegated_tenant.as_deref().map(Into::into),
            delegation: claims.delegation.as_deref().map(Into::into),
            audiences: claims.audiences.clone(),
            is_delegation_token: issuer.delegation_tokens,
            lifetime: claims.expires.as_secs().saturating_sub(claims.issued.as_secs()),
            token,
            permissions,
            crossed: Mutex::default(),
            forwards_token: !claims.has_dropped,
            binding: Binding {
                bound_to: claims.bound_to,
                asked: vouching.client_certificate.clone(),
            },
            begins: claims.begins.minus(issuer.skew),
            ends: claims.expires.plus(issuer.skew),
            standing,
        })
    }

    /// Whether the control state, as the gate has it, speaks against the token. What was found good
    /// is asked about again only when the copy has changed.
    pub(super) fn stands(&self, look: &Look<'_>, now: Now) -> Result<(), Revoked> {
        match &self.standing {
            Some(standing) if !standing.is_good_at(look.version) => standing.look_again(look, now),
            _ => Ok(()),
        }
    }

    /// Remembers, until the copy changes, that the control service has refused the token, in which
    /// the copy of this version sees nothing wrong.
    pub(super) fn refused(&self, version: u64, revoked: Revoked) {
        if let Some(standing) = &self.standing {
            standing.refused(version, revoked);
        }
    }

    /// As the control state knows it, if there is one.
    pub(super) fn watched(&self) -> Option<&Watched> {
        self.standing.as_ref().map(Standing::token)
    }

    /// Whether the tenant is still as it was when the token was first seen. What the policy says of
    /// a tenant does not change; what the control service says does.
    pub(super) fn is_at_home(&self, known: Known<'_>) -> bool {
        let own = &self.home;
        own.index.is_some() || known.newcomer(own.id.as_str()).as_ref() == Some(own)
    }

    /// When the token is good no more: its `exp` and its issuer's skew.
    pub(super) fn ends(&self) -> UnixTime {
        self.ends
    }

    /// Whether the token's times still hold.
    pub(super) fn is_valid_at(&self, now: UnixTime) -> bool {
        self.begins <= now && now < self.ends
    }

    /// Whether the token is good for its own tenant's data.
    pub(super) fn check_home(&self) -> Result<(), DelegationError> {
        match self.is_delegation_token {
            true => Err(DelegationError::AnotherTenant),
            false => Ok(()),
        }
    }

    /// Whether the token is good for the data of another tenant, as far as it says itself.
    pub(super) fn check_crossing(
        &self,
        rules: CrossTenantRules,
        resource: &str,
    ) -> Result<(), DelegationError> {
        let named = self.delegated_tenant.as_deref();
        // A delegation token says what it is for, or is for nothing.
        let says_all = named.is_some() && self.delegation.is_some();
        match rules.max_lifetime.map(|limit| limit.as_secs()) {
            _ if named.is_some_and(|tenant| tenant != resource) => {
                Err(DelegationError::AnotherTenant)
            }
            _ if self.is_delegation_token && !says_all => Err(DelegationError::None),
            _ if rules.require_token && !self.is_delegation_token => {
                Err(DelegationError::TokenNeeded)
            }
            Some(limit) if self.lifetime > limit => {
                Err(DelegationError::TokenLifetime { lives: self.lifetime, limit })
            }
            _ => Ok(()),
        }
    }

    /// Whether the client that shows the token is the one that it is for.
    pub(super) fn is_shown_by(
        &self,
        client: Option<&CertificateDigest>,
    ) -> Result<(), BindingError> {
        self.binding.check(client)
    }

    /// Puts down who this is.
    pub(super) fn tell(&self, facts: &mut Facts) {
        facts.issuer = Some(self.issuer);
        facts.principal = Some(self.principal.clone());
        facts.acting_tenant = Some(self.home.id.clone());
        facts.token = Some(self.token);
    }

    /// Whether the bearer may use the permission at home.
    pub(super) fn authorize(&self, policy: &Policy, needed: PermissionId) -> Result<(), Refusal> {
        let Permissions { authority, by_roles, by_scopes, effective } = &self.permissions;
        if effective.contains(needed) {
            return Ok(());
        }
        let name = policy.permission(needed).and_then(|name| PermissionName::parse(name).ok());
        let name = name.ok_or(Refusal::Route)?;
        let error = match by_scopes {
            _ if *authority != Authority::Scopes && !by_roles.contains(needed) => {
                AccessError::Permission(name)
            }
            None => AccessError::NoScope(name),
            Some(_) => AccessError::Scope(name),
        };
        Err(error.into())
    }

    /// What it was let at last of another tenant's data.
    pub(super) fn crossed(&self) -> MutexGuard<'_, Option<Crossed>> {
        self.crossed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the bearer may do on another tenant's data: what it may do at home, as far as the
    /// delegation goes. Space-separated, as in `x-tenant-scope`.
    pub(super) fn scope_under(&self, policy: &Policy, grant: &Grant) -> String {
        let own = self.permissions.effective.iter();
        let named = |id| policy.permission(id);
        match grant {
            Grant::Static(position) => {
                let granted = policy.delegation(*position).map(|row| row.permissions());
                let granted = granted.unwrap_or_default();
                join(own.filter(|id| granted.contains(*id)).filter_map(named), " ")
            }
            Grant::Living(delegation) => {
                let granted = &delegation.permissions;
                let is_granted = |name: &&str| granted.iter().any(|one| one.as_str() == *name);
                join(own.filter_map(named).filter(is_granted), " ")
            }
        }
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn weight(&self) -> usize {
        let texts = [self.principal.as_str(), &self.roles_text, &self.scope_text];
        let audiences = self.audiences.iter().map(|name| name.len() + size_of::<Box<str>>());
        let standing = self.standing.as_ref().map_or(0, |_| Standing::WEIGHT);
        size_of::<Self>()
            + standing
            + texts.iter().map(|text| text.len()).chain(audiences).sum::<usize>()
            + self.permissions.by_roles.weight() * 3
    }
}

impl Permissions {
    fn new(
        policy: &Policy,
        authority: Authority,
        home: &Tenant,
        roles: &[RoleName],
        claims: &Claims,
    ) -> Self {
        let names = roles.iter().map(|role| role.as_str());
        let by_roles = policy.permissions_of(home.index, names);
        let by_scopes = claims.scopes.as_ref().map(|scopes| {
            let mut set = PermissionSet::new();
            scopes.iter().for_each(|scope| policy.add_scope(scope, &mut set));
            set
        });
        let effective = match (authority, &by_scopes) {
            (Authority::Roles, _) => by_roles.clone(),
            (Authority::Scopes | Authority::RolesAndScopes, None) => PermissionSet::new(),
            (Authority::Scopes, Some(scopes)) => scopes.clone(),
            (Authority::RolesAndScopes, Some(scopes)) => {
                let mut both = by_roles.clone();
                both.intersect_with(scopes);
                both
            }
        };
        Self { authority, by_roles, by_scopes, effective }
    }
}

/// By whose word the principal is who it is: the issuer's own, or, of a delegation token, that of
/// the issuer of the token that it was given for. Nobody vouches for whom it is not allowed to.
fn vouching_issuer<'p>(
    policy: &'p Policy,
    issuer: &'p Issuer,
    claims: &Claims,
) -> Result<&'p Issuer, TenantError> {
    if !issuer.delegation_tokens {
        return Ok(issuer);
    }
    let named = claims.vouched_by.as_deref().and_then(|url| policy.find_issuer(url));
    let vouching = named.map(|(_, issuer)| issuer).filter(|issuer| !issuer.delegation_tokens);
    vouching.ok_or(TenantError::Actor)
}

fn acting_tenant(
    known: Known<'_>,
    issuers: [&Issuer; 2],
    claims: &Claims,
) -> Result<Tenant, TenantError> {
    let claimed = claims.tenant.as_deref().ok_or(TenantError::Missing)?;
    let tenant = TenantId::parse(claimed).map_err(TenantError::Malformed)?;
    if !issuers.iter().all(|issuer| issuer.tenants.allows(&tenant)) {
        return Err(TenantError::NotAsserted(tenant));
    }
    known.tenant(tenant.as_str()).ok_or(TenantError::Unknown(tenant))
}

/// The roles that the policy knows. An issuer with a list of roles must keep to it.
fn known_roles(
    policy: &Policy,
    issuer: &Issuer,
    claims: &Claims,
) -> Result<Vec<RoleName>, TenantError> {
    let mut roles: Vec<RoleName> = Vec::with_capacity(claims.roles.len());
    for claimed in &claims.roles {
        let known = policy.find_role(claimed).and_then(|_| RoleName::parse(claimed).ok());
        let is_allowed = match &known {
            Some(role) => issuer.roles.allows(role),
            None => issuer.roles.is_any(),
        };
        match issuer.unlisted_roles {
            _ if is_allowed => {}
            UnlistedRoles::Refuse => return Err(TenantError::Role(claimed.clone())),
            UnlistedRoles::Ignore => continue,
        }
        roles.extend(known.filter(|role| !roles.contains(role)));
    }
    Ok(roles)
}

fn join<'a>(items: impl Iterator<Item = &'a str>, separator: &str) -> String {
    items.collect::<Vec<_>>().join(separator)
}
