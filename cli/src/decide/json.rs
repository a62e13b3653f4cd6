//! A decision as one line of JSON.

use serde_json::{Value, json};
use tenantguard::gate::Response;
use tenantguard_policy::explain::Decided;

use crate::output::bytes_json;

pub(super) fn line(decided: &Decided<'_>) -> Value {
    let reason = decided.reason();
    let steps = decided.steps().into_iter().map(|step| {
        json!({
            "check": step.check.name(),
            "outcome": step.outcome.name().replace(' ', "_"),
            "detail": step.detail,
        })
    });
    let mut value = json!({
        "decision": reason.decision(),
        "reason": reason.code(),
        "status": reason.status(),
        "detail": decided.detail(),
        "mode": decided.mode().as_str(),
        "steps": steps.collect::<Value>(),
    });
    let mut put = |name: &str, part: Option<Value>| {
        if let (Some(object), Some(part)) = (value.as_object_mut(), part) {
            object.insert(name.to_owned(), part);
        }
    };
    put("upstream", upstream(decided));
    put("differs", decided.is_shadowed().then(|| json!(decided.differs())));
    put("usage", decided.changes().map(|_| decided.usage().as_str().into()));
    put("response", decided.response().map(response));
    value
}

fn upstream(decided: &Decided<'_>) -> Option<Value> {
    let changes = decided.changes()?;
    let set = changes.set.iter().map(|(name, value)| json!([**name, bytes_json(value.as_bytes())]));
    Some(json!({"set": set.collect::<Value>(), "remove": changes.remove}))
}

fn response(response: &Response) -> Value {
    match response {
        Response::Http { status, headers, body } => {
            // Problem details are JSON; if they ever are not, their bytes are shown.
            let body = serde_json::from_slice(body).unwrap_or_else(|_| bytes_json(body));
            json!({"status": status, "headers": headers, "body": body})
        }
        Response::Grpc { status, message, headers } => {
            json!({"status": 200, "headers": headers, "grpc_status": status, "grpc_message": message})
        }
    }
}
