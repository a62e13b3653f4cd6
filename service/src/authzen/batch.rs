//! Several questions in one (AuthZEN 1.0, section 7): each inherits what it does not say itself.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::decide::{Asker, Authzen};
use super::question::{Answer, Question, QuestionError};

/// The most questions in one.
pub(super) const LIMIT: usize = 1000;

/// Several questions. Without any, it is one question by itself.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct BatchQuestion {
    /// Questions, each without what it inherits.
    #[serde(default)]
    #[schema(max_items = 1000, value_type = Vec<Object>)]
    evaluations: Vec<Map<String, Value>>,
    /// How they are answered.
    #[serde(default)]
    options: Options,
    /// `subject`, `action`, `resource` and `context` of every question that has none of its own.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    inherited: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
struct Options {
    #[serde(default)]
    evaluations_semantic: Semantic,
}

/// How far the questions are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Semantic {
    /// All of them.
    #[default]
    ExecuteAll,
    /// Up to the first that is denied.
    DenyOnFirstDeny,
    /// Up to the first that is permitted.
    PermitOnFirstPermit,
}

/// The answers, in the order of the questions; or the one answer, where there was one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BatchAnswer {
    /// To several.
    Several {
        /// In the order of the questions.
        evaluations: Vec<Answer>,
    },
    /// To one.
    One(Answer),
}

impl Authzen {
    /// Answers several questions.
    ///
    /// # Errors
    /// [`QuestionError`] where there is one question, and it is none; one among several is denied
    /// instead.
    pub async fn decide_all(
        &self,
        batch: BatchQuestion,
        asker: &Asker<'_>,
    ) -> Result<BatchAnswer, QuestionError> {
        let BatchQuestion { evaluations, options, inherited } = batch;
        if evaluations.is_empty() {
            let question = Question::read(Value::Object(inherited))?;
            return Ok(BatchAnswer::One(self.decide(&question, asker).await.into()));
        }
        if evaluations.len() > LIMIT {
            return Err(QuestionError::new(format!("more than {LIMIT} evaluations")));
        }
        let mut answers = Vec::with_capacity(evaluations.len());
        for own in evaluations {
            let mut members = inherited.clone();
            members.extend(own);
            let answer = match Question::read(Value::Object(members)) {
                Ok(question) => self.decide(&question, asker).await.into(),
                Err(error) => Answer::misunderstood(&error),
            };
            let is_last = match options.evaluations_semantic {
                Semantic::ExecuteAll => false,
                Semantic::DenyOnFirstDeny => !answer.decision,
                Semantic::PermitOnFirstPermit => answer.decision,
            };
            answers.push(answer);
            if is_last {
                break;
            }
        }
        Ok(BatchAnswer::Several { evaluations: answers })
    }
}
