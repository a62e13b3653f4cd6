//! An explanation as JSON.

use serde_json::{Value, json};
use tenantguard_policy::explain::{ExplainedCheck, Rule};

use super::super::loaded::Loaded;
use super::Explained;

pub(super) fn value(explained: &Explained<'_>) -> Value {
    let Explained { decided, explanation, loaded, at, notes } = explained;
    let reason = decided.reason();
    let checks = explanation.checks.iter().map(|check| check_json(check, loaded));
    json!({
        "decision": reason.decision(),
        "reason": reason.code(),
        "status": reason.status(),
        "detail": decided.detail(),
        "at": at.to_string(),
        "policy": loaded.policy().digest().to_string(),
        "assumed": notes,
        "checks": checks.collect::<Value>(),
    })
}

/// One check with its rules.
pub(in crate::policy) fn check_json(check: &ExplainedCheck, loaded: &Loaded) -> Value {
    let rules =
        |rules: &[Rule]| rules.iter().map(|rule| rule_json(rule, loaded)).collect::<Value>();
    json!({
        "check": check.name,
        "outcome": check.outcome.name().replace(' ', "_"),
        "detail": check.detail,
        "rules": rules(&check.rules),
        "needs": rules(&check.needs),
    })
}

fn rule_json(rule: &Rule, loaded: &Loaded) -> Value {
    let line = rule.place.as_ref().and_then(|place| loaded.line(place));
    json!({
        "text": rule.text,
        "path": rule.place.as_ref().map(|place| place.path.to_string()),
        "file": line.as_ref().map(|line| line.file.as_str()),
        "line": line.as_ref().map(|line| line.line),
    })
}
