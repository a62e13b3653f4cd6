//! Who a question's subject is to the policy: a tenant, a principal, and roles.
//!
//! Three ways, and nobody is anybody without one of them: a token (`type: "token"`, the token as
//! its id), which is verified as a proxy would; a subject that the configuration lists; and, only
//! where the configuration says so, what the question itself says.

use std::collections::HashMap;

use tenantguard::decision::Reason;
use tenantguard::gate::Identity;
use tenantguard::identity::{NameError, TenantId};

use super::question::Entity;
use crate::auth::Tokens;
use crate::config::{AuthzenSource, Subject as Listed};

/// The type of a subject that is a token.
pub(super) const TOKEN: &str = "token";

/// Who there is.
#[derive(Debug)]
pub(super) struct Directory {
    listed: HashMap<(String, String), Known>,
    trust_properties: bool,
}

#[derive(Debug, Clone)]
struct Known {
    tenant: TenantId,
    roles: Vec<String>,
    on_request: Vec<String>,
}

/// A subject as the policy sees it.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    pub(super) tenant: TenantId,
    /// `namespace/subject`, for delegations that name principals.
    pub(super) principal: String,
    pub(super) power: Power,
}

/// What a subject's permissions come from.
#[derive(Debug, Clone)]
pub(super) enum Power {
    /// Roles of the policy.
    Roles(Vec<String>),
    /// A token, with its scopes and its authority.
    Token(Box<Identity>),
}

/// Why a subject is nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectError {
    /// Nobody of that type and id is listed.
    #[error("the subject is not known")]
    Unknown,
    /// The token is refused.
    #[error("the subject's token is refused: {0}")]
    Token(Reason),
    /// Its tenant is none.
    #[error("the subject's tenant {0}")]
    Tenant(NameError),
}

impl SubjectError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "subject.unknown",
            Self::Token(reason) => reason.code(),
            Self::Tenant(_) => "tenant.claim",
        }
    }
}

impl Directory {
    pub(super) fn new(source: &AuthzenSource) -> Result<Self, NameError> {
        let listed = source.subjects.iter().map(|subject| {
            let Listed { r#type, id, tenant, roles, on_request } = subject.clone();
            let tenant = TenantId::parse(&tenant)?;
            Ok(((r#type, id), Known { tenant, roles, on_request }))
        });
        let trust_properties = source.trust_properties;
        Ok(Self { listed: listed.collect::<Result<_, _>>()?, trust_properties })
    }

    /// Everybody of a type, with every role that they may have at all.
    pub(super) fn of_type(&self, kind: &str) -> impl Iterator<Item = (&str, Resolved)> {
        self.listed.iter().filter(move |((r#type, _), _)| r#type == kind).map(|((_, id), known)| {
            let roles = known.roles.iter().chain(&known.on_request).cloned().collect();
            let tenant = known.tenant.clone();
            (id.as_str(), Resolved { tenant, principal: id.clone(), power: Power::Roles(roles) })
        })
    }

    /// Who the subject is.
    pub(super) async fn resolve(
        &self,
        subject: &Entity,
        tokens: &Tokens,
    ) -> Result<Resolved, SubjectError> {
        if subject.r#type == TOKEN {
            let identity = tokens.identify(&subject.id).await;
            let identity = identity.map_err(|refusal| SubjectError::Token(refusal.reason()))?;
            return Ok(Resolved {
                tenant: identity.tenant().clone(),
                principal: identity.principal().to_string(),
                power: Power::Token(Box::new(identity)),
            });
        }
        let key = (subject.r#type.clone(), subject.id.clone());
        match self.listed.get(&key) {
            Some(known) => Ok(known.with(subject)),
            None if self.trust_properties => stated(subject),
            None => Err(SubjectError::Unknown),
        }
    }
}

impl Known {
    /// With those of the roles on request that the question requests. A role that is neither gives
    /// nothing, as any other property.
    fn with(&self, subject: &Entity) -> Resolved {
        let requested = roles(subject);
        let granted = self.on_request.iter().filter(|role| requested.contains(&role.as_str()));
        let roles = self.roles.iter().chain(granted).cloned().collect();
        Resolved {
            tenant: self.tenant.clone(),
            principal: subject.id.clone(),
            power: Power::Roles(roles),
        }
    }
}

fn stated(subject: &Entity) -> Result<Resolved, SubjectError> {
    let tenant = subject.properties.get("tenant").and_then(|value| value.as_str());
    let tenant = TenantId::parse(tenant.ok_or(SubjectError::Unknown)?);
    Ok(Resolved {
        tenant: tenant.map_err(SubjectError::Tenant)?,
        principal: subject.id.clone(),
        power: Power::Roles(roles(subject).into_iter().map(str::to_owned).collect()),
    })
}

/// `properties.role`, a string, and `properties.roles`, a list.
fn roles(subject: &Entity) -> Vec<&str> {
    let one = subject.properties.get("role").and_then(|value| value.as_str());
    let many = subject.properties.get("roles").and_then(|value| value.as_array());
    let many = many.into_iter().flatten().filter_map(|value| value.as_str());
    one.into_iter().chain(many).collect()
}
