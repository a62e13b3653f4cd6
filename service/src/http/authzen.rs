//! OpenID AuthZEN Authorization API 1.0.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::App;
use super::access::Asking;
use super::body::{JsonBody, Told};
use super::problem::{Code, Problem, ProblemBody};
use crate::authzen::{
    ActionName, Answer, Asker, BatchAnswer, BatchQuestion, EntityName, Question, QuestionError,
    SearchAnswer,
};

impl From<QuestionError> for Problem {
    fn from(error: QuestionError) -> Self {
        Self::with(Code::RequestMalformed, error)
    }
}

/// Where everything is (AuthZEN 1.0, section 9)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Metadata {
    policy_decision_point: String,
    access_evaluation_endpoint: String,
    access_evaluations_endpoint: String,
    search_subject_endpoint: String,
    search_resource_endpoint: String,
    search_action_endpoint: String,
}

/// Where the decision point's endpoints are
#[utoipa::path(get, operation_id = "authzen_metadata",
    path = "/.well-known/authzen-configuration", tag = "authzen", security(()),
    responses((status = 200, description = "Where they are.", body = Metadata),
        (status = 501, description = "The service has no policy.", body = ProblemBody)))]
pub async fn metadata(State(app): State<Arc<App>>) -> Result<Told<Metadata>, Problem> {
    app.authzen()?;
    let base = app.public_url.clone();
    let at = |path: &str| format!("{base}/access/v1/{path}");
    Ok(Told(Metadata {
        access_evaluation_endpoint: at("evaluation"),
        access_evaluations_endpoint: at("evaluations"),
        search_subject_endpoint: at("search/subject"),
        search_resource_endpoint: at("search/resource"),
        search_action_endpoint: at("search/action"),
        policy_decision_point: base,
    }))
}

/// May this subject do this to this resource?
///
/// The subject is a token (`type: "token"`, the token as its `id`), or one that the configuration
/// lists. A resource of the type `route` is a path and the action its method; other types are
/// mapped by the configuration. What is not known is denied.
#[utoipa::path(post, operation_id = "evaluate", path = "/access/v1/evaluation", tag = "authzen",
    request_body = Question,
    responses((status = 200, description = "Whether it may.", body = Answer),
        (status = 400, description = "Not a question.", body = ProblemBody)))]
pub async fn evaluation(
    Asking { reach }: Asking,
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<Value>,
) -> Result<Told<Answer>, Problem> {
    let question = Question::read(body)?;
    let is_revoked = |subject: &_| app.control.refusal(subject).is_some();
    let asker = Asker { reach: &reach, is_revoked: &is_revoked };
    let answer: Answer = app.authzen()?.decide(&question, &asker).await.into();
    app.metrics.decided(answer.decision);
    Ok(Told(answer))
}

/// May these?
#[utoipa::path(post, operation_id = "evaluate_many",
    path = "/access/v1/evaluations", tag = "authzen",
    request_body = BatchQuestion,
    responses((status = 200, description = "Whether they may, in order.", body = BatchAnswer),
        (status = 400, description = "Not questions.", body = ProblemBody)))]
pub async fn evaluations(
    Asking { reach }: Asking,
    State(app): State<Arc<App>>,
    JsonBody(batch): JsonBody<BatchQuestion>,
) -> Result<Told<BatchAnswer>, Problem> {
    let is_revoked = |subject: &_| app.control.refusal(subject).is_some();
    let asker = Asker { reach: &reach, is_revoked: &is_revoked };
    let answer = app.authzen()?.decide_all(batch, &asker).await?;
    let answers = match &answer {
        BatchAnswer::One(one) => std::slice::from_ref(one),
        BatchAnswer::Several { evaluations } => evaluations,
    };
    answers.iter().for_each(|answer| app.metrics.decided(answer.decision));
    Ok(Told(answer))
}

/// Which listed subjects may do this to this resource?
#[utoipa::path(post, path = "/access/v1/search/subject", tag = "authzen",
    request_body = Object,
    responses((status = 200, description = "These.", body = SearchAnswer<EntityName>),
        (status = 400, description = "Not a question.", body = ProblemBody)))]
pub async fn search_subjects(
    Asking { reach }: Asking,
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<Map<String, Value>>,
) -> Result<Told<SearchAnswer<EntityName>>, Problem> {
    let is_revoked = |subject: &_| app.control.refusal(subject).is_some();
    let asker = Asker { reach: &reach, is_revoked: &is_revoked };
    Ok(Told(app.authzen()?.search_subjects(body, &asker)?))
}

/// To which listed resources may this subject do this?
#[utoipa::path(post, path = "/access/v1/search/resource", tag = "authzen",
    request_body = Object,
    responses((status = 200, description = "To these.", body = SearchAnswer<EntityName>),
        (status = 400, description = "Not a question.", body = ProblemBody)))]
pub async fn search_resources(
    Asking { reach }: Asking,
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<Map<String, Value>>,
) -> Result<Told<SearchAnswer<EntityName>>, Problem> {
    let is_revoked = |subject: &_| app.control.refusal(subject).is_some();
    let asker = Asker { reach: &reach, is_revoked: &is_revoked };
    Ok(Told(app.authzen()?.search_resources(body, &asker).await?))
}

/// What may this subject do to this resource?
#[utoipa::path(post, path = "/access/v1/search/action", tag = "authzen",
    request_body = Object,
    responses((status = 200, description = "This.", body = SearchAnswer<ActionName>),
        (status = 400, description = "Not a question.", body = ProblemBody)))]
pub async fn search_actions(
    Asking { reach }: Asking,
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<Map<String, Value>>,
) -> Result<Told<SearchAnswer<ActionName>>, Problem> {
    let is_revoked = |subject: &_| app.control.refusal(subject).is_some();
    let asker = Asker { reach: &reach, is_revoked: &is_revoked };
    Ok(Told(app.authzen()?.search_actions(body, &asker).await?))
}
