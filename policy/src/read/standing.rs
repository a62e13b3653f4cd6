//! What a route says of the control state: whose word counts, and what becomes of open streams.

use std::time::Duration;

use tenantguard::artifact::route::{OnStale, Revocation, Streams};

use super::fields::{At, Fields};
use super::{shapes, values, words};
use crate::finding::{Code, Finding};
use crate::report::Report;
use crate::tree::Kind;

/// The longest that a route may go by a stale copy.
const LONGEST_ALLOWANCE: Duration = Duration::from_secs(24 * 3600);
const FIELDS: [&str; 3] = ["on_stale", "revocation", "streams"];

#[derive(Default)]
pub(super) struct Standing {
    pub(super) on_stale: OnStale,
    pub(super) revocation: Revocation,
    pub(super) streams: Streams,
}

pub(super) fn of_route(fields: &Fields<'_>, is_public: bool, report: &mut Report) -> Standing {
    if is_public {
        for at in FIELDS.into_iter().filter_map(|name| fields.optional(name)) {
            let message = "a public route has no token that could be revoked";
            let finding = Finding::new(Code::Conflict, at.key_place(), message);
            report.push(finding.help("remove this field, or `public: true`"));
        }
        return Standing::default();
    }
    let word = Code::UnknownValue;
    let revocation = fields
        .optional("revocation")
        .and_then(|at| values::word(&at, words::REVOCATIONS, word, report));
    let streams =
        fields.optional("streams").and_then(|at| values::word(&at, words::STREAMS, word, report));
    let on_stale = fields.optional("on_stale").and_then(|at| on_stale(&at, report));
    Standing {
        on_stale: on_stale.unwrap_or_default(),
        revocation: revocation.unwrap_or_default(),
        streams: streams.unwrap_or_default(),
    }
}

/// `ask`, `deny`, or `{allow: 30s}`.
fn on_stale(at: &At<'_>, report: &mut Report) -> Option<OnStale> {
    match &at.node.kind {
        Kind::Map(_) => {
            let fields = Fields::of(at, &shapes::STALE, report)?;
            let cap = fields.required("allow", report)?;
            values::duration(&cap, LONGEST_ALLOWANCE, report).map(OnStale::Allow)
        }
        Kind::Text(text) if text == "allow" => {
            let finding = Finding::new(
                Code::UnknownValue,
                at.place(),
                "`allow` needs a time, past which a stale copy permits nothing",
            );
            report.push(finding.help("write `on_stale: {allow: 30s}`"));
            None
        }
        _ => values::word(at, words::ON_STALE, Code::UnknownValue, report),
    }
}
