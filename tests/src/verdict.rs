//! Compares what a runner saw with what the table expects.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::corpus::table::{Expect, Verdict};

/// What came of one request.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Permit or deny.
    pub decision: Verdict,
    /// The reason code.
    pub reason: String,
    /// The status of a denial, where the runner shows one.
    pub status: Option<u16>,
    /// The headers that the upstream saw, where the runner shows them.
    pub upstream: Option<Vec<(String, Vec<u8>)>>,
    /// The headers of the response, where the runner shows them: a denial's, and what is added to
    /// a permit's.
    pub response: Option<Vec<(String, Vec<u8>)>>,
    /// The audit record, where the runner shows it.
    pub audit: Option<Value>,
    /// The usage event, null for none, where the runner shows it.
    pub usage: Option<Value>,
}

/// Every way in which `outcome` is not what the table says; empty when it is.
#[must_use]
pub fn differences(expect: &Expect, outcome: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    if (expect.decision, &expect.reason) != (outcome.decision, &outcome.reason) {
        found.push(format!(
            "expected {} ({}), got {} ({})",
            expect.decision, expect.reason, outcome.decision, outcome.reason
        ));
    }
    if let (Some(expected), Some(status)) = (expect.status, outcome.status)
        && expected != status
    {
        found.push(format!("expected status {expected}, got {status}"));
    }
    if let Some(seen) = &outcome.upstream {
        compare_headers("upstream", &expect.upstream, seen, &mut found);
    }
    if let Some(seen) = &outcome.response {
        compare_headers("response", &expect.response, seen, &mut found);
    }
    if let Some(seen) = &outcome.audit {
        compare_fields("audit", &expect.audit, seen, &mut found);
    }
    if let Some(seen) = &outcome.usage {
        compare_fields("usage", &expect.usage, seen, &mut found);
    }
    found
}

/// `data.NAME` is a field of `data`.
fn compare_fields(
    place: &str,
    expected: &BTreeMap<String, Value>,
    seen: &Value,
    found: &mut Vec<String>,
) {
    for (name, value) in expected {
        let own = seen.pointer(&format!("/{}", name.replace('.', "/"))).unwrap_or(&Value::Null);
        if own != value {
            found.push(format!("{place} field {name}: expected {value}, got {own}"));
        }
    }
}

fn compare_headers(
    place: &str,
    expected: &BTreeMap<String, Option<String>>,
    seen: &[(String, Vec<u8>)],
    found: &mut Vec<String>,
) {
    for (name, value) in expected {
        let values: Vec<_> = seen
            .iter()
            .filter(|(seen, _)| seen.eq_ignore_ascii_case(name))
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect();
        let as_expected = match value {
            Some(value) => values.iter().eq([value]),
            None => values.is_empty(),
        };
        if !as_expected {
            found.push(format!("{place} header {name}: expected {value:?}, got {values:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn permit(upstream: &[(&str, &str)]) -> Outcome {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        Outcome {
            decision: Verdict::Permit,
            reason: "permit".to_owned(),
            status: None,
            upstream: Some(upstream.iter().map(own).collect()),
            response: None,
            audit: None,
            usage: None,
        }
    }

    fn expect(json: &str) -> Expect {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_wrong_reason_is_a_difference() {
        let expect = expect(r#"{"decision": "permit", "reason": "public"}"#);
        assert_eq!(differences(&expect, &permit(&[])).len(), 1);
    }

    #[test]
    fn a_repeated_or_surviving_header_is_a_difference() {
        let json = r#"{"decision": "permit", "reason": "permit",
                       "upstream": {"x-tenant-id": "acme", "x-evil": null}}"#;
        let expect = expect(json);
        assert_eq!(differences(&expect, &permit(&[("x-tenant-id", "acme")])), [""; 0]);
        let twice = permit(&[("x-tenant-id", "acme"), ("X-Tenant-Id", "acme")]);
        assert_eq!(differences(&expect, &twice).len(), 1);
        let evil = permit(&[("x-tenant-id", "acme"), ("x-evil", "")]);
        assert_eq!(differences(&expect, &evil).len(), 1);
    }

    #[test]
    fn a_field_that_is_there_and_should_not_be_is_a_difference() {
        let json = r#"{"decision": "permit", "reason": "permit",
                       "audit": {"consent": null}, "usage": {"data.kind": "api_call"}}"#;
        let seen = |audit, usage| Outcome { audit: Some(audit), usage: Some(usage), ..permit(&[]) };
        let usage = json!({"data": {"kind": "api_call"}});
        assert_eq!(differences(&expect(json), &seen(json!({}), usage.clone())), [""; 0]);
        assert_eq!(differences(&expect(json), &seen(json!({"consent": "1"}), usage)).len(), 1);
        assert_eq!(differences(&expect(json), &seen(json!({}), Value::Null)).len(), 1);
    }
}
