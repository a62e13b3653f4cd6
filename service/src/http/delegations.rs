//! Delegations between tenants: proposed by either side, agreed to by the delegator. What is written
//! here reaches the proxies over the feed.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use tenantguard::identity::TenantId;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::access::{Delegating, DelegationLooker};
use super::body::{Asked, JsonBody, Told};
use super::grant::{
    DelegationBody, PrincipalsName, StageName, audiences, label, moment, permissions, principals,
};
use super::problem::{Code, Problem, ProblemBody};
use super::revocations::{Done, Waiting, note, tell};
use super::target::malformed;
use crate::delegation::{
    Agreement, Amendment, DelegationChange, DelegationError, Filter, Terms, Wanted,
};

/// How many delegations one answer has.
const PAGE: usize = 1000;

/// A delegation to propose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalRequest {
    /// Its id; the service makes one, unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The delegator: whose data.
    pub from: String,
    /// The delegate: who may act.
    pub to: String,
    /// Which of its principals: `any`, or a list.
    pub principals: PrincipalsName,
    /// For what.
    #[schema(min_items = 1, max_items = 256)]
    pub permissions: Vec<String>,
    /// Only by tokens that are for one of these; none for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 256)]
    pub audiences: Vec<String>,
    /// From when on (RFC 3339); at once, unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub not_before: Option<String>,
    /// Until when (RFC 3339).
    #[schema(format = "date-time")]
    pub expires: String,
    /// The delegator consents in proposing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<AgreementBody>,
    /// Why, for whoever looks later.
    #[schema(max_length = 1024)]
    pub reason: String,
}

/// The delegator agrees.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgreementBody {
    /// Where that is written down, such as the number of a contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 256)]
    pub reference: Option<String>,
}

/// A change to a delegation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum DelegationChangeRequest {
    /// The delegator agrees.
    Consent(ConsentRequest),
    /// It lets nobody in for now.
    Suspend(Because),
    /// It lets in again whom it did.
    Resume(Because),
    /// It is taken back, for good.
    Revoke(Because),
    /// It gets other terms.
    Amend(Box<AmendRequest>),
}

/// Why something is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// Why, for whoever looks later.
    #[schema(max_length = 1024)]
    pub reason: String,
}

/// What the delegator agrees to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentRequest {
    /// `terms` of the delegation, as the delegator has seen it.
    pub terms: String,
    /// Where the consent is written down, such as the number of a contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 256)]
    pub reference: Option<String>,
    /// Why, for whoever looks later.
    #[schema(max_length = 1024)]
    pub reason: String,
}

/// What is to be different; what is not said stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendRequest {
    /// `terms` of the delegation, as the caller has seen it.
    pub terms: String,
    /// Which of the delegate's principals: `any`, or a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principals: Option<PrincipalsName>,
    /// For what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// Only by tokens that are for one of these; an empty list for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audiences: Option<Vec<String>>,
    /// From when on (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub not_before: Option<String>,
    /// Until when (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub expires: Option<String>,
    /// Where the consent is written down, if it is the delegator who amends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 256)]
    pub reference: Option<String>,
    /// Why, for whoever looks later.
    #[schema(max_length = 1024)]
    pub reason: String,
}

/// It is done, and durable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DelegationDone {
    /// As it is now.
    pub delegation: DelegationBody,
    /// What was done.
    #[serde(flatten)]
    pub done: Done,
}

/// Delegations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DelegationList {
    /// By their ids.
    pub delegations: Vec<DelegationBody>,
    /// What to ask for next, as `after`; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which ones, and where to go on.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct DelegationPage {
    /// Those from this tenant.
    pub from: Option<String>,
    /// Those to this tenant.
    pub to: Option<String>,
    /// Those that have come so far.
    pub stage: Option<StageName>,
    /// `next` of the page before.
    pub after: Option<String>,
}

impl From<DelegationError> for Problem {
    fn from(error: DelegationError) -> Self {
        let code = match &error {
            DelegationError::Terms(_) => Code::DelegationTerms,
            DelegationError::Taken(_) => Code::Exists,
            DelegationError::Unknown(_) => Code::NotFound,
            DelegationError::Outside { .. } => Code::TenantForbidden,
            DelegationError::DelegatorOnly { .. } | DelegationError::NotTheDelegate { .. } => {
                Code::AuthForbidden
            }
            DelegationError::Stage { .. } | DelegationError::Expired(_) => Code::DelegationStage,
            DelegationError::Changed(_) => Code::DelegationChanged,
            DelegationError::Name(_) => Code::RequestMalformed,
            DelegationError::Random(_) => {
                tracing::error!("{error}");
                return Self::new(Code::Internal);
            }
            DelegationError::Control(error) => return error.clone().into(),
        };
        Self::with(code, error)
    }
}

/// List delegations
///
/// Whoever looks after a tenant's delegations sees those of which that tenant is an end.
#[utoipa::path(get, operation_id = "list_delegations",
    path = "/v1/delegations", tag = "delegations", params(DelegationPage),
    responses((status = 200, description = "The delegations.", body = DelegationList)))]
pub async fn list(
    DelegationLooker { reach }: DelegationLooker,
    Asked(page): Asked<DelegationPage>,
    State(app): State<Arc<App>>,
) -> Result<Told<DelegationList>, Problem> {
    let tenant =
        |member: &str, named: Option<&str>| named.map(|named| parse(member, named)).transpose();
    let filter = Filter {
        from: tenant("from", page.from.as_deref())?,
        to: tenant("to", page.to.as_deref())?,
        stage: page.stage.map(StageName::as_str),
    };
    let after = tenant("after", page.after.as_deref())?;
    let found = app.delegations.list(&filter, &reach, after.as_ref(), PAGE);
    let next = found.last().filter(|_| found.len() == PAGE).map(|last| last.id.to_string());
    Ok(Told(DelegationList { delegations: found.iter().map(DelegationBody::from).collect(), next }))
}

/// Look a delegation up
#[utoipa::path(get, operation_id = "get_delegation",
    path = "/v1/delegations/{id}", tag = "delegations",
    params(("id" = String, Path, description = "The delegation.")),
    responses((status = 200, description = "It is known.", body = DelegationBody),
        (status = 404, description = "It is not, or it is between other tenants.",
            body = ProblemBody)))]
pub async fn get(
    DelegationLooker { reach }: DelegationLooker,
    Path(named): Path<String>,
    State(app): State<Arc<App>>,
) -> Result<Told<DelegationBody>, Problem> {
    let id = parse("id", &named)?;
    let found = app.delegations.get(&id, &reach);
    let found = found.ok_or_else(|| DelegationError::Unknown(id.clone()))?;
    let record = match reach.bound() {
        // Why somebody did what is not the other side's business.
        Some(_) => None,
        None => app.delegations.record(&id).await?,
    };
    let last_change = record.map(Into::into);
    Ok(Told(DelegationBody { last_change, ..DelegationBody::from(&found) }))
}

/// Propose a delegation
///
/// By either side, or by the operator. To propose one that is there, exactly so, changes nothing.
#[utoipa::path(post, operation_id = "propose_delegation",
    path = "/v1/delegations", tag = "delegations", request_body = ProposalRequest,
    responses((status = 200, description = "It is proposed.", body = DelegationDone),
        (status = 403, description = "It is between other tenants.", body = ProblemBody),
        (status = 409, description = "Another one has the id.", body = ProblemBody),
        (status = 422, description = "The terms cannot be granted.", body = ProblemBody)))]
pub async fn propose(
    Delegating { caller, mandate }: Delegating,
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<ProposalRequest>,
) -> Result<Told<DelegationDone>, Problem> {
    let note = note(&caller, &request.reason)?;
    let made = app.delegations.propose(wanted(request)?, mandate, note).await?;
    tell(&app, &caller, "delegation", &made.receipt);
    let delegation = DelegationBody::from(&made.delegation);
    Ok(Told(DelegationDone { delegation, done: made.receipt.into() }))
}

/// Consent to a delegation, suspend it, resume it, revoke it, or amend it
#[utoipa::path(post, operation_id = "change_delegation",
    path = "/v1/delegations/{id}", tag = "delegations",
    params(("id" = String, Path, description = "The delegation."), Waiting),
    request_body = DelegationChangeRequest,
    responses((status = 200, description = "It is so.", body = DelegationDone),
        (status = 403, description = "That is for the delegator.", body = ProblemBody),
        (status = 404, description = "There is none, or it is between other tenants.",
            body = ProblemBody),
        (status = 409, description = "Its terms have changed, or its stage does not allow it.",
            body = ProblemBody),
        (status = 422, description = "The terms cannot be granted.", body = ProblemBody)))]
pub async fn change(
    Delegating { caller, mandate }: Delegating,
    Path(named): Path<String>,
    Asked(waiting): Asked<Waiting>,
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<DelegationChangeRequest>,
) -> Result<Told<DelegationDone>, Problem> {
    let id = parse("id", &named)?;
    let (change, reason) = read(request)?;
    let note = note(&caller, &reason)?;
    let made = app.delegations.change(&id, change, mandate, note).await?;
    tell(&app, &caller, "delegation", &made.receipt);
    let delegation = DelegationBody::from(&made.delegation);
    Ok(Told(DelegationDone { delegation, done: waiting.done(&app, made.receipt).await }))
}

fn wanted(request: ProposalRequest) -> Result<Wanted, Problem> {
    let not_before = optional_moment("not_before", request.not_before.as_deref())?;
    let reference = request.consent.map(|consent| agreement(consent.reference.as_deref()));
    Ok(Wanted {
        id: request.id.map(|id| parse("id", &id)).transpose()?,
        terms: Terms {
            from: parse("from", &request.from)?,
            to: parse("to", &request.to)?,
            principals: principals(&request.principals)?,
            permissions: permissions(&request.permissions)?,
            audiences: audiences(&request.audiences)?,
            not_before: not_before.unwrap_or_default(),
            expires: moment("expires", &request.expires)?,
        },
        begins_now: not_before.is_none(),
        consent: reference.transpose()?,
    })
}

fn read(request: DelegationChangeRequest) -> Result<(DelegationChange, String), Problem> {
    let digest = |text: &str| text.parse().map_err(|error| malformed(&format!("terms {error}")));
    Ok(match request {
        DelegationChangeRequest::Consent(ConsentRequest { terms, reference, reason }) => {
            let agreement = agreement(reference.as_deref())?;
            (DelegationChange::Consent { terms: digest(&terms)?, agreement }, reason)
        }
        DelegationChangeRequest::Suspend(because) => (DelegationChange::Suspend, because.reason),
        DelegationChangeRequest::Resume(because) => (DelegationChange::Resume, because.reason),
        DelegationChangeRequest::Revoke(because) => (DelegationChange::Revoke, because.reason),
        DelegationChangeRequest::Amend(request) => {
            let amendment = Amendment {
                principals: request.principals.as_ref().map(principals).transpose()?,
                permissions: request.permissions.as_deref().map(permissions).transpose()?,
                audiences: request.audiences.as_deref().map(audiences).transpose()?,
                not_before: optional_moment("not_before", request.not_before.as_deref())?,
                expires: optional_moment("expires", request.expires.as_deref())?,
            };
            let agreement = agreement(request.reference.as_deref())?;
            let terms = digest(&request.terms)?;
            (DelegationChange::Amend { terms, amendment, agreement }, request.reason)
        }
    })
}

fn agreement(reference: Option<&str>) -> Result<Agreement, Problem> {
    let reference = reference.map(|text| label("reference", text)).transpose()?;
    Ok(Agreement { reference })
}

fn optional_moment(member: &str, text: Option<&str>) -> Result<Option<u64>, Problem> {
    text.map(|text| moment(member, text)).transpose()
}

fn parse(member: &str, named: &str) -> Result<TenantId, Problem> {
    TenantId::parse(named).map_err(|error| malformed(&format!("{member} {error}")))
}
