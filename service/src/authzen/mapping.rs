//! Which request an action on a resource stands for.
//!
//! Built in: a resource of the type `route` is a path, and the action its method, as gateways ask.
//! Where they ask by a template, `/todos/{todoId}`, a parameter is the resource's property of that
//! name, and without one a value that names nothing.
//! Everything else the configuration maps; the first mapping that fits counts. What nothing fits
//! is denied.

use serde_json::Value;

use super::question::{Entity, Question};
use crate::config::{Condition, Mapping};

/// The type of a resource that is a path.
const ROUTE: &str = "route";
/// A value of a parameter that nobody has given one. No tenant is called so.
const ANYTHING: &str = "-";
/// What the resource's id takes the place of.
const ID: &str = "{id}";

/// A request that a question stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapped {
    pub(super) method: String,
    pub(super) path: String,
}

/// Why a question stands for no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// No mapping fits.
    #[error("no mapping fits the action on the resource")]
    None,
    /// The id cannot be a segment of a path.
    #[error("the resource's id cannot be one segment of a path")]
    Id,
}

impl MappingError {
    /// Its stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "resource.unknown",
            Self::Id => "resource.id",
        }
    }
}

pub(super) fn map(mappings: &[Mapping], question: &Question) -> Result<Mapped, MappingError> {
    let whole = question.to_value();
    let fits = |mapping: &&Mapping| {
        mapping.resource == question.resource.r#type
            && mapping.action == question.action.name
            && mapping.when.iter().all(|condition| holds(condition, &whole))
    };
    match mappings.iter().find(fits) {
        Some(Mapping { request, .. }) => Ok(Mapped {
            method: request.method.clone(),
            path: match request.path.contains(ID) {
                true => request.path.replace(ID, &segment(&question.resource.id)?),
                false => request.path.clone(),
            },
        }),
        None if question.resource.r#type == ROUTE => {
            Ok(Mapped { method: question.action.name.clone(), path: filled(&question.resource)? })
        }
        None => Err(MappingError::None),
    }
}

/// A path without parameters: a segment in braces is one.
fn filled(resource: &Entity) -> Result<String, MappingError> {
    let fill = |part: &str| -> Result<String, MappingError> {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            return Ok(part.to_owned());
        };
        match resource.properties.get(name).and_then(|value| value.as_str()) {
            Some(value) => segment(value),
            None => Ok(ANYTHING.to_owned()),
        }
    };
    let parts: Result<Vec<_>, _> = resource.id.split('/').map(fill).collect();
    Ok(parts?.join("/"))
}

/// A member that is absent is null.
fn holds(condition: &Condition, question: &Value) -> bool {
    question.pointer(&condition.member).unwrap_or(&Value::Null) == &condition.equals
}

/// Percent-encodes an id, so that it cannot lead out of its segment (RFC 3986, section 3.3). Dots
/// alone would, however they are encoded.
fn segment(id: &str) -> Result<String, MappingError> {
    if matches!(id, "" | "." | "..") {
        return Err(MappingError::Id);
    }
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Grant;

    fn mapping(action: &str, when: Option<(&str, Value)>, path: &str) -> Mapping {
        Mapping {
            resource: "record".into(),
            action: action.into(),
            when: when
                .into_iter()
                .map(|(member, equals)| Condition { member: member.into(), equals })
                .collect(),
            request: Grant { method: "PUT".into(), path: path.into() },
        }
    }

    fn question(resource: Value, action: &str) -> Question {
        let subject = json!({"type": "user", "id": "a"});
        let action = json!({"name": action});
        Question::read(json!({"subject": subject, "action": action, "resource": resource})).unwrap()
    }

    #[test]
    fn the_first_mapping_that_fits_counts() {
        let status = "/resource/properties/status";
        let mappings = [
            mapping("write", Some((status, json!("archived"))), "/archive/{id}"),
            mapping("write", None, "/records/{id}"),
        ];
        let path = |resource, action| {
            map(&mappings, &question(resource, action)).map(|mapped| mapped.path)
        };
        let archived = json!({"type": "record", "id": "1", "properties": {"status": "archived"}});
        assert_eq!(path(archived, "write").as_deref(), Ok("/archive/1"));
        assert_eq!(
            path(json!({"type": "record", "id": "1"}), "write").as_deref(),
            Ok("/records/1")
        );
        assert_eq!(path(json!({"type": "record", "id": "1"}), "read"), Err(MappingError::None));
        assert_eq!(path(json!({"type": "x", "id": "1"}), "write"), Err(MappingError::None));
        assert_eq!(path(json!({"type": "route", "id": "/x"}), "GET").as_deref(), Ok("/x"));
        let template = json!({"type": "route", "id": "/t/{tenant}/r/{r}",
            "properties": {"tenant": "a/b"}});
        assert_eq!(path(template, "GET").as_deref(), Ok("/t/a%2Fb/r/-"));
    }

    #[test]
    fn an_id_stays_within_its_segment() {
        let mappings = [mapping("write", None, "/records/{id}/text")];
        let path = |id: &str| {
            let resource = json!({"type": "record", "id": id});
            map(&mappings, &question(resource, "write")).map(|mapped| mapped.path)
        };
        assert_eq!(path("a/../../x").as_deref(), Ok("/records/a%2F..%2F..%2Fx/text"));
        assert_eq!(path("a?b#c%d").as_deref(), Ok("/records/a%3Fb%23c%25d/text"));
        for bad in ["", ".", ".."] {
            assert_eq!(path(bad), Err(MappingError::Id), "{bad:?}");
        }
    }
}
