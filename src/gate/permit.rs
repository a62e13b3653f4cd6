//! A permit: the only thing that lets a request go on, and the only source of the headers that the
//! upstream sees. Its constructors are private to the gate.

use std::sync::Arc;

use super::Account;
use super::pipeline::{Access, Granted, TenantGrant};
use crate::artifact::Policy;
use crate::artifact::route::Usage;
use crate::gate::Gate;
use crate::headers::{Header, HeaderChanges, HeaderNames, HeaderValue};
use crate::request::{RandomId, Request};

/// How many headers a tenant's permit sets at most, the path and a delegation included.
const USUAL_CHANGES: usize = 12;

/// Lets a request go on.
#[derive(Debug)]
pub enum Permit {
    /// A tenant acts, on its own data.
    Tenant(TenantPermit),
    /// Nobody in particular acts: a public route or a CORS preflight.
    Public(PublicPermit),
    /// Anybody: the gate only looks on.
    Shadowed(Shadowed),
}

/// A tenant's permit.
#[derive(Debug)]
pub struct TenantPermit {
    account: Account,
    changes: HeaderChanges,
    body_limit: Option<u64>,
    grant: TenantGrant,
}

/// A permit without an identity.
#[derive(Debug)]
pub struct PublicPermit {
    account: Account,
    changes: HeaderChanges,
    body_limit: Option<u64>,
}

/// A request that goes on untouched, with what would have been decided.
#[derive(Debug)]
pub struct Shadowed {
    account: Account,
    differs: Vec<String>,
}

impl Permit {
    pub(super) fn granted(granted: Granted, account: Account, changes: HeaderChanges) -> Self {
        let body_limit = granted.body_limit;
        match granted.access {
            Access::Tenant(grant) => {
                Self::Tenant(TenantPermit { account, changes, body_limit, grant })
            }
            Access::Public(_) => Self::Public(PublicPermit { account, changes, body_limit }),
        }
    }

    pub(super) fn shadowed(
        request: &Request<'_>,
        names: &HeaderNames,
        account: Account,
        would_set: Option<HeaderChanges>,
    ) -> Self {
        let would_set = would_set.unwrap_or_default().set;
        let differs = differing(request, names, &would_set);
        Self::Shadowed(Shadowed { account, differs })
    }

    /// The account of the decision.
    #[must_use]
    pub fn account(&self) -> &Account {
        match self {
            Self::Tenant(permit) => &permit.account,
            Self::Public(permit) => &permit.account,
            Self::Shadowed(shadowed) => &shadowed.account,
        }
    }

    /// What is done to the headers; a shadowed request is left as it is.
    #[must_use]
    pub fn changes(&self) -> Option<&HeaderChanges> {
        match self {
            Self::Tenant(permit) => Some(&permit.changes),
            Self::Public(permit) => Some(&permit.changes),
            Self::Shadowed(_) => None,
        }
    }

    /// The longest body that the permit is for, in bytes; a shadowed request may have any.
    #[must_use]
    pub fn body_limit(&self) -> Option<u64> {
        match self {
            Self::Tenant(permit) => permit.body_limit,
            Self::Public(permit) => permit.body_limit,
            Self::Shadowed(_) => None,
        }
    }

    /// What the request is billed as. Nothing is billed by looking on.
    #[must_use]
    pub fn usage(&self) -> Usage {
        match self {
            Self::Tenant(permit) => permit.grant.usage,
            Self::Public(_) | Self::Shadowed(_) => Usage::None,
        }
    }
}

impl Permit {
    /// Whether a stream that is still open when the permit is over is to be closed: ask
    /// [`Gate::still_stands`] from time to time.
    #[must_use]
    pub fn closes_streams(&self) -> bool {
        self.grant().is_some_and(|grant| grant.closes_streams)
    }

    /// What the client is told in a header of the answer: under which delegation it has acted, if the
    /// data is another tenant's. A name and a value.
    #[must_use]
    pub fn told<'a>(&'a self, policy: &'a Policy) -> Option<(&'a str, &'a str)> {
        let delegated = self.grant()?.delegation.as_ref()?;
        Some((policy.headers().name(Header::DelegationId), &*delegated.id))
    }

    /// What was granted to whom, if it was a tenant.
    pub(super) fn grant(&self) -> Option<&TenantGrant> {
        match self {
            Self::Tenant(permit) => Some(&permit.grant),
            Self::Public(_) | Self::Shadowed(_) => None,
        }
    }
}

impl Shadowed {
    /// The identity headers that the request has and that differ from what would have been set,
    /// by their full names.
    #[must_use]
    pub fn differs(&self) -> &[String] {
        &self.differs
    }
}

/// Ids are new at every hop and would always differ, so they are not compared.
fn differing(
    request: &Request<'_>,
    names: &HeaderNames,
    would_set: &[(Arc<str>, HeaderValue)],
) -> Vec<String> {
    let mut differs: Vec<String> = request
        .headers
        .iter()
        .filter_map(|(name, value)| Some((names.recognize(name)?, value)))
        .filter(|(header, _)| !matches!(header, Header::AuditId | Header::TenantContextId))
        .map(|(header, value)| (names.name(header), value))
        .filter(|(name, value)| {
            !would_set.iter().any(|(own, set)| **own == **name && set.as_bytes() == **value)
        })
        .map(|(name, _)| name.to_owned())
        .collect();
    differs.sort_unstable();
    differs.dedup();
    differs
}

impl Gate {
    /// The header changes of a granted request.
    pub(super) fn changes(
        &self,
        request: &Request<'_>,
        account: &Account,
        granted: &Granted,
    ) -> HeaderChanges {
        let names = self.policy.headers();
        let mut changes = HeaderChanges::default();
        changes.set.reserve(USUAL_CHANGES);
        for (name, _) in request.headers {
            if names.recognize(name).is_some() && !changes.remove.contains(name) {
                changes.remove.push(name.clone());
            }
        }
        if !self.forwards_token(granted) {
            self.policy.token_source().withhold(request, &mut changes);
        }
        if let Some(path) = &granted.rewritten {
            changes.set.push((":path".into(), HeaderValue::Owned(path.clone())));
        }
        let mut set = |header, value| changes.set.push((names.shared_name(header), value));
        match &granted.access {
            Access::Tenant(grant) => set_identity(grant, &mut set),
            Access::Public(_) => {
                set(Header::TenantCell, HeaderValue::Shared(self.policy.default_cell().shared()));
            }
        }
        let id = |id: RandomId| HeaderValue::Id(id.digits());
        set(Header::TenantContextId, id(account.ids.context));
        set(Header::AuditId, id(account.ids.audit));
        changes
    }
}

impl Gate {
    /// Where nobody has looked into the token, it may have what must not leave the gate.
    fn forwards_token(&self, granted: &Granted) -> bool {
        match &granted.access {
            Access::Tenant(TenantGrant { bearer, .. }) => bearer.forwards_token,
            Access::Public(_) => !self.policy.drops_claims(),
        }
    }
}

fn set_identity(grant: &TenantGrant, set: &mut impl FnMut(Header, HeaderValue)) {
    let TenantGrant { bearer, resource, delegation, .. } = grant;
    let shared = |text: &Arc<str>| HeaderValue::Shared(Arc::clone(text));
    set(Header::TenantId, HeaderValue::Shared(bearer.home.id.shared()));
    set(Header::ResourceTenantId, HeaderValue::Shared(resource.id.shared()));
    set(Header::TenantIsolation, HeaderValue::Static(resource.isolation.as_str()));
    set(Header::TenantCell, HeaderValue::Shared(resource.cell.shared()));
    set(Header::PrincipalId, HeaderValue::Shared(bearer.principal.shared()));
    set(Header::TenantRoles, shared(&bearer.roles_text));
    let Some(delegated) = delegation else {
        return set(Header::TenantScope, shared(&bearer.scope_text));
    };
    set(Header::TenantScope, shared(&delegated.scope));
    set(Header::DelegationId, shared(&delegated.id));
    set(Header::DelegatorId, HeaderValue::Shared(resource.id.shared()));
}
