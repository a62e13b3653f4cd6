//! Compares what a runner saw with what the table expects.

use std::collections::BTreeMap;

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
    /// The headers of a denial's response, where the runner shows them.
    pub response: Option<Vec<(String, Vec<u8>)>>,
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
    found
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
    use super::*;

    fn permit(upstream: &[(&str, &str)]) -> Outcome {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        Outcome {
            decision: Verdict::Permit,
            reason: "permit".to_owned(),
            status: None,
            upstream: Some(upstream.iter().map(own).collect()),
            response: None,
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
}
