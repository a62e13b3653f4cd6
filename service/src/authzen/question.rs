//! Questions and answers as they are on the wire (AuthZEN 1.0, sections 5 and 6). Members that are
//! not known are passed over, as the specification asks.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A subject or a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entity {
    /// What kind of thing it is.
    pub r#type: String,
    /// Which one.
    pub id: String,
    /// What the caller knows of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub properties: Map<String, Value>,
}

/// What the subject would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// What the caller knows of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub properties: Map<String, Value>,
}

/// May the subject do this to the resource?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Question {
    /// Who.
    pub subject: Entity,
    /// What.
    pub action: Action,
    /// To what.
    pub resource: Entity,
    /// Under which circumstances.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub context: Map<String, Value>,
}

/// Why a text is no question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QuestionError(String);

impl QuestionError {
    pub(super) fn new(reason: String) -> Self {
        Self(reason)
    }
}

impl Question {
    /// Reads a question.
    ///
    /// # Errors
    /// [`QuestionError`] says what is missing or of another type.
    pub fn read(value: Value) -> Result<Self, QuestionError> {
        serde_json::from_value(value).map_err(|error| QuestionError(error.to_string()))
    }

    /// As JSON, for conditions that look into it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// Whether it may.
    pub decision: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<AnswerContext>,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnswerContext {
    /// A stable code, the gate's where it has one.
    pub reason: String,
    /// In words, where the question was not understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Answer {
    /// It may.
    #[must_use]
    pub fn permit() -> Self {
        Self { decision: true, context: None }
    }

    /// It may not, and this is why.
    #[must_use]
    pub fn deny(reason: &str) -> Self {
        let context = AnswerContext { reason: reason.to_owned(), error: None };
        Self { decision: false, context: Some(context) }
    }

    /// It was not understood.
    #[must_use]
    pub fn misunderstood(error: &QuestionError) -> Self {
        let context =
            AnswerContext { reason: "request.malformed".into(), error: Some(error.to_string()) };
        Self { decision: false, context: Some(context) }
    }
}
