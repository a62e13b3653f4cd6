//! Sessions of applications, tenant by tenant. An id is a secret, so it stands in bodies alone,
//! where no log has it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use tenantguard::control::Position;
use tenantguard::identity::PrincipalId;
use utoipa::ToSchema;

use super::App;
use super::access::{Changer, Looker};
use super::body::{Asked, JsonBody, Told};
use super::problem::{Code, Problem, ProblemBody};
use super::revocations::{note, tell};
use super::target::{malformed, principal, tenant};
use crate::session::{NewSession, Session, SessionError, SessionId};
use crate::state::ControlError;

/// How many bytes a session id has that the service makes.
const ID_BYTES: usize = 32;

/// A session to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionRequest {
    /// Its id: the `sid` of its tokens. Made by the service, unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub id: Option<String>,
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The namespace of the issuer that vouches for the principal.
    pub namespace: String,
    /// The principal's subject.
    pub subject: String,
    /// How many seconds it lives untouched; at most its tenant's idle time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_seconds: Option<u64>,
    /// What the application keeps in it.
    #[serde(default)]
    #[schema(max_length = 65536)]
    pub data: String,
}

/// Names a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionName {
    /// Its id.
    #[schema(max_length = 1024)]
    pub id: String,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionBody {
    /// Its id, where the service has just made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The SHA-256 of its id.
    pub digest: String,
    /// Its tenant.
    pub tenant: String,
    /// Whose it is: `namespace/subject`.
    pub principal: String,
    /// The hash of its handle: what its tokens are revoked by.
    pub handle: String,
    /// When it was created (RFC 3339).
    pub created: String,
    /// When it ends if it is not touched (RFC 3339).
    pub ends: String,
    /// When it ends however often it is touched (RFC 3339).
    pub ends_at_last: String,
    /// What the application keeps in it.
    pub data: String,
}

/// Which sessions.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct SessionFilter {
    /// Those of one principal: the namespace of its issuer.
    pub namespace: Option<String>,
    /// Those of one principal: its subject.
    pub subject: Option<String>,
}

/// Live sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionList {
    /// How many live.
    pub count: usize,
    /// Those of the principal, if one is named.
    pub sessions: Vec<SessionBody>,
}

/// What was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ended {
    /// How many sessions.
    pub ended: usize,
    /// A proxy at this position, or past it, knows.
    pub position: String,
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Exists => Self::with(Code::Exists, error),
            SessionError::Limit { .. } => Self::with(Code::SessionLimit, error),
            SessionError::Store(error) => ControlError::Store(error).into(),
            SessionError::Control(error) => error.into(),
            other => Self::with(Code::RequestMalformed, other),
        }
    }
}

impl From<Session> for SessionBody {
    fn from(session: Session) -> Self {
        Self {
            id: None,
            digest: session.digest.to_string(),
            tenant: session.tenant.to_string(),
            principal: session.principal.to_string(),
            handle: session.handle.to_string(),
            created: session.created.to_string(),
            ends: session.ends.to_string(),
            ends_at_last: session.ends_at_last.to_string(),
            data: session.data,
        }
    }
}

/// Create a session
#[utoipa::path(post, operation_id = "create_session",
    path = "/v1/tenants/{tenant}/sessions", tag = "sessions",
    params(("tenant" = String, Path, description = "The tenant.")),
    request_body = SessionRequest,
    responses((status = 200, description = "It is there.", body = SessionBody),
        (status = 409, description = "The id is taken, or the principal has too many sessions.",
            body = ProblemBody)))]
pub async fn create(
    Changer { reach, .. }: Changer,
    Path(named): Path<String>,
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<SessionRequest>,
) -> Result<Told<SessionBody>, Problem> {
    let made = match request.id {
        Some(_) => None,
        None => Some(new_id()?),
    };
    let text = request.id.as_deref().or(made.as_deref()).unwrap_or_default();
    let new = NewSession {
        tenant: tenant(Some(&named), &reach)?,
        id: id(text)?,
        issuer: request.issuer,
        principal: principal(&request.namespace, &request.subject)?,
        idle: request.idle_seconds.map(Duration::from_secs),
        data: request.data,
    };
    let session = app.control.sessions().create(new).await?;
    Ok(Told(SessionBody { id: made, ..session.into() }))
}

/// Look a session up
#[utoipa::path(post, operation_id = "get_session",
    path = "/v1/tenants/{tenant}/sessions/lookup", tag = "sessions",
    params(("tenant" = String, Path, description = "The tenant.")),
    request_body = SessionName,
    responses((status = 200, description = "It lives.", body = SessionBody),
        (status = 404, description = "It does not.", body = ProblemBody)))]
pub async fn lookup(
    Changer { reach, .. }: Changer,
    Path(named): Path<String>,
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<SessionName>,
) -> Result<Told<SessionBody>, Problem> {
    let tenant = tenant(Some(&named), &reach)?;
    found(app.control.sessions().get(&tenant, &id(&request.id)?).await?)
}

/// Touch a session: its idle time begins anew
#[utoipa::path(post, operation_id = "touch_session",
    path = "/v1/tenants/{tenant}/sessions/touch", tag = "sessions",
    params(("tenant" = String, Path, description = "The tenant.")),
    request_body = SessionName,
    responses((status = 200, description = "It lives.", body = SessionBody),
        (status = 404, description = "It does not.", body = ProblemBody)))]
pub async fn touch(
    Changer { reach, .. }: Changer,
    Path(named): Path<String>,
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<SessionName>,
) -> Result<Told<SessionBody>, Problem> {
    let tenant = tenant(Some(&named), &reach)?;
    found(app.control.sessions().touch(&tenant, &id(&request.id)?).await?)
}

/// End a session, and refuse its tokens
#[utoipa::path(post, operation_id = "end_session",
    path = "/v1/tenants/{tenant}/sessions/end", tag = "sessions",
    params(("tenant" = String, Path, description = "The tenant.")),
    request_body = SessionName,
    responses((status = 200, description = "It has ended.", body = Ended),
        (status = 404, description = "It did not live.", body = ProblemBody)))]
pub async fn end(
    Changer { caller, reach }: Changer,
    Path(named): Path<String>,
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<SessionName>,
) -> Result<Told<Ended>, Problem> {
    let tenant = tenant(Some(&named), &reach)?;
    let note = note(&caller, "the session was ended")?;
    match app.control.sessions().end(&tenant, &id(&request.id)?, note).await? {
        Some(receipt) => {
            tell(&app, &caller, "session", &receipt);
            Ok(told(1, receipt.position))
        }
        None => Err(no_session()),
    }
}

/// End all sessions of a tenant, or of one of its principals
#[utoipa::path(delete, operation_id = "end_sessions",
    path = "/v1/tenants/{tenant}/sessions", tag = "sessions",
    params(("tenant" = String, Path, description = "The tenant."), SessionFilter),
    responses((status = 200, description = "They have ended.", body = Ended)))]
pub async fn end_all(
    Changer { caller, reach }: Changer,
    Path(named): Path<String>,
    Asked(filter): Asked<SessionFilter>,
    State(app): State<Arc<App>>,
) -> Result<Told<Ended>, Problem> {
    let tenant = tenant(Some(&named), &reach)?;
    let note = note(&caller, "all sessions were ended")?;
    let sessions = app.control.sessions();
    let ended = match filter.principal()? {
        Some(principal) => sessions.end_principal(&tenant, &principal, note).await?,
        None => sessions.end_tenant(&tenant, note).await?,
    };
    if let Some(receipt) = &ended.receipt {
        tell(&app, &caller, "session", receipt);
    }
    let at = app.control.feed().position();
    Ok(told(ended.sessions, ended.receipt.map_or(at, |receipt| receipt.position)))
}

/// Count a tenant's sessions, or list those of a principal
#[utoipa::path(get, operation_id = "list_sessions",
    path = "/v1/tenants/{tenant}/sessions", tag = "sessions",
    params(("tenant" = String, Path, description = "The tenant."), SessionFilter),
    responses((status = 200, description = "These live.", body = SessionList)))]
pub async fn list(
    Looker { reach }: Looker,
    Path(named): Path<String>,
    Asked(filter): Asked<SessionFilter>,
    State(app): State<Arc<App>>,
) -> Result<Told<SessionList>, Problem> {
    let tenant = tenant(Some(&named), &reach)?;
    let Some(principal) = filter.principal()? else {
        let count = app.control.sessions().count(&tenant).await?;
        return Ok(Told(SessionList { count, sessions: Vec::new() }));
    };
    let found = app.control.sessions().of(&tenant, &principal).await?.into_iter();
    // What an application keeps in a session is not for whoever lists it.
    let bodies = found.map(|session| SessionBody { data: String::new(), ..session.into() });
    let sessions: Vec<SessionBody> = bodies.collect();
    Ok(Told(SessionList { count: sessions.len(), sessions }))
}

impl SessionFilter {
    fn principal(&self) -> Result<Option<PrincipalId>, Problem> {
        match (&self.namespace, &self.subject) {
            (Some(namespace), Some(subject)) => principal(namespace, subject).map(Some),
            (None, None) => Ok(None),
            _ => Err(malformed("name a principal by namespace and subject")),
        }
    }
}

fn found(session: Option<Session>) -> Result<Told<SessionBody>, Problem> {
    session.map(|session| Told(session.into())).ok_or_else(no_session)
}

fn told(ended: usize, position: Position) -> Told<Ended> {
    Told(Ended { ended, position: position.to_string() })
}

fn id(text: &str) -> Result<SessionId, Problem> {
    SessionId::parse(text).map_err(|error| malformed(&error.to_string()))
}

/// 256 random bits in base64url.
fn new_id() -> Result<String, Problem> {
    use base64::Engine as _;
    let mut bytes = [0; ID_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!("the system gave no random bytes: {error}");
        Problem::new(Code::Internal)
    })?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

fn no_session() -> Problem {
    Problem::with(Code::NotFound, "the tenant has no live session with this id")
}
