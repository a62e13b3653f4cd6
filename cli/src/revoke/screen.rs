//! What came of it, for people and for machines.

use std::io::Write as _;

use serde_json::json;
use tenantguard_service::http::{
    Acknowledged, Done, Preview, PreviewedTarget, RecordBody, RecordList,
};

use crate::failure::Failure;
use crate::output::{BAD, BOLD, DIM, Format, GOOD, WARNING, bytes_human, styled};

/// How many targets are shown one by one.
const SHOWN: usize = 20;

pub(super) fn done(
    done: &[Done],
    waited: Option<&Acknowledged>,
    is_undone: bool,
    format: Format,
) -> Result<(), Failure> {
    let changed: usize = done.iter().map(|done| done.changed).sum();
    let unchanged: usize = done.iter().map(|done| done.unchanged).sum();
    let Some(last) = done.last() else { return Ok(()) };
    let mut out = anstream::stdout().lock();
    if format == Format::Json {
        let line = json!({
            "changed": changed,
            "unchanged": unchanged,
            "position": last.position,
            "safety": last.safety,
            "acknowledged": waited,
        });
        writeln!(out, "{line}")?;
        return Ok(());
    }
    let verb = if is_undone { "taken back" } else { "revoked" };
    write!(out, "{} {changed}", styled(GOOD, verb))?;
    if unchanged > 0 {
        write!(out, ", {unchanged} already so")?;
    }
    writeln!(out, "  {}", styled(DIM, format!("epoch {}", epoch(&last.position))))?;
    if last.safety == "journal" {
        let note = "Redis does not answer: it is safe in the journal, and in force at every proxy";
        writeln!(out, "{} {note}", styled(WARNING, "note"))?;
    }
    if let Some(waited) = waited {
        acknowledged(&mut out, waited)?;
    }
    Ok(())
}

pub(crate) fn acknowledged(
    out: &mut impl std::io::Write,
    waited: &Acknowledged,
) -> Result<(), Failure> {
    let Acknowledged { acknowledged, silent, pending, p50_ms, p99_ms, max_ms, .. } = waited;
    if *acknowledged == 0 && silent.is_empty() && pending.is_empty() {
        writeln!(out, "no proxy follows the feed")?;
        return Ok(());
    }
    let proxies = if *acknowledged == 1 { "proxy" } else { "proxies" };
    write!(out, "{} by {acknowledged} {proxies}", styled(GOOD, "known"))?;
    if let (Some(p50), Some(p99), Some(max)) = (p50_ms, p99_ms, max_ms) {
        let times = format!("p50 {p50:.0} ms, p99 {p99:.0} ms, max {max:.0} ms");
        write!(out, "  {}", styled(DIM, times))?;
    }
    writeln!(out)?;
    for (names, what) in [
        (silent, "its lease has run out, so it decides nothing by its copy"),
        (pending, "it may still decide by an older copy"),
    ] {
        for name in names {
            let name = bytes_human(name.as_bytes());
            writeln!(out, "{} {name}  {}", styled(BAD, "silent"), styled(DIM, what))?;
        }
    }
    Ok(())
}

pub(super) fn preview(previews: &[Preview], format: Format) -> Result<(), Failure> {
    let targets: Vec<&PreviewedTarget> = previews.iter().flat_map(|it| &it.targets).collect();
    let (fresh, silent) =
        previews.last().map_or((0, 0), |last| (last.proxies_fresh, last.proxies_silent));
    let mut out = anstream::stdout().lock();
    if format == Format::Json {
        let line = json!({
            "dry_run": true,
            "targets": targets,
            "proxies_fresh": fresh,
            "proxies_silent": silent,
        });
        writeln!(out, "{line}")?;
        return Ok(());
    }
    writeln!(out, "{}", styled(BOLD, "would revoke"))?;
    for target in targets.iter().take(SHOWN) {
        let PreviewedTarget { kind, tenant, hash, live_sessions, .. } = target;
        let tenant = tenant.as_deref().unwrap_or("any tenant");
        let sessions = match live_sessions {
            Some(1) => "1 live session".to_owned(),
            Some(count) => format!("{count} live sessions"),
            None => String::new(),
        };
        writeln!(out, "  {kind:<9}  {tenant:<20}  {}  {sessions}", styled(DIM, hash))?;
    }
    if targets.len() > SHOWN {
        writeln!(out, "  and {} more", targets.len() - SHOWN)?;
    }
    let proxies = if fresh == 1 { "proxy" } else { "proxies" };
    writeln!(out, "{fresh} {proxies} would know at once, {silent} silent")?;
    if targets.iter().any(|target| target.refresh_tokens_work) {
        let what = "refresh tokens at the identity provider still work, and bring new tokens";
        writeln!(out, "{} {what}:", styled(WARNING, "warning"))?;
        writeln!(out, "  end them there too, or block a principal or a tenant with --suspend")?;
    }
    writeln!(out, "{}", styled(DIM, "nothing was changed"))?;
    Ok(())
}

pub(super) fn records(found: &RecordList, format: Format) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    if format == Format::Json {
        writeln!(out, "{}", json!(found))?;
        return Ok(());
    }
    if found.records.is_empty() {
        writeln!(out, "nothing holds of it")?;
    }
    for record in &found.records {
        let RecordBody { kind, issued_until, remembered_until, by, reason, at } = record;
        let text = |text: &str| bytes_human(text.as_bytes());
        let style = if kind == "restored" || kind == "resumed" { GOOD } else { BAD };
        let kind = styled(style, kind.replace('_', " "));
        writeln!(out, "{kind} by {}: {}  {}", text(by), text(reason), styled(DIM, at))?;
        for (what, until) in [
            ("refuses what was issued until", issued_until),
            ("is remembered until", remembered_until),
        ] {
            if let Some(until) = until {
                writeln!(out, "  {}", styled(DIM, format!("{what} {until}")))?;
            }
        }
    }
    Ok(())
}

/// The epoch of a position: `history.epoch.hash`.
pub(crate) fn epoch(position: &str) -> &str {
    position.split('.').nth(1).unwrap_or(position)
}
