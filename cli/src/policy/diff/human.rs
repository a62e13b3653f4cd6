//! A change in meaning on the screen: what concerns the boundary between tenants first.

use std::fmt::{Result, Write as _};

use anstyle::Style;
use tenantguard_policy::diff::{
    AccessChange, DelegationChange, Diff, FieldChange, Kind, PairChange, TenantChange, Way,
};
use tenantguard_policy::reach::Door;

use super::super::lists::{self, count, door, hosts, short, wrapped};
use crate::output::{BAD, BOLD, DIM, GOOD, WARNING, bytes_human, styled};

/// How many doors of one change are shown.
const DOORS: usize = 20;

pub(super) fn screen(old: &str, new: &str, diff: &Diff) -> String {
    let mut screen = String::new();
    // Writing to a string cannot fail.
    let _ = draw(&mut screen, old, new, diff);
    screen
}

fn draw(screen: &mut String, old: &str, new: &str, diff: &Diff) -> Result {
    if diff.is_empty() {
        return writeln!(screen, "{} {old} and {new} mean the same", styled(GOOD, "no change"));
    }
    writeln!(screen, "{} {old}  {}", styled(BAD, "-"), styled(DIM, &diff.old))?;
    writeln!(screen, "{} {new}  {}", styled(GOOD, "+"), styled(DIM, &diff.new))?;
    pairs(screen, &diff.pairs)?;
    if !diff.open.is_empty() {
        lists::section(screen, "Open to everybody")?;
    }
    for change in &diff.open {
        let asks = format!("asked {}, asks {}", change.before, change.after);
        writeln!(
            screen,
            "  {} {}  {}",
            mark(change.change),
            door(&change.door),
            styled(DIM, asks)
        )?;
    }
    access(screen, &diff.access)?;
    if !diff.issuers.is_empty() {
        lists::section(screen, "Issuers")?;
    }
    for change in &diff.issuers {
        let issuer = styled(BOLD, bytes_human(change.issuer.as_bytes()));
        writeln!(screen, "  {} {issuer}", mark(change.change))?;
        fields(screen, "      ", &change.fields)?;
    }
    tenants(screen, &diff.tenants)?;
    if !diff.routes.is_empty() {
        lists::section(screen, "Routes")?;
    }
    for change in &diff.routes {
        let route = format!("{}{}", hosts(&change.hosts), change.route);
        writeln!(screen, "  {} {route}", mark(Kind::Changed))?;
        fields(screen, "      ", &change.fields)?;
    }
    if !diff.settings.is_empty() {
        lists::section(screen, "Settings")?;
    }
    fields(screen, "  ", &diff.settings)
}

fn style(kind: Kind) -> Style {
    match kind {
        Kind::Gained => GOOD,
        Kind::Lost => BAD,
        Kind::Changed => WARNING,
    }
}

fn mark(kind: Kind) -> String {
    let mark = match kind {
        Kind::Gained => "+",
        Kind::Lost => "-",
        Kind::Changed => "~",
    };
    styled(style(kind), mark)
}

fn pairs(screen: &mut String, pairs: &[PairChange]) -> Result {
    if pairs.is_empty() {
        return Ok(());
    }
    lists::section(screen, "One tenant in another's data")?;
    for pair in pairs {
        let says = match pair.change {
            Kind::Gained => "may touch",
            Kind::Lost => "may no more touch",
            Kind::Changed => "may otherwise touch",
        };
        let PairChange { acting, resource, change, delegations } = pair;
        let text = format!("{acting} {says} data of {resource}");
        writeln!(screen, "  {} {}", mark(*change), styled(style(*change), text))?;
        delegations.iter().try_for_each(|delegation| draw_delegation(screen, delegation))?;
    }
    Ok(())
}

fn draw_delegation(screen: &mut String, change: &DelegationChange) -> Result {
    writeln!(screen, "      {} delegation {}", mark(change.change), change.delegation)?;
    fields(screen, "          ", &change.terms)?;
    ways(screen, "          ", Kind::Gained, &change.gained)?;
    ways(screen, "          ", Kind::Lost, &change.lost)
}

fn ways(screen: &mut String, indent: &str, kind: Kind, ways: &[Way]) -> Result {
    for way in ways {
        let roles = wrapped(&short(&way.roles), indent.len() + 3);
        writeln!(screen, "{indent}as {roles}")?;
        doors(screen, indent, kind, &way.doors)?;
    }
    Ok(())
}

fn doors(screen: &mut String, indent: &str, kind: Kind, doors: &[Door]) -> Result {
    for opened in doors.iter().take(DOORS) {
        writeln!(screen, "{indent}  {} {}", mark(kind), door(opened))?;
    }
    match doors.len().saturating_sub(DOORS) {
        0 => Ok(()),
        more => {
            let more = format!("and {} more, which --format json shows", lists::thousands(more));
            writeln!(screen, "{indent}    {}", styled(DIM, more))
        }
    }
}

fn access(screen: &mut String, changes: &[AccessChange]) -> Result {
    if changes.is_empty() {
        return Ok(());
    }
    lists::section(screen, "Tenants in their own data")?;
    for change in changes {
        let who = match (change.is_everybody, change.tenants.len()) {
            (true, 2..) => format!("all {}", count(change.tenants.len(), "tenant")),
            _ => short(&change.tenants),
        };
        let roles = wrapped(&short(&change.roles), 4);
        writeln!(screen, "  {}, as {roles}", styled(BOLD, who))?;
        doors(screen, "  ", Kind::Gained, &change.gained)?;
        doors(screen, "  ", Kind::Lost, &change.lost)?;
    }
    Ok(())
}

fn tenants(screen: &mut String, changes: &[TenantChange]) -> Result {
    if changes.is_empty() {
        return Ok(());
    }
    lists::section(screen, "Tenants")?;
    for change in changes {
        let like = match &change.like {
            Some(like) => styled(DIM, format!("  at home as {like}")),
            None => String::new(),
        };
        writeln!(screen, "  {} {}{like}", mark(change.change), short(&change.tenants))?;
        fields(screen, "      ", &change.fields)?;
        ways(screen, "      ", change.change, &change.access)?;
    }
    Ok(())
}

fn fields(screen: &mut String, indent: &str, fields: &[FieldChange]) -> Result {
    let width = fields.iter().map(|field| field.field.len()).max().unwrap_or(0).min(24);
    for field in fields {
        let name = bytes_human(field.field.as_bytes());
        let name = styled(DIM, format!("{name:<width$}"));
        writeln!(screen, "{indent}{name}  {}", values(field))?;
    }
    Ok(())
}

fn values(field: &FieldChange) -> String {
    let shown = |text: &String| bytes_human(text.as_bytes());
    let one = match (&field.before, &field.after) {
        (Some(before), Some(after)) => Some(format!("{} -> {}", shown(before), shown(after))),
        (None, Some(after)) => Some(styled(GOOD, shown(after))),
        (Some(before), None) => Some(styled(BAD, format!("{} (gone)", shown(before)))),
        (None, None) => None,
    };
    let items = |items: &[String], sign: &str, style: Style| {
        let text = short(items);
        let text = bytes_human(text.as_bytes());
        (!items.is_empty()).then(|| styled(style, format!("{sign} {text}")))
    };
    let parts = [one, items(&field.added, "+", GOOD), items(&field.removed, "-", BAD)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}
