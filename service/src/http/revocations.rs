//! Revoking and taking back, one or thousands at once.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenantguard::control::{HandleKind, Target};
use tenantguard::identity::PrincipalId;
use tenantguard::time::UnixTime;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::access::Changer;
use super::body::{Asked, JsonBody, Told};
use super::feed::{Acknowledged, wait};
use super::problem::{Code, Problem, ProblemBody};
use super::target::{NamedTarget, Reached, malformed};
use crate::auth::{Caller, Reach};
use crate::state::{Actor, Change, ControlError, Note, Reason, Receipt, Safety};
use crate::store::StoreError;

/// The most targets of one request.
const TARGET_LIMIT: usize = 4096;

/// What to revoke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevocationRequest {
    /// Why, for whoever looks later.
    #[schema(max_length = 1024)]
    pub reason: String,
    /// What.
    #[schema(min_items = 1, max_items = 4096)]
    pub targets: Vec<NamedTarget>,
    /// How principals and tenants are refused. A token, a session and a key are refused as such.
    #[serde(default)]
    pub mode: RevocationMode,
    /// When the revocation of tokens, sessions and keys may be forgotten (RFC 3339): not before
    /// every token that it concerns has expired. Unless it is said, the service keeps it for as long
    /// as any token can live. A token that is named by itself says so itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub expires: Option<String>,
}

/// How a principal or a tenant is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevocationMode {
    /// What was issued until now: whoever signs in anew is let in again.
    #[default]
    CutOff,
    /// Everything, until it is taken back.
    Suspend,
}

/// What to take back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestorationRequest {
    /// Why, for whoever looks later.
    #[schema(max_length = 1024)]
    pub reason: String,
    /// What.
    #[schema(min_items = 1, max_items = 4096)]
    pub targets: Vec<NamedTarget>,
}

/// It is done, and durable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Done {
    /// A proxy at this position, or past it, has all of it.
    pub position: String,
    /// How many targets changed.
    pub changed: usize,
    /// How many were so already.
    pub unchanged: usize,
    /// `store`, or `journal` while Redis does not answer.
    pub safety: String,
    /// Who knows of it, if that was waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledged>,
}

/// Whether to wait.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Waiting {
    /// Answer only when every proxy has applied it, or its lease has run out.
    pub wait: bool,
}

impl Waiting {
    async fn end(self, app: &App, receipt: Receipt) -> Result<Told<Done>, Problem> {
        Ok(Told(self.done(app, receipt).await))
    }

    /// What is done, once that is waited for.
    pub(super) async fn done(self, app: &App, receipt: Receipt) -> Done {
        let acknowledged = match self.wait {
            true => Some(wait(app, receipt.position).await),
            false => None,
        };
        Done { acknowledged, ..receipt.into() }
    }
}

impl From<Receipt> for Done {
    fn from(receipt: Receipt) -> Self {
        Self {
            position: receipt.position.to_string(),
            changed: receipt.changed,
            unchanged: receipt.unchanged,
            safety: match receipt.safety {
                Safety::Store => "store".to_owned(),
                Safety::Journal => "journal".to_owned(),
            },
            acknowledged: None,
        }
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        let code = match &error {
            ControlError::Store(
                StoreError::Moved(_) | StoreError::Corrupt { .. } | StoreError::Format { .. },
            ) => {
                tracing::error!("{error}");
                return Self::new(Code::Internal);
            }
            ControlError::Store(_) => {
                tracing::warn!("{error}");
                Code::StoreUnavailable
            }
            ControlError::Busy { .. } => Code::Overloaded,
            ControlError::ShuttingDown => Code::ShuttingDown,
            _ => Code::RequestMalformed,
        };
        Self::with(code, error)
    }
}

/// Revoke
///
/// All of them, or none. A target that is revoked already stays so.
#[utoipa::path(post, path = "/v1/revocations", tag = "revocations", params(Waiting),
    request_body = RevocationRequest,
    responses((status = 200, description = "It is done.", body = Done),
        (status = 403, description = "A target is another tenant's.", body = ProblemBody),
        (status = 503, description = "The store cannot take it.", body = ProblemBody)))]
pub async fn revoke(
    Changer { caller, reach }: Changer,
    Asked(waiting): Asked<Waiting>,
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<RevocationRequest>,
) -> Result<Told<Done>, Problem> {
    let RevocationRequest { reason, targets, mode, expires } = request;
    let expires = expires.as_deref().map(moment).transpose()?;
    if expires.is_some() && mode == RevocationMode::Suspend {
        return Err(malformed("a suspension has no expiry: it holds until it is taken back"));
    }
    let reached = resolve(targets, &reach, &app).await?;
    let changes = reached.into_iter().map(|Reached { target, expiry }| match (mode, expires) {
        (RevocationMode::Suspend, _) => Change::Suspend(target),
        (RevocationMode::CutOff, Some(until)) if expiry.is_none() => {
            Change::RevokeUntil { target, until }
        }
        (RevocationMode::CutOff, _) => Change::Revoke { target, expiry },
    });
    let done = apply(&app, changes.collect(), &caller, &reason, "revocation").await?;
    waiting.end(&app, done).await
}

/// Take back
///
/// An explicit tombstone: it takes back a revocation, a cut-off and a suspension, and outlives a
/// store that comes back with an older state.
#[utoipa::path(post, path = "/v1/restorations", tag = "revocations", params(Waiting),
    request_body = RestorationRequest,
    responses((status = 200, description = "It is done.", body = Done),
        (status = 403, description = "A target is another tenant's.", body = ProblemBody),
        (status = 503, description = "The store cannot take it.", body = ProblemBody)))]
pub async fn restore(
    Changer { caller, reach }: Changer,
    Asked(waiting): Asked<Waiting>,
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<RestorationRequest>,
) -> Result<Told<Done>, Problem> {
    let RestorationRequest { reason, targets } = request;
    let reached = resolve(targets, &reach, &app).await?;
    let changes = reached.into_iter().map(|reached| Change::Restore(reached.target));
    let done = apply(&app, changes.collect(), &caller, &reason, "restoration").await?;
    waiting.end(&app, done).await
}

fn moment(text: &str) -> Result<u64, Problem> {
    let moment = UnixTime::parse(text);
    let wrong = || malformed("expires is no time as of RFC 3339, such as 2026-12-31T00:00:00Z");
    moment.map(UnixTime::as_secs).ok_or_else(wrong)
}

pub(super) async fn resolve(
    targets: Vec<NamedTarget>,
    reach: &Reach,
    app: &App,
) -> Result<Vec<Reached>, Problem> {
    if !(1..=TARGET_LIMIT).contains(&targets.len()) {
        return Err(malformed(&format!("targets has 1 to {TARGET_LIMIT} items")));
    }
    let mut reached = Vec::with_capacity(targets.len());
    for target in targets {
        reached.push(target.resolve(reach, app).await?);
    }
    Ok(reached)
}

/// Makes changes in the caller's name.
pub(super) async fn apply(
    app: &App,
    changes: Vec<Change>,
    caller: &Caller,
    reason: &str,
    kind: &'static str,
) -> Result<Receipt, Problem> {
    let note = note(caller, reason)?;
    let receipt = app.control.apply(changes, note).await?;
    tell(app, caller, kind, &receipt);
    Ok(receipt)
}

/// Counts and logs what was changed.
pub(super) fn tell(app: &App, caller: &Caller, kind: &'static str, receipt: &Receipt) {
    let Receipt { position, changed, .. } = receipt;
    app.metrics.changed(kind, u64::try_from(*changed).unwrap_or(u64::MAX));
    tracing::info!(caller = %caller.name(), kind, changed, %position, "changed");
}

pub(super) fn note(caller: &Caller, reason: &str) -> Result<Note, Problem> {
    let reason = Reason::parse(reason).map_err(|error| malformed(&format!("reason {error}")))?;
    // A caller's name is checked where it comes from, but a principal's may be longer than this.
    let name: String = caller.name().chars().take(256).collect();
    let by =
        Actor::parse(&name).map_err(|error| malformed(&format!("the caller's name {error}")))?;
    Ok(Note { by, reason })
}

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// What.
    #[schema(min_items = 1, max_items = 4096)]
    pub targets: Vec<NamedTarget>,
}

/// What a revocation would hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// Each target, in order.
    pub targets: Vec<PreviewedTarget>,
    /// Proxies that would be told at once.
    pub proxies_fresh: usize,
    /// Proxies that have not been heard of within their lease.
    pub proxies_silent: usize,
}

/// What the revocation of one target would hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewedTarget {
    /// `token`, `session`, `principal`, `tenant` or `key`.
    pub kind: String,
    /// Its tenant; a key has none.
    pub tenant: Option<String>,
    /// The hash of its handle.
    pub hash: String,
    /// How many live sessions of this service it would end; absent where that cannot be known.
    pub live_sessions: Option<usize>,
    /// Whether a refresh token at the identity provider still gets a token that is let in.
    pub refresh_tokens_work: bool,
}

/// Look at what a revocation would hit, and change nothing
#[utoipa::path(post, operation_id = "preview_revocations",
    path = "/v1/revocations/preview", tag = "revocations",
    request_body = PreviewRequest,
    responses((status = 200, description = "What it would hit.", body = Preview),
        (status = 403, description = "A target is another tenant's.", body = ProblemBody)))]
pub async fn preview(
    Changer { reach, .. }: Changer,
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<PreviewRequest>,
) -> Result<Told<Preview>, Problem> {
    let mut targets = Vec::new();
    let principals: Vec<_> = request.targets.iter().map(NamedTarget::principal).collect();
    let reached = resolve(request.targets, &reach, &app).await?;
    for (Reached { target, .. }, principal) in reached.into_iter().zip(principals) {
        targets.push(look_at(&app, &target, principal).await?);
    }
    let (fresh, silent) = super::proxies::count(&app);
    Ok(Told(Preview { targets, proxies_fresh: fresh, proxies_silent: silent }))
}

async fn look_at(
    app: &App,
    target: &Target,
    principal: Option<PrincipalId>,
) -> Result<PreviewedTarget, Problem> {
    let live_sessions = match (target, principal) {
        (Target::Tenant(tenant), _) => Some(app.control.sessions().count(tenant).await?),
        (Target::Principal { tenant, .. }, Some(principal)) => {
            Some(app.control.sessions().of(tenant, &principal).await?.len())
        }
        _ => None,
    };
    Ok(PreviewedTarget {
        kind: target.kind().to_string(),
        tenant: target.tenant().map(ToString::to_string),
        hash: target.hash().to_string(),
        live_sessions,
        refresh_tokens_work: matches!(
            target.kind(),
            HandleKind::Token | HandleKind::Principal | HandleKind::Tenant
        ),
    })
}
