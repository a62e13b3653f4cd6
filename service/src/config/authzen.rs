//! How AuthZEN questions are understood, as the configuration file writes it.

use serde::Deserialize;
use serde_json::{Map, Value};

/// How AuthZEN questions are understood.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthzenSource {
    /// Whether a subject that is not listed is what the question says it is:
    /// `properties.tenant` and `properties.roles`.
    pub trust_properties: bool,
    /// Who there is.
    pub subjects: Vec<Subject>,
    /// What there is; only searches need it.
    pub resources: Vec<Resource>,
    /// What a resource's type and an action mean as a request. The first that fits counts.
    pub mappings: Vec<Mapping>,
}

/// A subject.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// As the question has it.
    pub r#type: String,
    /// As the question has it.
    pub id: String,
    /// The tenant that it acts for.
    pub tenant: String,
    /// The policy's roles that it always has.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Those that it has when the question says so in `properties.role` or `properties.roles`.
    #[serde(default)]
    pub on_request: Vec<String>,
}

/// A resource.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// As the question has it.
    pub r#type: String,
    /// As the question has it.
    pub id: String,
    /// What is known of it.
    #[serde(default)]
    pub properties: Map<String, Value>,
}

/// What a resource's type and an action mean.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// `resource.type`
    pub resource: String,
    /// `action.name`
    pub action: String,
    /// What else the question must say.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// The request that it stands for.
    #[serde(flatten)]
    pub request: Grant,
}

/// A request that a question stands for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Grant {
    /// The method.
    pub method: String,
    /// The path; `{id}` is the resource's id as one segment.
    pub path: String,
}

/// A member of a question that must have a value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// A JSON Pointer into the question: `/resource/properties/status`.
    pub member: String,
    /// What it must be.
    pub equals: Value,
}
