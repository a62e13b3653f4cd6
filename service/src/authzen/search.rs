//! Questions with a hole in them (AuthZEN 1.0, section 8): who may, to what, what. Each candidate
//! that the configuration lists is asked about like any other question.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::decide::{Asker, Authzen, Decision};
use super::question::{Question, QuestionError};
use super::subject::Resolved;

/// What fills the hole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SearchAnswer<T> {
    /// Everything that does.
    pub results: Vec<T>,
}

/// A subject or a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct EntityName {
    /// What kind of thing it is.
    pub r#type: String,
    /// Which one.
    pub id: String,
}

/// An action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct ActionName {
    /// Its name.
    pub name: String,
}

impl Authzen {
    /// Which subjects of a type may do it. Every role that a subject may have at all counts.
    ///
    /// # Errors
    /// [`QuestionError`]
    pub fn search_subjects(
        &self,
        body: Map<String, Value>,
        asker: &Asker<'_>,
    ) -> Result<SearchAnswer<EntityName>, QuestionError> {
        let mut question = fill(body, "subject", "id", json!(""))?;
        let kind = question.subject.r#type.clone();
        let mut results: Vec<EntityName> = Vec::new();
        for (id, subject) in self.directory.of_type(&kind) {
            question.subject.id = id.to_owned();
            if self.decide_for(&subject, &question, asker) == Decision::Permit {
                results.push(EntityName { r#type: kind.clone(), id: id.to_owned() });
            }
        }
        results.sort();
        Ok(SearchAnswer { results })
    }

    /// To which listed resources of a type the subject may do it.
    ///
    /// # Errors
    /// [`QuestionError`]
    pub async fn search_resources(
        &self,
        body: Map<String, Value>,
        asker: &Asker<'_>,
    ) -> Result<SearchAnswer<EntityName>, QuestionError> {
        let mut question = fill(body, "resource", "id", json!(""))?;
        let Some(subject) = self.known(&question).await else {
            return Ok(SearchAnswer { results: Vec::new() });
        };
        let kind = question.resource.r#type.clone();
        let mut results = Vec::new();
        for resource in self.source.resources.iter().filter(|it| it.r#type == kind) {
            question.resource.id.clone_from(&resource.id);
            question.resource.properties.clone_from(&resource.properties);
            if self.decide_for(&subject, &question, asker) == Decision::Permit {
                results.push(EntityName { r#type: kind.clone(), id: resource.id.clone() });
            }
        }
        results.sort();
        Ok(SearchAnswer { results })
    }

    /// Which mapped actions the subject may do to the resource.
    ///
    /// # Errors
    /// [`QuestionError`]
    pub async fn search_actions(
        &self,
        mut body: Map<String, Value>,
        asker: &Asker<'_>,
    ) -> Result<SearchAnswer<ActionName>, QuestionError> {
        body.remove("action");
        let mut question = fill(body, "action", "name", json!(""))?;
        let Some(subject) = self.known(&question).await else {
            return Ok(SearchAnswer { results: Vec::new() });
        };
        let of_type =
            |mapping: &&crate::config::Mapping| mapping.resource == question.resource.r#type;
        let names: BTreeSet<String> =
            self.source.mappings.iter().filter(of_type).map(|it| it.action.clone()).collect();
        let mut results = Vec::new();
        for name in names {
            question.action.name.clone_from(&name);
            if self.decide_for(&subject, &question, asker) == Decision::Permit {
                results.push(ActionName { name });
            }
        }
        Ok(SearchAnswer { results })
    }

    async fn known(&self, question: &Question) -> Option<Resolved> {
        self.directory.resolve(&question.subject, &self.tokens).await.ok()
    }
}

/// Reads a question whose `member.field` is the hole: whatever stands there does not count.
fn fill(
    mut body: Map<String, Value>,
    member: &'static str,
    field: &str,
    with: Value,
) -> Result<Question, QuestionError> {
    let hole = body.entry(member).or_insert_with(|| Value::Object(Map::new()));
    let hole =
        hole.as_object_mut().ok_or_else(|| QuestionError::new(format!("{member} is no object")))?;
    hole.insert(field.to_owned(), with);
    Question::read(Value::Object(body))
}
