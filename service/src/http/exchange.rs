//! Token exchange (RFC 8693), the keys of its tokens (RFC 7517), and where all that is (RFC 8414).
//!
//! No caller is needed: the token that is exchanged says who asks.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::body::{FormBody, Told};
use super::oauth::{OauthError, OauthProblem};
use super::problem::{Code, Problem, ProblemBody};
use super::target::malformed;
use crate::exchange::{Asked, Exchange, ExchangeError, Issued};
use crate::serve::Peer;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
/// What a tenant is called where a resource is asked for.
const TENANT: &str = "urn:tenantguard:tenant:";

/// A token to exchange.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct ExchangeForm {
    /// `urn:ietf:params:oauth:grant-type:token-exchange`
    grant_type: String,
    /// The token that is exchanged, of an issuer of the policy.
    subject_token: Option<String>,
    /// `urn:ietf:params:oauth:token-type:access_token` or `...:jwt`
    subject_token_type: Option<String>,
    /// The same; what comes is both.
    requested_token_type: Option<String>,
    /// Whom the new token is for: an audience of the subject token, its only one unless it is said.
    audience: Option<String>,
    /// `urn:tenantguard:tenant:ID`, another way to say `delegated_tenant_id`.
    resource: Option<String>,
    /// What the new token is for, with spaces between; everything that it may be, unless it is said.
    scope: Option<String>,
    /// The delegation; the only one that lets the bearer in, unless it is said.
    delegation_id: Option<String>,
    /// The tenant whose data it is; the delegation's, unless it is said.
    delegated_tenant_id: Option<String>,
    /// Refused: who acts is the subject itself.
    actor_token: Option<String>,
    /// Refused.
    actor_token_type: Option<String>,
}

/// A delegation token (RFC 8693, section 2.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExchangeAnswer {
    /// The token.
    access_token: String,
    /// `urn:ietf:params:oauth:token-type:access_token`
    issued_token_type: &'static str,
    /// `Bearer`
    token_type: &'static str,
    /// How many seconds it lives.
    expires_in: u64,
    /// What it may do.
    scope: String,
}

/// Where the exchange is, and what it takes (RFC 8414, section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ServerMetadata {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    grant_types_supported: [&'static str; 1],
    response_types_supported: [&'static str; 0],
    token_endpoint_auth_methods_supported: [&'static str; 1],
    tls_client_certificate_bound_access_tokens: bool,
}

impl App {
    /// The exchange.
    ///
    /// # Errors
    /// [`Code::NotConfigured`] if tokens are not exchanged.
    pub fn exchange(&self) -> Result<&Exchange, Problem> {
        let missing = "the service exchanges no tokens: set [exchange] keys in its configuration";
        self.exchange.as_deref().ok_or_else(|| Problem::with(Code::NotConfigured, missing))
    }
}

impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Self {
        let code = match &error {
            ExchangeError::Key(_) => {
                tracing::error!("{error}");
                return Self::new(Code::Internal);
            }
            ExchangeError::Unnamed => Code::RequestMalformed,
            ExchangeError::Scope => Code::ExchangeScope,
            ExchangeError::Contradiction(_)
            | ExchangeError::Home(_)
            | ExchangeError::Delegation(_)
            | ExchangeError::Audiences
            | ExchangeError::Audience => Code::ExchangeTarget,
            _ => Code::ExchangeToken,
        };
        Self::with(code, error)
    }
}

/// Exchange a token (RFC 8693)
///
/// A token of the delegate's, for one that is good for the delegator's data under one delegation.
/// It lives for minutes, and no longer than the subject token and the delegation.
#[utoipa::path(post, operation_id = "oauth_token", path = "/oauth2/token", tag = "oauth",
    security(()),
    request_body(content = ExchangeForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "A delegation token.", body = ExchangeAnswer),
        (status = 400, description = "The token cannot be exchanged for that.", body = OauthError),
        (status = 429, description = "Too many tokens that were not good, or too many requests.",
            body = OauthError),
        (status = 501, description = "The service exchanges no tokens.", body = OauthError)))]
pub async fn token(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    form: Result<FormBody<ExchangeForm>, Problem>,
) -> Result<Told<ExchangeAnswer>, OauthProblem> {
    let exchange = app.exchange()?;
    let FormBody(form) = form?;
    let asked = read(form)?;
    let peer = peer.map(|Extension(peer)| peer);
    let certificate = peer.as_ref().and_then(|peer| peer.certificate.as_ref());
    let identity = match exchange.identify(&asked.subject_token, certificate).await {
        Ok(identity) => identity,
        Err(error) => {
            let address = peer.as_ref().map(|peer| peer.address);
            tracing::info!(peer = address.map(tracing::field::display), "not exchanged: {error}");
            address.map_or(Ok(()), |address| app.limits.failure(address.ip()))?;
            return Err(error.into());
        }
    };
    app.limits.caller(&identity.principal().shared())?;
    let Issued { token, lives, scope } = exchange.exchange(&identity, &asked)?;
    Ok(Told(ExchangeAnswer {
        access_token: token,
        issued_token_type: ACCESS_TOKEN,
        token_type: "Bearer",
        expires_in: lives,
        scope,
    }))
}

fn read(form: ExchangeForm) -> Result<Asked, Problem> {
    if form.grant_type != GRANT_TYPE {
        let needed = format!("grant_type must be {GRANT_TYPE}");
        return Err(Problem::with(Code::ExchangeGrantType, needed));
    }
    if form.actor_token.is_some() || form.actor_token_type.is_some() {
        return Err(malformed("who acts is the subject: actor_token is not taken"));
    }
    let types = [ACCESS_TOKEN, JWT];
    let is_known = |kind: &str| types.contains(&kind);
    if !form.subject_token_type.as_deref().is_some_and(is_known) {
        return Err(malformed(&format!("subject_token_type must be {ACCESS_TOKEN} or {JWT}")));
    }
    if !form.requested_token_type.as_deref().is_none_or(is_known) {
        return Err(malformed(&format!("requested_token_type can be {ACCESS_TOKEN} or {JWT}")));
    }
    let resource = form.resource.as_deref().map(|resource| {
        let other = || {
            let needed = format!("resource can be a tenant's: {TENANT} and its id");
            Problem::with(Code::ExchangeTarget, needed)
        };
        resource.strip_prefix(TENANT).map(str::to_owned).ok_or_else(other)
    });
    let tenant = match (resource.transpose()?, form.delegated_tenant_id) {
        (Some(resource), Some(tenant)) if resource != tenant => {
            let detail = "resource and delegated_tenant_id are different tenants";
            return Err(Problem::with(Code::ExchangeTarget, detail));
        }
        (resource, tenant) => tenant.or(resource),
    };
    let missing = || malformed("subject_token is missing");
    Ok(Asked {
        subject_token: form.subject_token.ok_or_else(missing)?,
        audience: form.audience,
        scope: form.scope,
        delegation: form.delegation_id,
        tenant,
    })
}

/// The keys of the exchange (RFC 7517)
///
/// A key is here before it signs, and stays until the last token that it signed is over.
#[utoipa::path(get, operation_id = "jwks", path = "/.well-known/jwks.json", tag = "oauth",
    security(()),
    responses((status = 200, description = "The key set.", body = Object,
            content_type = "application/jwk-set+json"),
        (status = 501, description = "The service exchanges no tokens.", body = ProblemBody)))]
pub async fn jwks(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let set = app.exchange()?.jwks();
    let headers =
        [(CACHE_CONTROL, "public, max-age=300"), (CONTENT_TYPE, "application/jwk-set+json")];
    Ok((headers, set.to_string()).into_response())
}

/// Where the exchange is, and what it takes (RFC 8414)
#[utoipa::path(get, operation_id = "oauth_metadata",
    path = "/.well-known/oauth-authorization-server", tag = "oauth", security(()),
    responses((status = 200, description = "Where it is.", body = ServerMetadata),
        (status = 501, description = "The service exchanges no tokens.", body = ProblemBody)))]
pub async fn metadata(State(app): State<Arc<App>>) -> Result<Json<ServerMetadata>, Problem> {
    let issuer = app.exchange()?.issuer().to_owned();
    let at = |path: &str| format!("{}{path}", app.public_url);
    Ok(Json(ServerMetadata {
        issuer,
        token_endpoint: at("/oauth2/token"),
        jwks_uri: at("/.well-known/jwks.json"),
        revocation_endpoint: at("/oauth2/revoke"),
        introspection_endpoint: at("/oauth2/introspect"),
        grant_types_supported: [GRANT_TYPE],
        response_types_supported: [],
        token_endpoint_auth_methods_supported: ["none"],
        tls_client_certificate_bound_access_tokens: true,
    }))
}
