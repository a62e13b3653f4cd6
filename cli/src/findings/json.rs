//! One JSON object for each finding.

use serde_json::{Value, json};
use tenantguard_policy::place::Place;
use tenantguard_policy::{Finding, Findings};

use super::Texts;
use crate::files::PolicyText;

/// All findings, each with its place and that of the other thing, if there is one.
pub(crate) fn json(policy: &PolicyText, findings: &Findings) -> Vec<Value> {
    let texts = Texts::of(policy);
    findings.iter().map(|finding| one(finding, &texts)).collect()
}

fn one(finding: &Finding, texts: &Texts<'_>) -> Value {
    let mut value = json!({
        "code": finding.code.code(),
        "severity": finding.code.severity().as_str(),
        "message": finding.message,
        "help": finding.help,
        "other": finding.other.as_ref().map(|other| place(other, texts)),
    });
    if let (Some(object), Value::Object(place)) =
        (value.as_object_mut(), place(&finding.place, texts))
    {
        object.extend(place);
    }
    value
}

/// The span counts bytes from the beginning of the file.
fn place(place: &Place, texts: &Texts<'_>) -> Value {
    let position = texts.position(place);
    json!({
        "path": place.path.to_string(),
        "file": position.as_ref().map(|position| position.file.shown()),
        "line": position.as_ref().map(|position| position.line),
        "column": position.as_ref().map(|position| position.column),
        "span": position.as_ref().map(|position| [position.span.start, position.span.end]),
    })
}
