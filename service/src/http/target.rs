//! What a request to revoke names, and what it may name.
//!
//! A handle can be named by its parts, by its hash as audit records show it, and a token by itself.
//! A tenant's administrator names handles of that tenant alone: a hash counts together with the
//! tenant, so that a hash seen in another's log hits nothing.

use serde::{Deserialize, Serialize};
use tenantguard::control::{Handle, HandleHash, Target, TokenName};
use tenantguard::identity::{Namespace, PrincipalId, TenantId};
use utoipa::ToSchema;

use super::App;
use super::problem::{Code, Problem};
use crate::auth::{Forbidden, Reach};

/// What a revocation names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NamedTarget {
    /// One token.
    Token(NamedToken),
    /// All tokens of one session.
    Session(NamedSession),
    /// All tokens of one principal of one tenant.
    Principal(NamedPrincipal),
    /// All tokens of one tenant.
    Tenant(NamedTenant),
    /// All tokens that one key signed, whichever tenant they name.
    Key(NamedKey),
}

/// A token: by itself, by issuer and `jti`, or by its hash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NamedToken {
    /// The token itself; the service then knows when the revocation may be forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Its tenant; the caller's own, unless it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Its `iss`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Its `jti`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The hash of its handle: `token` of an audit record, 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// A session: by issuer and `sid`, or by its hash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NamedSession {
    /// Its tenant; the caller's own, unless it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The `iss` of its tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Their `sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The hash of its handle, 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// A principal: by namespace and subject, or by its hash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NamedPrincipal {
    /// Its tenant; the caller's own, unless it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The namespace of the issuer that vouches for it: what stands before the slash in records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The subject, as the issuer spells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The hash of its handle, 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// A tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NamedTenant {
    /// Its id; the caller's own, unless it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

/// A key: by issuer and `kid`, or by its hash. It takes an admin of the service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NamedKey {
    /// The issuer's `iss`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The key's `kid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The hash of its handle, 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

impl NamedTarget {
    /// The principal, if it is named by its parts.
    pub(super) fn principal(&self) -> Option<PrincipalId> {
        match self {
            Self::Principal(NamedPrincipal {
                namespace: Some(namespace),
                subject: Some(subject),
                ..
            }) => principal(namespace, subject).ok(),
            _ => None,
        }
    }
}

/// A target that the caller may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) target: Target,
    /// The token's own `exp` in seconds, where it was read from the token.
    pub(super) expiry: Option<u64>,
}

impl From<Target> for Reached {
    fn from(target: Target) -> Self {
        Self { target, expiry: None }
    }
}

impl NamedTarget {
    /// What it names, if the caller may name it.
    pub(super) async fn resolve(self, reach: &Reach, app: &App) -> Result<Reached, Problem> {
        match self {
            Self::Token(token) => token.resolve(reach, app).await,
            Self::Session(session) => session.resolve(reach).map(Reached::from),
            Self::Principal(principal) => principal.resolve(reach).map(Reached::from),
            Self::Tenant(named) => {
                tenant(named.tenant.as_deref(), reach).map(|id| Target::Tenant(id).into())
            }
            Self::Key(key) => key.resolve(reach).map(Reached::from),
        }
    }
}

impl NamedToken {
    async fn resolve(self, reach: &Reach, app: &App) -> Result<Reached, Problem> {
        let Self { token: text, tenant: named, issuer, jti, hash } = self;
        match (text, issuer, jti, hash) {
            (Some(text), None, None, None) => by_itself(&text, named.as_deref(), reach, app).await,
            (None, Some(issuer), Some(jti), None) => {
                let tenant = &tenant(named.as_deref(), reach)?;
                let name = TokenName::Id(&jti);
                Ok(Handle::Token { issuer: &issuer, tenant, name }.target().into())
            }
            (None, None, None, Some(text)) => {
                let tenant = tenant(named.as_deref(), reach)?;
                Ok(Target::Token { tenant, hash: hash_of(&text)? }.into())
            }
            _ => Err(malformed("name a token by token, by issuer and jti, or by hash")),
        }
    }
}

impl NamedSession {
    fn resolve(self, reach: &Reach) -> Result<Target, Problem> {
        let tenant = tenant(self.tenant.as_deref(), reach)?;
        match (self.issuer, self.sid, self.hash) {
            (Some(issuer), Some(sid), None) => {
                let (issuer, sid) = (&issuer, &sid);
                Ok(Handle::Session { issuer, tenant: &tenant, sid }.target())
            }
            (None, None, Some(text)) => Ok(Target::Session { tenant, hash: hash_of(&text)? }),
            _ => Err(malformed("name a session by issuer and sid, or by hash")),
        }
    }
}

impl NamedPrincipal {
    fn resolve(self, reach: &Reach) -> Result<Target, Problem> {
        let tenant = tenant(self.tenant.as_deref(), reach)?;
        match (self.namespace, self.subject, self.hash) {
            (Some(namespace), Some(subject), None) => {
                let principal = principal(&namespace, &subject)?;
                let (namespace, subject) = (principal.namespace(), principal.subject());
                Ok(Handle::Principal { tenant: &tenant, namespace, subject }.target())
            }
            (None, None, Some(text)) => Ok(Target::Principal { tenant, hash: hash_of(&text)? }),
            _ => Err(malformed("name a principal by namespace and subject, or by hash")),
        }
    }
}

impl NamedKey {
    fn resolve(self, reach: &Reach) -> Result<Target, Problem> {
        if let Some(own) = reach.bound() {
            return Err(Forbidden::OtherTenant { own: own.clone() }.into());
        }
        match (self.issuer, self.kid, self.hash) {
            (Some(issuer), Some(kid), None) => {
                Ok(Handle::Key { issuer: &issuer, kid: &kid }.target())
            }
            (None, None, Some(text)) => Ok(Target::Key { hash: hash_of(&text)? }),
            _ => Err(malformed("name a key by issuer and kid, or by hash")),
        }
    }
}

/// A token that the policy accepts says itself whose it is.
async fn by_itself(
    text: &str,
    named: Option<&str>,
    reach: &Reach,
    app: &App,
) -> Result<Reached, Problem> {
    let identity = app.tokens()?.identify(text).await;
    let identity = identity.map_err(|refusal| malformed(&format!("the token: {refusal}")))?;
    reach.cover(identity.tenant())?;
    if named.is_some_and(|named| named != identity.tenant().as_str()) {
        return Err(malformed("the token is another tenant's than the one that is named"));
    }
    Ok(Reached { target: identity.handles().token, expiry: Some(identity.expires.as_secs()) })
}

/// The tenant that is named, or the one that the caller is bounded to.
pub(super) fn tenant(named: Option<&str>, reach: &Reach) -> Result<TenantId, Problem> {
    let tenant = match (named, reach.bound()) {
        (Some(named), _) => {
            TenantId::parse(named).map_err(|error| malformed(&format!("tenant {error}")))?
        }
        (None, Some(own)) => own.clone(),
        (None, None) => return Err(malformed("tenant is missing")),
    };
    reach.cover(&tenant)?;
    Ok(tenant)
}

pub(super) fn principal(namespace: &str, subject: &str) -> Result<PrincipalId, Problem> {
    let namespace =
        Namespace::parse(namespace).map_err(|error| malformed(&format!("namespace {error}")))?;
    PrincipalId::new(namespace, subject).map_err(|error| malformed(&format!("subject {error}")))
}

fn hash_of(text: &str) -> Result<HandleHash, Problem> {
    text.parse().map_err(|error| malformed(&format!("hash {error}")))
}

pub(super) fn malformed(detail: &str) -> Problem {
    Problem::with(Code::RequestMalformed, detail)
}
