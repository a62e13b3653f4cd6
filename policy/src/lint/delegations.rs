//! Delegations that last long, give what nobody has to give, or that nobody can use.

use std::time::Duration;

use tenantguard::identity::PrincipalId;
use tenantguard::permissions::PermissionSet;

use super::Lint;
use super::holding::{Holdings, speakers};
use crate::check::spelled;
use crate::finding::{Code, Finding};
use crate::place::{Located, Quoted};
use crate::report::Report;
use crate::source::{Access, Delegation, Listed, Source};

/// A year, and the day that some years have more.
const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

pub(super) fn check(lint: &Lint<'_>, holdings: &Holdings<'_>, report: &mut Report) {
    let crossing = crossing(lint);
    required_token(lint, report);
    for delegation in &lint.source.delegations {
        length(delegation, report);
        permissions(delegation, &crossing, lint, holdings, report);
        audiences(delegation, lint, report);
        if let Listed::These(principals) = &delegation.principals {
            principals.iter().for_each(|one| principal(one, delegation, lint, report));
        }
    }
}

/// Whoever asks for delegation tokens trusts somebody to make them.
fn required_token(lint: &Lint<'_>, report: &mut Report) {
    let Some(place) = &lint.source.require_token else { return };
    if lint.source.issuers.iter().all(|issuer| issuer.delegation_tokens.is_none()) {
        let message = "no issuer makes delegation tokens, so nobody gets at another tenant's data";
        let finding = Finding::new(Code::IdleDelegation, place.clone(), message);
        report.push(finding.help(
            "add the control service's token exchange as an issuer with `delegation_tokens: true`",
        ));
    }
}

/// A token has an audience of its issuer's, or is not good for anything.
fn audiences(delegation: &Delegation, lint: &Lint<'_>, report: &mut Report) {
    let Source { audiences, issuers, .. } = lint.source;
    let own = issuers.iter().filter_map(|issuer| issuer.audiences.as_ref()).flatten();
    let known: Vec<&str> = audiences.iter().chain(own).map(|it| it.value.as_str()).collect();
    for named in delegation.audiences.iter().filter(|it| !known.contains(&it.value.as_str())) {
        let message = format!("no token is for {}, so none is under this", named.value);
        let help = report
            .suggest(&named.value, known.iter().copied())
            .unwrap_or_else(|| "name an audience of the policy or of an issuer".to_owned());
        let finding = Finding::new(Code::IdleDelegation, named.place.clone(), message);
        report.push(finding.help(help));
    }
}

/// Without `not_before` it counts from the consent.
fn length(delegation: &Delegation, report: &mut Report) {
    let agreed = delegation.consent.as_ref().map(|consent| &consent.at);
    let begin = delegation.not_before.as_ref().or(agreed);
    let (Some(begin), Some(end)) = (begin, &delegation.expires) else { return };
    if end.value > begin.value.plus(YEAR) {
        let name = Quoted(&delegation.name);
        let message = format!("the delegation {name} lasts longer than a year");
        let finding = Finding::new(Code::LongDelegation, end.place.clone(), message);
        let help = "let it end sooner, and renew the consent";
        report.push(finding.help(help).other(begin.place.clone()));
    }
}

/// The permissions that routes ask for on data that a request names.
fn crossing(lint: &Lint<'_>) -> PermissionSet {
    let asked = lint.source.routes.iter().filter_map(|route| match &route.access {
        Access::Tenant { methods, resource_tenant: Some(_) } => Some(methods),
        Access::Tenant { .. } | Access::Public(_) => None,
    });
    asked
        .flatten()
        .filter_map(|(_, permission)| lint.resolved.declared.id(&permission.value))
        .collect()
}

fn permissions(
    delegation: &Delegation,
    crossing: &PermissionSet,
    lint: &Lint<'_>,
    holdings: &Holdings<'_>,
    report: &mut Report,
) {
    let (Some(from), Some(to)) = (&delegation.from, &delegation.to) else { return };
    let (Some(theirs), Some(ours)) = (holdings.held_in(&from.value), holdings.held_in(&to.value))
    else {
        return;
    };
    let declared = &lint.resolved.declared;
    for pattern in &delegation.permissions {
        let given = declared.expand(std::slice::from_ref(pattern));
        let mut beyond = given.clone();
        beyond.subtract(theirs);
        if !beyond.is_empty() {
            let names = declared.listed(&beyond);
            let message =
                format!("nobody in {} has {names} that it lets {} use", from.value, to.value);
            let finding = Finding::new(Code::ExceedsDelegator, pattern.place.clone(), message);
            let help = "a tenant should give what its own people may do; take it out";
            report.push(finding.help(help).other(from.place.clone()));
        }
        let idle = match (overlaps(&given, ours), overlaps(&given, crossing)) {
            (false, _) => format!("nobody in {} has", to.value),
            (true, false) => "no route with a `resource_tenant` asks for".to_owned(),
            (true, true) => continue,
        };
        let message =
            format!("{idle} {}, so this lets nobody do anything", spelled(&pattern.value));
        let finding = Finding::new(Code::IdleDelegation, pattern.place.clone(), message);
        report.push(finding.help("take it out, or name another permission"));
    }
}

fn overlaps(a: &PermissionSet, b: &PermissionSet) -> bool {
    let mut both = a.clone();
    both.intersect_with(b);
    !both.is_empty()
}

/// A principal acts for the delegate only if an issuer of its namespace may say so.
fn principal(
    Located { value, place }: &Located<PrincipalId>,
    delegation: &Delegation,
    lint: &Lint<'_>,
    report: &mut Report,
) {
    let Some(to) = &delegation.to else { return };
    let namespace = value.namespace().as_str();
    let is_there = lint.source.issuers.iter().any(|issuer| issuer.namespace() == namespace);
    let can_act = speakers(lint.source, &to.value).any(|issuer| issuer.namespace() == namespace);
    if is_there && !can_act {
        let message = format!(
            "no issuer of {namespace} may speak for {}, so {value} cannot act for it",
            to.value
        );
        let finding = Finding::new(Code::IdleDelegation, place.clone(), message);
        let help = format!(
            "name a principal of another issuer, or let one of {namespace} speak for {}",
            to.value
        );
        report.push(finding.help(help).other(to.place.clone()));
    }
}
