//! The directory of tenants. What is written here reaches the proxies over the feed, so a sign-up
//! is no change of configuration.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use tenantguard::artifact::Isolation;
use tenantguard::control::{TenantEntry, TenantStatus};
use tenantguard::identity::{CellName, TenantId};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::access::{Looker, Operator};
use super::body::{Asked, JsonBody, Told};
use super::problem::{Code, Problem, ProblemBody};
use super::revocations::{Done, note, tell};
use super::target::{malformed, tenant};
use crate::directory::{DirectoryError, TenantChange};

/// How many tenants one answer has.
const PAGE: usize = 1000;

/// A tenant to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantRequest {
    /// Its name.
    pub tenant: String,
    /// How its data is kept apart.
    pub isolation: IsolationName,
    /// The cell that serves it, where it is not the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// Why, for whoever looks later.
    #[schema(max_length = 1024)]
    pub reason: String,
}

/// A change to a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeRequest {
    /// What changes.
    #[serde(flatten)]
    pub change: ChangeName,
    /// Why, for whoever looks later.
    #[schema(max_length = 1024)]
    pub reason: String,
}

/// What changes about a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum ChangeName {
    /// It gets another class.
    Classify {
        /// How its data is kept apart.
        isolation: IsolationName,
    },
    /// Another cell serves it.
    Move {
        /// The cell; absent for the default one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cell: Option<String>,
    },
    /// It may not act for now.
    Suspend,
    /// It may act again.
    Resume,
    /// It is gone, and its name with it.
    Delete,
}

/// How a tenant's data is kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IsolationName {
    /// With others'.
    Shared,
    /// By itself.
    Dedicated,
}

/// Whether a tenant may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusName {
    /// It may.
    Active,
    /// It may not for now.
    Suspended,
    /// It is gone. The name stays known as deleted.
    Deleted,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantBody {
    /// Its name.
    pub tenant: String,
    /// How its data is kept apart.
    pub isolation: IsolationName,
    /// The cell that serves it; absent for the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// Whether it may act.
    pub status: StatusName,
}

/// The directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantList {
    /// Its tenants, by name.
    pub tenants: Vec<TenantBody>,
    /// What to ask for next, as `after`; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Where to go on.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct TenantPage {
    /// `next` of the page before.
    pub after: Option<String>,
}

impl From<TenantEntry> for TenantBody {
    fn from(entry: TenantEntry) -> Self {
        Self {
            tenant: entry.id.to_string(),
            isolation: match entry.isolation {
                Isolation::Shared => IsolationName::Shared,
                Isolation::Dedicated => IsolationName::Dedicated,
            },
            cell: entry.cell.map(|cell| cell.to_string()),
            status: match entry.status {
                TenantStatus::Active => StatusName::Active,
                TenantStatus::Suspended => StatusName::Suspended,
                TenantStatus::Deleted => StatusName::Deleted,
            },
        }
    }
}

impl From<IsolationName> for Isolation {
    fn from(name: IsolationName) -> Self {
        match name {
            IsolationName::Shared => Self::Shared,
            IsolationName::Dedicated => Self::Dedicated,
        }
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Exists(_) | DirectoryError::Deleted(_) => {
                Self::with(Code::Exists, error)
            }
            DirectoryError::Unknown(_) => Self::with(Code::NotFound, error),
            DirectoryError::Control(error) => error.into(),
        }
    }
}

/// List the directory
///
/// A tenant's administrator sees that tenant alone.
#[utoipa::path(get, operation_id = "list_tenants",
    path = "/v1/tenants", tag = "tenants", params(TenantPage),
    responses((status = 200, description = "The directory.", body = TenantList)))]
pub async fn list(
    Looker { reach }: Looker,
    Asked(page): Asked<TenantPage>,
    State(app): State<Arc<App>>,
) -> Result<Told<TenantList>, Problem> {
    let after = page.after.as_deref().map(parse).transpose()?;
    let found = match reach.bound() {
        Some(own) => app.control.tenant(own).into_iter().collect(),
        None => app.control.tenants(after.as_ref(), PAGE),
    };
    let next = found.last().filter(|_| found.len() == PAGE).map(|entry| entry.id.to_string());
    Ok(Told(TenantList { tenants: found.into_iter().map(TenantBody::from).collect(), next }))
}

/// Look a tenant up
#[utoipa::path(get, operation_id = "get_tenant", path = "/v1/tenants/{tenant}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant.")),
    responses((status = 200, description = "It is known.", body = TenantBody),
        (status = 404, description = "It is not.", body = ProblemBody)))]
pub async fn get(
    Looker { reach }: Looker,
    Path(named): Path<String>,
    State(app): State<Arc<App>>,
) -> Result<Told<TenantBody>, Problem> {
    let id = tenant(Some(&named), &reach)?;
    let found = app.control.tenant(&id);
    let found =
        found.ok_or_else(|| Problem::with(Code::NotFound, DirectoryError::Unknown(id.clone())))?;
    Ok(Told(found.into()))
}

/// Create a tenant
///
/// To create one that is there, exactly so, changes nothing.
#[utoipa::path(post, operation_id = "create_tenant", path = "/v1/tenants", tag = "tenants",
    request_body = TenantRequest,
    responses((status = 200, description = "It is there.", body = Done),
        (status = 409, description = "Its name is taken, or was a tenant's that was deleted.",
            body = ProblemBody)))]
pub async fn create(
    Operator { caller }: Operator,
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<TenantRequest>,
) -> Result<Told<Done>, Problem> {
    let (id, cell) = (parse(&request.tenant)?, cell(request.cell)?);
    let note = note(&caller, &request.reason)?;
    let receipt = app.directory.create(id, request.isolation.into(), cell, note).await?;
    tell(&app, &caller, "tenant", &receipt);
    Ok(Told(receipt.into()))
}

/// Classify a tenant, move it to a cell, suspend it, let it act again, or delete it
#[utoipa::path(post, operation_id = "change_tenant", path = "/v1/tenants/{tenant}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant.")),
    request_body = ChangeRequest,
    responses((status = 200, description = "It is so.", body = Done),
        (status = 404, description = "There is no such tenant.", body = ProblemBody),
        (status = 409, description = "It was deleted.", body = ProblemBody)))]
pub async fn change(
    Operator { caller }: Operator,
    Path(named): Path<String>,
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<ChangeRequest>,
) -> Result<Told<Done>, Problem> {
    let change = match request.change {
        ChangeName::Classify { isolation } => TenantChange::Classify(isolation.into()),
        ChangeName::Move { cell: to } => TenantChange::Move(cell(to)?),
        ChangeName::Suspend => TenantChange::Suspend,
        ChangeName::Resume => TenantChange::Resume,
        ChangeName::Delete => TenantChange::Delete,
    };
    let note = note(&caller, &request.reason)?;
    let receipt = app.directory.change(&parse(&named)?, change, note).await?;
    tell(&app, &caller, "tenant", &receipt);
    Ok(Told(receipt.into()))
}

fn parse(named: &str) -> Result<TenantId, Problem> {
    TenantId::parse(named).map_err(|error| malformed(&format!("tenant {error}")))
}

fn cell(named: Option<String>) -> Result<Option<CellName>, Problem> {
    let parsed = named.as_deref().map(CellName::parse).transpose();
    parsed.map_err(|error| malformed(&format!("cell {error}")))
}
