//! Overrides that change nothing, or other people than they name.

use tenantguard::permissions::PermissionSet;

use super::Lint;
use super::holding::{Holdings, Row};
use crate::check::spelled;
use crate::finding::{Code, Finding};
use crate::place::Located;
use crate::report::Report;
use crate::source::{Override, Pattern, Tenant};

/// An override in its tenant.
struct InTenant<'a> {
    tenant: &'a Tenant,
    /// All overrides of the tenant.
    all: &'a [&'a Override],
    /// What they make of the roles.
    rows: &'a [Row],
}

pub(super) fn check(lint: &Lint<'_>, holdings: &Holdings<'_>, report: &mut Report) {
    for (tenant, all) in holdings.overriding() {
        let rows = holdings.rows(tenant);
        let context = InTenant { tenant, all, rows: &rows };
        for item in all {
            let heirs = holdings.heirs(tenant, item);
            if heirs.is_empty() {
                continue;
            }
            let given: Vec<usize> = heirs
                .iter()
                .copied()
                .filter(|h| rows.get(*h).is_some_and(|r| r.is_given))
                .collect();
            match given.is_empty() {
                true => nobody(item, tenant, report),
                false => patterns(item, &given, &context, lint, holdings, report),
            }
        }
    }
}

fn nobody(item: &Override, tenant: &Tenant, report: &mut Report) {
    let Some(role) = &item.role else { return };
    let message = format!("no issuer may give {} to people of {}", role.value, tenant.id);
    let finding = Finding::new(Code::OverrideWithoutEffect, role.place.clone(), message);
    report.push(finding.help("remove the override, or let an issuer give the role"));
}

fn patterns(
    item: &Override,
    given: &[usize],
    context: &InTenant<'_>,
    lint: &Lint<'_>,
    holdings: &Holdings<'_>,
    report: &mut Report,
) {
    for pattern in &item.grant {
        let granted = lint.resolved.declared.expand(std::slice::from_ref(pattern));
        let adds = |row: &usize| adds(*row, &granted, item, context, lint, holdings);
        if !granted.is_empty() && !given.iter().any(adds) {
            idle_grant(item, pattern, &granted, given, context, lint, report);
        }
    }
    for pattern in &item.deny {
        let denied = lint.resolved.declared.expand(std::slice::from_ref(pattern));
        let takes = |row: &usize| context.rows.get(*row).is_some_and(|r| meets(&r.allow, &denied));
        if !denied.is_empty() && !given.iter().any(takes) {
            idle_deny(item, pattern, &denied, context, lint, report);
        }
    }
}

/// Whether the role in this row has something by the grant that it would not have without.
fn adds(
    row: usize,
    granted: &PermissionSet,
    item: &Override,
    context: &InTenant<'_>,
    lint: &Lint<'_>,
    holdings: &Holdings<'_>,
) -> bool {
    let mut new = granted.clone();
    new.subtract(&holdings.before_overrides(context.tenant, row));
    for other in context.all.iter().filter(|other| !std::ptr::eq(**other, item)) {
        if holdings.heirs(context.tenant, other).contains(&row) {
            new.subtract(&lint.resolved.declared.expand(&other.grant));
        }
    }
    if let Some(row) = context.rows.get(row) {
        new.subtract(&row.deny);
    }
    !new.is_empty()
}

fn meets(a: &PermissionSet, b: &PermissionSet) -> bool {
    let mut both = a.clone();
    both.intersect_with(b);
    !both.is_empty()
}

fn idle_grant(
    item: &Override,
    pattern: &Located<Pattern>,
    granted: &PermissionSet,
    given: &[usize],
    context: &InTenant<'_>,
    lint: &Lint<'_>,
    report: &mut Report,
) {
    let (Some(role), what) = (&item.role, spelled(&pattern.value)) else { return };
    let is_denied = |row: &usize| context.rows.get(*row).is_some_and(|r| meets(&r.deny, granted));
    let denied = given.iter().any(is_denied);
    let (name, tenant) = (&role.value, &context.tenant.id);
    let message = match denied {
        true => format!("{tenant} denies {name} what this grants it, {what}, and deny wins"),
        false => format!("{name} has {what} in {tenant} without this grant"),
    };
    let finding = Finding::new(Code::OverrideWithoutEffect, pattern.place.clone(), message);
    let finding = finding.help("remove it");
    let defined = lint.source.roles.iter().find(|defined| defined.name.value == *name);
    report.push(match defined.filter(|_| !denied) {
        Some(role) => finding.other(role.name.place.clone()),
        None => finding,
    });
}

fn idle_deny(
    item: &Override,
    pattern: &Located<Pattern>,
    denied: &PermissionSet,
    context: &InTenant<'_>,
    lint: &Lint<'_>,
    report: &mut Report,
) {
    let (Some(role), what) = (&item.role, spelled(&pattern.value)) else { return };
    let (name, tenant) = (&role.value, &context.tenant.id);
    let elsewhere = context.rows.iter().any(|row| row.is_given && meets(&row.allow, denied));
    let place = pattern.place.clone();
    report.push(match elsewhere {
        true => {
            let message = format!(
                "{name} never has {what} in {tenant}, so this takes it only from people who have another role too"
            );
            let defined = lint.source.roles.iter().find(|defined| defined.name.value == *name);
            Finding::new(Code::DenyBeyondRole, place, message)
                .help("deny it to the role that has it, or remove it")
                .maybe_other(defined.map(|role| &role.name.place))
        }
        false => {
            let message = format!("{name} never has {what} in {tenant}, and no other role there");
            Finding::new(Code::OverrideWithoutEffect, place, message).help("remove it")
        }
    });
}
