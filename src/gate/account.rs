//! The account of a decision: what was found out on the way, and the verdict. Audit records,
//! usage events and metrics are written from it and from nothing else.

use std::sync::Arc;

use crate::artifact::RouteId;
use crate::decision::{Reason, Refusal};
use crate::delegation::Grant;
use crate::identity::{PrincipalId, TenantId};
use crate::permissions::PermissionId;
use crate::request::{Mode, RequestIds};
use crate::time::UnixTime;
use crate::token::TokenHandle;
use crate::trust::IssuerId;

use super::control::Basis;

/// What the checks found out, as far as they came. A field is set only after its check has
/// passed: a tenant stands here by an issuer's word that we accept, never by the sender's.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The method.
    pub method: Option<Box<str>>,
    /// The path in its normal form, without the query; one that is refused as it was sent, with
    /// what is not visible ASCII escaped.
    pub path: Option<Box<str>>,
    /// The route.
    pub route: Option<RouteId>,
    /// The issuer, once its signature is verified.
    pub issuer: Option<IssuerId>,
    /// Whether the token was known from an earlier request; `None` if it did not come to that.
    pub was_known: Option<bool>,
    /// The principal.
    pub principal: Option<PrincipalId>,
    /// The tenant that acts.
    pub acting_tenant: Option<TenantId>,
    /// The token.
    pub token: Option<TokenHandle>,
    /// The permission that the route needs.
    pub permission: Option<PermissionId>,
    /// Whose data it is.
    pub resource_tenant: Option<TenantId>,
    /// What lets the tenant act on another's data, or comes closest to it.
    pub delegation: Option<Grant>,
    /// If it is another's data: what the tenant may do there; of a refusal, what it may at home.
    pub scope: Option<Arc<str>>,
    /// Whether the control service was asked, and has answered.
    pub was_asked: bool,
}

/// How a decision ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A tenant's token permits it.
    Permit,
    /// The route is public.
    Public,
    /// It is a CORS preflight.
    Preflight,
    /// Refused.
    Deny(Refusal),
}

impl Verdict {
    /// The reason.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Permit => Reason::Permit,
            Self::Public => Reason::Public,
            Self::Preflight => Reason::Preflight,
            Self::Deny(refusal) => refusal.reason(),
        }
    }

    /// Why in detail, where there is more to say than the reason. For the audit record only.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Permit | Self::Public | Self::Preflight => None,
            Self::Deny(refusal) => Some(refusal.to_string()),
        }
    }
}

/// A decision with all that it leaves behind.
#[derive(Debug, Clone)]
pub struct Account {
    pub(super) ids: RequestIds,
    pub(super) mode: Mode,
    pub(super) is_grpc: bool,
    pub(super) at: UnixTime,
    pub(super) basis: Basis,
    pub(super) facts: Facts,
    pub(super) verdict: Verdict,
}

impl Account {
    /// The ids of the request.
    #[must_use]
    pub fn ids(&self) -> RequestIds {
        self.ids
    }

    /// Whether the decision was enforced.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// When it was made.
    #[must_use]
    pub fn at(&self) -> UnixTime {
        self.at
    }

    /// By what of the control state.
    #[must_use]
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// What was found out.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// How it ended; under [`Mode::Shadow`], how it would have.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}
