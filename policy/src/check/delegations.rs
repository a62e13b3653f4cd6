//! Delegations: two tenants that are there and are not the same, a time in which it lives, and
//! principals that some issuer can name.

use std::collections::BTreeSet;

use tenantguard::identity::PrincipalId;

use super::Names;
use super::permissions::Declared;
use crate::finding::{Code, Finding};
use crate::ordered;
use crate::place::{Located, Quoted};
use crate::report::Report;
use crate::source::{Delegation, Issuer, Listed, Source};

pub(super) fn check(
    source: &Source,
    tenants: &Names<'_>,
    declared: &Declared,
    report: &mut Report,
) {
    let namespaces = ordered::set(source.issuers.iter().map(Issuer::namespace));
    for delegation in &source.delegations {
        for tenant in [&delegation.from, &delegation.to].into_iter().flatten() {
            tenants.find(tenant.value.as_str(), &tenant.place, report);
        }
        to_itself(delegation, report);
        time(delegation, report);
        declared.check(&delegation.permissions, report);
        if let Listed::These(principals) = &delegation.principals {
            principals.iter().for_each(|one| principal(one, &namespaces, report));
        }
    }
}

fn to_itself(delegation: &Delegation, report: &mut Report) {
    let (Some(from), Some(to)) = (&delegation.from, &delegation.to) else { return };
    if from.value == to.value {
        let message = format!("{} delegates to itself", from.value);
        let finding = Finding::new(Code::SelfDelegation, to.place.clone(), message);
        let finding = finding.help("at home roles decide; name another tenant, or remove it");
        report.push(finding.other(from.place.clone()));
    }
}

fn time(delegation: &Delegation, report: &mut Report) {
    let (Some(begin), Some(end)) = (&delegation.not_before, &delegation.expires) else { return };
    if end.value <= begin.value {
        let name = Quoted(&delegation.name);
        let message = format!("the delegation {name} ends before it begins, so it is never live");
        let finding = Finding::new(Code::NeverLive, end.place.clone(), message);
        report.push(
            finding.help("`expires` must be later than `not_before`").other(begin.place.clone()),
        );
    }
}

fn principal(
    Located { value, place }: &Located<PrincipalId>,
    namespaces: &BTreeSet<&str>,
    report: &mut Report,
) {
    let namespace = value.namespace().as_str();
    if namespaces.contains(namespace) {
        return;
    }
    let help = report.suggest(namespace, namespaces.iter().copied()).unwrap_or_else(|| {
        let known: Vec<&str> = namespaces.iter().copied().take(8).collect();
        match known.as_slice() {
            [] => "define an issuer first".to_owned(),
            known => format!("the issuers' namespaces are {}", known.join(", ")),
        }
    });
    let message = format!(
        "no issuer has the namespace {}, so nobody can be {}",
        Quoted(namespace),
        Quoted(value.as_str())
    );
    report.push(Finding::new(Code::UnknownNamespace, place.clone(), message).help(help));
}
