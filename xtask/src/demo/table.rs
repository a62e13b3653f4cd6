//! The demo's table: request, who, decision, reason, status, what the upstream saw. Within 120
//! columns, so that it stays a table in a terminal.

use std::fmt::Write as _;

use serde_json::Value;
use tenantguard_e2e::upstream::Seen;

use super::story::{Expected, Scene};
use super::world::Outcome;
use crate::style::Style;

const WIDTHS: [usize; 6] = [39, 20, 8, 19, 6, 18];
const HEADS: [&str; 6] = ["request", "who", "decision", "reason", "status", "the upstream saw"];

/// One line of the table, with the chapter that begins there.
pub(super) struct Row {
    chapter: Option<&'static str>,
    /// Method and path.
    pub(super) request: String,
    header: Option<String>,
    /// Who asks.
    pub(super) who: &'static str,
    decision: String,
    /// The reason code.
    pub(super) reason: String,
    status: u16,
    upstream: String,
    /// The audit id.
    pub(super) audit_id: String,
    /// How the outcome differs from the story, if it does.
    pub(super) surprise: Option<String>,
}

impl Row {
    pub(super) fn new(chapter: Option<&'static str>, scene: &Scene, outcome: Outcome) -> Self {
        let text = |name| outcome.audit.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
        Self {
            chapter,
            request: format!("{} {}", scene.method, scene.path),
            header: scene.header.map(|(name, value)| format!("    with {name}: {value}")),
            who: scene.who,
            decision: text("decision"),
            reason: text("reason"),
            status: outcome.status,
            upstream: outcome.upstream.as_ref().map_or("nothing".to_owned(), summary),
            audit_id: text("audit_id"),
            surprise: surprise(scene, &outcome),
        }
    }
}

/// Whose data in which cell.
fn summary(seen: &Seen) -> String {
    let tenant = seen.header("x-resource-tenant-id").unwrap_or("no tenant");
    format!("{tenant} @ {}", seen.cell)
}

fn surprise(scene: &Scene, outcome: &Outcome) -> Option<String> {
    let audit = |name| outcome.audit.get(name).and_then(Value::as_str);
    let seen = outcome.upstream.as_ref();
    let (decision, reason, status) = match scene.expected {
        Expected::Permit { reason, .. } => ("permit", reason, 200),
        Expected::Deny { reason, status } => ("deny", reason, status),
    };
    let arrived_as_expected = match (&scene.expected, seen) {
        (Expected::Permit { tenant, cell, .. }, Some(seen)) => {
            let own = |name| seen.headers.iter().filter(move |(n, _)| same_header(n, name));
            let ids = ["x-tenant-id", "x-resource-tenant-id"];
            seen.cell == *cell
                && own("x-tenant-cell").map(|(_, v)| v.as_slice()).eq([cell.as_bytes()])
                && ids
                    .iter()
                    .all(|id| own(id).map(|(_, v)| v.as_slice()).eq(tenant.map(str::as_bytes)))
        }
        (Expected::Deny { .. }, None) => true,
        _ => false,
    };
    let as_expected = audit("decision") == Some(decision)
        && audit("reason") == Some(reason)
        && outcome.status == status
        && arrived_as_expected;
    let arrival = if arrived_as_expected { "" } else { ", and something else upstream" };
    (!as_expected).then(|| format!("expected {decision} {reason} {status}{arrival}"))
}

/// As a server behind the gate may read it: `_` for `-`, whatever the case.
fn same_header(seen: &str, own: &str) -> bool {
    seen.replace('_', "-").eq_ignore_ascii_case(own)
}

pub(super) fn render(rows: &[Row], style: Style) -> String {
    let mut text = String::new();
    let heads = cells(&HEADS.map(str::to_owned));
    let _ = writeln!(text, "{}", style.strong(heads.join("  ").trim_end()));
    for row in rows {
        if let Some(title) = row.chapter {
            let _ = writeln!(text, "\n{}", style.strong(title));
        }
        let [request, who, decision, reason, status, upstream] = cells(&[
            row.request.clone(),
            row.who.to_owned(),
            row.decision.clone(),
            row.reason.clone(),
            row.status.to_string(),
            row.upstream.clone(),
        ]);
        let decision = match row.decision.as_str() {
            "permit" => style.good(&decision),
            _ => style.refused(&decision),
        };
        let upstream = match row.upstream.as_str() {
            "nothing" => style.faint(&upstream),
            _ => upstream,
        };
        let line = format!("{request}  {who}  {decision}  {reason}  {status}  {upstream}");
        let _ = writeln!(text, "{}", line.trim_end());
        if let Some(header) = &row.header {
            let _ = writeln!(text, "{}", style.faint(header));
        }
        if let Some(surprise) = &row.surprise {
            let _ = writeln!(text, "    {}", style.bad(surprise));
        }
    }
    text
}

fn cells(texts: &[String; 6]) -> [String; 6] {
    let mut cells: [String; 6] = Default::default();
    for ((cell, text), width) in cells.iter_mut().zip(texts).zip(WIDTHS) {
        *cell = format!("{text:<width$}");
    }
    cells
}
