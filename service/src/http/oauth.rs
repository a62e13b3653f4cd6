//! Token revocation (RFC 7009) and introspection (RFC 7662), the exact answer to a proxy's
//! question.
//!
//! Errors have the shape of RFC 6749, section 5.2, with our stable code beside it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenantguard::control::{Handle, HandleHash, Target};
use tenantguard::gate::Identity;
use tenantguard::identity::TenantId;
use utoipa::ToSchema;

use super::App;
use super::access::{Asking, Changer};
use super::body::{FormBody, Told};
use super::problem::{Code, Problem};
use super::revocations::apply;
use super::target::{malformed, tenant};
use crate::auth::{Reach, live};
use crate::state::{Cause, Change, Refusal, Subject};

/// An error (RFC 6749, section 5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OauthError {
    /// `invalid_request`, `invalid_client` or `server_error`; of the token endpoint also
    /// `unsupported_grant_type`, `invalid_target` and `invalid_scope`.
    error: String,
    /// What is wrong with this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<String>,
    /// Our code.
    code: String,
}

/// A problem in the words of OAuth.
#[derive(Debug)]
pub struct OauthProblem(Problem);

impl<P: Into<Problem>> From<P> for OauthProblem {
    fn from(problem: P) -> Self {
        Self(problem.into())
    }
}

impl IntoResponse for OauthProblem {
    fn into_response(self) -> Response {
        let (code, status, _) = self.0.code().parts();
        let error = match status {
            _ if self.0.code() == Code::ExchangeGrantType => "unsupported_grant_type",
            _ if self.0.code() == Code::ExchangeTarget => "invalid_target",
            _ if self.0.code() == Code::ExchangeScope => "invalid_scope",
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "invalid_client",
            status if status.is_client_error() => "invalid_request",
            _ => "server_error",
        };
        let body = OauthError {
            error: error.to_owned(),
            error_description: self.0.detail().map(str::to_owned),
            code: code.to_owned(),
        };
        let mut response = self.0.into_response();
        let problem = (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response();
        let (parts, body) = problem.into_parts();
        response.headers_mut().extend(parts.headers);
        *response.body_mut() = body;
        response
    }
}

/// A token to revoke.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct RevokeForm {
    /// The token.
    token: String,
    /// Not looked at: what kind of token it is, it says itself.
    #[allow(dead_code, reason = "the specification has it")]
    token_type_hint: Option<String>,
}

/// Revoke a token (RFC 7009)
///
/// 200 for a token that is not good either: what cannot be used need not be revoked.
#[utoipa::path(post, operation_id = "oauth_revoke", path = "/oauth2/revoke", tag = "oauth",
    request_body(content = RevokeForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "It cannot be used."),
        (status = 400, description = "Not a request to revoke.", body = OauthError),
        (status = 403, description = "It is another tenant's.", body = OauthError),
        (status = 503, description = "The store cannot take it.", body = OauthError)))]
pub async fn revoke(
    Changer { caller, reach }: Changer,
    State(app): State<Arc<App>>,
    form: Result<FormBody<RevokeForm>, Problem>,
) -> Result<Response, OauthProblem> {
    let FormBody(form) = form?;
    let Ok(identity) = app.tokens()?.identify(&form.token).await else {
        return Ok(StatusCode::OK.into_response());
    };
    reach.cover(identity.tenant())?;
    let expiry = Some(identity.expires.as_secs());
    let change = Change::Revoke { target: identity.handles().token, expiry };
    apply(&app, vec![change], &caller, "revoked by its client (RFC 7009)", "revocation").await?;
    Ok(StatusCode::OK.into_response())
}

/// A question about a token: the token itself, or the hashes of its handles.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct IntrospectForm {
    /// The token.
    token: Option<String>,
    /// Not looked at: what kind of token it is, it says itself.
    #[allow(dead_code, reason = "the specification has it")]
    token_type_hint: Option<String>,
    /// Instead of the token: the hash of its handle. The proxy has verified it already.
    token_hash: Option<String>,
    /// With `token_hash`: its tenant.
    tenant: Option<String>,
    /// With `token_hash`: the hash of its session's handle, if it has one.
    session_hash: Option<String>,
    /// With `token_hash`: the hash of its principal's handle.
    principal_hash: Option<String>,
    /// With `token_hash`: the hash of its key's handle, if it names one.
    key_hash: Option<String>,
    /// With `token_hash`: its `iat`, in seconds.
    iat: Option<u64>,
    /// With `token_hash`: its issuer's skew, in seconds.
    skew: Option<u64>,
    /// Echoed, so that no answer is taken for that to another question.
    #[schema(max_length = 64)]
    nonce: Option<String>,
    /// The epoch of the asking proxy's copy. A service that is behind it does not answer.
    epoch: Option<u64>,
}

/// What is known of a token (RFC 7662, section 2.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Introspection {
    /// Whether it may be used.
    pub active: bool,
    /// As it was asked with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// As it was asked with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// Where the feed stood when this was answered.
    pub position: String,
    /// Why it may not be used: `revoked.token` and so on. For callers with reach everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The permissions that are in effect, with spaces between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// `iss`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The principal's subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// `jti`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// `sid`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// `iat`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// `exp`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// Its tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Its roles, with commas between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_role: Option<String>,
}

/// Introspect a token (RFC 7662)
///
/// A proxy asks so past its lease, and on routes that ask always. Only a 200 that echoes nonce and
/// epoch is an answer. A tenant's administrator learns of that tenant's tokens alone; every other
/// one is not active.
#[utoipa::path(post, operation_id = "oauth_introspect", path = "/oauth2/introspect", tag = "oauth",
    request_body(content = IntrospectForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "What is known of it.", body = Introspection),
        (status = 400, description = "Not a question.", body = OauthError),
        (status = 503, description = "The service is behind the copy of the proxy that asks.",
            body = OauthError)))]
pub async fn introspect(
    Asking { reach }: Asking,
    State(app): State<Arc<App>>,
    form: Result<FormBody<IntrospectForm>, Problem>,
) -> Result<Told<Introspection>, OauthProblem> {
    let FormBody(form) = form?;
    if form.nonce.as_ref().is_some_and(|nonce| nonce.len() > 64) {
        return Err(malformed("nonce is longer than 64 bytes").into());
    }
    let position = app.control.feed().position();
    if form.epoch.is_some_and(|epoch| epoch > position.epoch.0) {
        return Err(Problem::new(Code::FeedBehind).into());
    }
    let found = match (&form.token, &form.token_hash) {
        (Some(token), None) => by_token(&app, &reach, token).await?,
        (None, Some(_)) => by_handles(&app, &reach, &form)?,
        _ => return Err(malformed("ask by token, or by token_hash").into()),
    };
    let reason = found.reason.filter(|_| reach.bound().is_none());
    let (nonce, epoch, position) = (form.nonce, form.epoch, position.to_string());
    Ok(Told(Introspection { nonce, epoch, position, reason, ..found }))
}

async fn by_token(app: &App, reach: &Reach, text: &str) -> Result<Introspection, Problem> {
    let identity = match app.tokens()?.identify(text).await {
        Ok(identity) => identity,
        Err(refusal) => return Ok(inactive(refusal.reason().code().to_owned())),
    };
    if reach.cover(identity.tenant()).is_err() {
        return Ok(Introspection::default());
    }
    Ok(match app.control.refusal(&live::bearer(&identity)) {
        Some(refusal) => inactive(reason(refusal)),
        None => active(&identity),
    })
}

fn by_handles(app: &App, reach: &Reach, form: &IntrospectForm) -> Result<Introspection, Problem> {
    let id = tenant(form.tenant.as_deref(), reach)?;
    let subject = subject(form, &id)?;
    Ok(match app.control.refusal(&subject) {
        Some(refusal) => inactive(reason(refusal)),
        None => Introspection { active: true, ..Introspection::default() },
    })
}

fn subject(form: &IntrospectForm, tenant: &TenantId) -> Result<Subject, Problem> {
    let hash = |name: &str, text: &Option<String>| -> Result<Option<HandleHash>, Problem> {
        let parse =
            |text: &String| text.parse().map_err(|error| malformed(&format!("{name} {error}")));
        text.as_ref().map(parse).transpose()
    };
    let missing = |name: &str| malformed(&format!("{name} is missing"));
    let token = hash("token_hash", &form.token_hash)?.ok_or_else(|| missing("token_hash"))?;
    let session = hash("session_hash", &form.session_hash)?;
    let principal = hash("principal_hash", &form.principal_hash)?;
    let principal = principal.ok_or_else(|| missing("principal_hash"))?;
    let key = hash("key_hash", &form.key_hash)?;
    let of = || tenant.clone();
    Ok(Subject {
        token: Target::Token { tenant: of(), hash: token },
        session: session.map(|hash| Target::Session { tenant: of(), hash }),
        principal: Some(Target::Principal { tenant: of(), hash: principal }),
        tenant: Some(Handle::Tenant(tenant).target()),
        key: key.map(|hash| Target::Key { hash }),
        issued_at: form.iat.ok_or_else(|| missing("iat"))?,
        skew: form.skew.unwrap_or_default(),
    })
}

fn active(identity: &Identity) -> Introspection {
    Introspection {
        active: true,
        scope: Some(identity.scope().to_owned()),
        iss: Some(identity.issuer.to_string()),
        sub: Some(identity.principal().subject().to_owned()),
        jti: identity.id.clone(),
        sid: identity.session.clone(),
        iat: Some(identity.issued.as_secs()),
        exp: Some(identity.expires.as_secs()),
        tenant_id: Some(identity.tenant().to_string()),
        tenant_role: Some(identity.roles().to_owned()),
        ..Introspection::default()
    }
}

fn inactive(reason: String) -> Introspection {
    Introspection { reason: Some(reason), ..Introspection::default() }
}

fn reason(refusal: Refusal) -> String {
    match refusal.cause {
        Cause::Revoked | Cause::CutOff => format!("revoked.{}", refusal.handle),
        Cause::Suspended => format!("suspended.{}", refusal.handle),
    }
}
