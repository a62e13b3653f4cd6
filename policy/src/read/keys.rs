//! An issuer's `keys`: inline, in a file, or at an endpoint (RFC 7517, section 5).

use std::time::Duration;

use super::fields::{At, Fields};
use super::{shapes, values};
use crate::finding::{Code, Finding};
use crate::place::{Located, Place};
use crate::report::Report;
use crate::source::{InlineKeys, Keys, RemoteKeys};
use crate::tree::Kind;

/// The fields of an endpoint.
const ENDPOINT: [&str; 5] = ["cluster", "path", "host", "refresh", "max_stale"];

const DEFAULT_REFRESH: Duration = Duration::from_secs(300);
const LONGEST_REFRESH: Duration = Duration::from_secs(86_400);
const DEFAULT_STALE: Duration = Duration::from_secs(3_600);
const LONGEST_STALE: Duration = Duration::from_secs(7 * 86_400);

/// Exactly one source: inline, a file, or an endpoint behind one of the proxy's clusters.
pub(super) fn source(at: &At<'_>, report: &mut Report) -> Option<Keys> {
    let fields = Fields::of(at, &shapes::KEYS, report)?;
    let is_inline = fields.has("jwks") || fields.has("jwks_file");
    let endpoint = ENDPOINT.iter().find_map(|name| fields.optional(name));
    match endpoint {
        Some(field) if is_inline => {
            let message = "the keys are given inline, and at an endpoint too";
            let finding = Finding::new(Code::Conflict, field.key_place(), message);
            report.push(finding.help("keep either `jwks` or `jwks_file`, or `cluster` and `path`"));
            None
        }
        Some(_) => remote(&fields, report).map(Keys::Remote),
        None => inline(&fields, at, report).map(Keys::Inline),
    }
}

fn remote(fields: &Fields<'_>, report: &mut Report) -> Option<RemoteKeys> {
    let cluster = fields.required("cluster", report).and_then(|at| values::identifier(&at, report));
    let path = fields.required("path", report).and_then(|at| path(&at, report));
    let host = fields.optional("host").map(|at| values::identifier(&at, report));
    let times = |name, longest, default, report: &mut Report| {
        let at = fields.optional(name);
        at.and_then(|at| values::duration(&at, longest, report)).unwrap_or(default)
    };
    let refresh = times("refresh", LONGEST_REFRESH, DEFAULT_REFRESH, report);
    let max_stale = times("max_stale", LONGEST_STALE, DEFAULT_STALE.max(refresh), report);
    if let Some(at) = fields.optional("max_stale").filter(|_| max_stale < refresh) {
        let message = "keys would go stale before they are fetched again";
        let finding = Finding::new(Code::InvalidDuration, at.place(), message);
        report.push(finding.help("make `max_stale` several times `refresh`"));
    }
    let host = match host {
        None => None,
        Some(host) => Some(host?),
    };
    Some(RemoteKeys { cluster: cluster?, path: path?, host, refresh, max_stale })
}

fn path(at: &At<'_>, report: &mut Report) -> Option<Located<String>> {
    let path = values::identifier(at, report)?;
    if path.value.starts_with('/') && path.value.is_ascii() {
        return Some(path);
    }
    let finding =
        Finding::new(Code::InvalidText, at.place(), "the path does not begin with a slash");
    report.push(
        finding.help("write only the path, such as /.well-known/jwks.json; the cluster says where"),
    );
    None
}

/// By now a `jwks_file` has been replaced by its content, unless that went wrong.
fn inline(fields: &Fields<'_>, at: &At<'_>, report: &mut Report) -> Option<InlineKeys> {
    if let (Some(file), Some(_)) = (fields.optional("jwks_file"), fields.optional("jwks")) {
        let message = "the keys are given twice, inline and as a file";
        let finding = Finding::new(Code::Conflict, file.key_place(), message);
        report.push(finding.help("keep either `jwks` or `jwks_file`"));
        return None;
    }
    if let Some(file) = fields.optional("jwks_file") {
        return file.wrong_type("the name of a file", report);
    }
    let Some(set) = fields.optional("jwks") else {
        let finding = Finding::new(Code::MissingField, at.place(), "no keys are given here");
        let help = "write `jwks_file: NAME.json`, `jwks: {keys: [...]}`, or `cluster: NAME` and `path: /jwks.json`";
        report.push(finding.help(help));
        return None;
    };
    jwk_set(&set, report)
}

/// A JWK set may have members that we do not know (RFC 7517, section 5).
fn jwk_set(at: &At<'_>, report: &mut Report) -> Option<InlineKeys> {
    at.map("a JWK set (a map)", report)?;
    let Some(entry) = at.node.get("keys") else {
        let message = "a JWK set needs the field `keys`";
        return report.refuse(Code::MissingField, &at.place_of_key("keys"), message);
    };
    let list = at.entry(entry);
    let Kind::List(nodes) = &list.node.kind else {
        return list.wrong_type("a list of keys", report);
    };
    let located = |at: At<'_>| Located {
        value: at.node.to_json(),
        place: Place { path: at.path.clone(), span: at.place().span },
    };
    Some(InlineKeys { place: at.key_place(), keys: list.items(nodes).map(located).collect() })
}
