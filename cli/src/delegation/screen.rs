//! Delegations, for people and for machines.

use std::io::Write;

use anstyle::Style;
use tenantguard::time::UnixTime;
use tenantguard_service::http::{
    ActBody, DelegationBody, DelegationDone, PrincipalsName, StageName,
};

use super::json;
use crate::Outcome;
use crate::decide::Moment;
use crate::failure::Failure;
use crate::output::{BAD, BOLD, DIM, Format, GOOD, WARNING, bytes_human, styled};
use crate::revoke::screen::{acknowledged, epoch};

/// One that was made or changed.
pub(super) fn done(made: &DelegationDone, format: Format) -> Result<Outcome, Failure> {
    let mut out = anstream::stdout().lock();
    let DelegationDone { delegation, done } = made;
    let waited = done.acknowledged.as_ref();
    match format {
        Format::Json => writeln!(out, "{}", json(made))?,
        Format::Human => {
            let what = if done.changed > 0 { "done" } else { "already so" };
            let at = styled(DIM, format!("epoch {}", epoch(&done.position)));
            let (style, word) = stage(delegation)?;
            let (id, stage) = (text(&delegation.id), styled(style, word));
            writeln!(out, "{}  {id} is {stage}  {at}", styled(GOOD, what))?;
            if delegation.stage == StageName::Proposed {
                writeln!(
                    out,
                    "{}",
                    styled(DIM, format!("it waits for the consent of {}", text(&delegation.from)))
                )?;
            }
            if let Some(waited) = waited {
                acknowledged(&mut out, waited)?;
            }
        }
    }
    Ok(match waited {
        Some(waited) if !waited.silent.is_empty() || !waited.pending.is_empty() => Outcome::Bad,
        _ => Outcome::Good,
    })
}

/// Several, a line each.
pub(super) fn many(found: &[DelegationBody], format: Format) -> Result<Outcome, Failure> {
    let mut out = anstream::stdout().lock();
    if format == Format::Json {
        for delegation in found {
            writeln!(out, "{}", json(delegation))?;
        }
        return Ok(Outcome::Good);
    }
    if found.is_empty() {
        writeln!(out, "there is no such delegation")?;
        return Ok(Outcome::Good);
    }
    let width = |head: &str, of: fn(&DelegationBody) -> &str| {
        found.iter().map(|it| of(it).len()).max().unwrap_or(0).max(head.len())
    };
    let (id, from, to) =
        (width("ID", |it| &it.id), width("FROM", |it| &it.from), width("TO", |it| &it.to));
    let head = format!(
        "{:<id$}  {:<from$}  {:<to$}  {:<9}  {:<20}  PERMISSIONS",
        "ID", "FROM", "TO", "STAGE", "EXPIRES"
    );
    writeln!(out, "{}", styled(BOLD, head))?;
    for delegation in found {
        let (style, word) = stage(delegation)?;
        let stage = styled(style, format!("{word:<9}"));
        let permissions = text(&delegation.permissions.join(" "));
        writeln!(
            out,
            "{:<id$}  {:<from$}  {:<to$}  {stage}  {:<20}  {permissions}",
            text(&delegation.id),
            text(&delegation.from),
            text(&delegation.to),
            short(&delegation.expires),
        )?;
    }
    Ok(Outcome::Good)
}

/// One, with everything that is known of it.
pub(super) fn one(delegation: &DelegationBody, format: Format) -> Result<Outcome, Failure> {
    let mut out = anstream::stdout().lock();
    if format == Format::Json {
        writeln!(out, "{}", json(delegation))?;
        return Ok(Outcome::Good);
    }
    let (style, word) = stage(delegation)?;
    row(&mut out, "stage", &styled(style, word))?;
    terms(&mut out, delegation)?;
    row(&mut out, "proposed", &act(&delegation.proposed))?;
    if let Some(consent) = &delegation.consent {
        let reference = consent.reference.as_deref().map(|it| format!(", {}", text(it)));
        let said = format!("{}{}", act(&consent.act), reference.unwrap_or_default());
        row(&mut out, "consented", &said)?;
    }
    if let Some(ended) = &delegation.ended {
        let what = if delegation.stage == StageName::Revoked { "revoked" } else { "suspended" };
        row(&mut out, what, &act(ended))?;
    }
    if let Some(last) = &delegation.last_change {
        row(&mut out, "last", &format!("{}: {}", act(&last.act), text(&last.reason)))?;
    }
    Ok(Outcome::Good)
}

/// What is agreed to.
pub(super) fn terms(out: &mut impl Write, delegation: &DelegationBody) -> Result<(), Failure> {
    let DelegationBody { id, from, to, audiences, terms, .. } = delegation;
    let principals = match &delegation.principals {
        PrincipalsName::All(_) => "any".to_owned(),
        PrincipalsName::Named(named) => named.join(", "),
    };
    let audiences = if audiences.is_empty() { "any".to_owned() } else { audiences.join(", ") };
    for (label, value) in [
        ("id", id),
        ("from", from),
        ("to", to),
        ("principals", &principals),
        ("may", &delegation.permissions.join(", ")),
        ("audiences", &audiences),
        ("begins", &short(&delegation.not_before)),
        ("expires", &short(&delegation.expires)),
        ("terms", terms),
    ] {
        row(out, label, &text(value))?;
    }
    Ok(())
}

fn row(out: &mut impl Write, label: &str, value: &str) -> Result<(), Failure> {
    writeln!(out, "{} {value}", styled(BOLD, format!("{label:<11}")))?;
    Ok(())
}

fn act(act: &ActBody) -> String {
    format!("by {} at {}", text(&act.by), short(&act.at))
}

/// Its stage; past its time it is expired, unless it was revoked before.
fn stage(delegation: &DelegationBody) -> Result<(Style, &'static str), Failure> {
    let now = UnixTime::from(Moment::now()?);
    Ok(match delegation.stage {
        StageName::Revoked => (BAD, "revoked"),
        _ if UnixTime::parse(&delegation.expires).is_some_and(|end| end <= now) => (DIM, "expired"),
        StageName::Proposed => (WARNING, "proposed"),
        StageName::Consented => (GOOD, "consented"),
        StageName::Suspended => (WARNING, "suspended"),
    })
}

/// Without fractions of a second, which no delegation has.
pub(super) fn short(time: &str) -> String {
    text(&time.replace(".000Z", "Z"))
}

pub(super) fn text(text: &str) -> String {
    bytes_human(text.as_bytes())
}
