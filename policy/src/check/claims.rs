//! How an issuer's claims are mapped: that it may say what it is mapped to, that every setting does
//! something, and that no claim is both dropped and needed.

use std::collections::BTreeMap;

use tenantguard::trust::{Authority, ClaimPath, PrincipalSource, TenantSource};

use super::Names;
use crate::claim_map;
use crate::finding::{Code, Finding};
use crate::ordered;
use crate::place::{Located, Place, Quoted};
use crate::report::Report;
use crate::source::{Issuer, Listed, TenantFrom};

/// What every token is checked by.
const ALWAYS: [(&str, &str); 4] = [
    ("iss", "says who signed"),
    ("aud", "says whom the token is for"),
    ("exp", "says when the token ends"),
    ("iat", "says when the token was made"),
];

pub(super) fn check(issuer: &Issuer, tenants: &Names<'_>, roles: &Names<'_>, report: &mut Report) {
    constant_tenant(issuer, tenants, report);
    role_map(issuer, roles, report);
    effects(issuer, report);
    dropped(issuer, report);
}

fn constant_tenant(issuer: &Issuer, tenants: &Names<'_>, report: &mut Report) {
    let Some(TenantFrom::Constant(Located { value: tenant, place })) = &issuer.claims.tenant else {
        return;
    };
    if tenants.find(tenant.as_str(), place, report).is_none() {
        return;
    }
    if let Listed::These(listed) = &issuer.tenants
        && !listed.iter().any(|listed| listed.value == *tenant)
    {
        let message =
            format!("{} may not speak for {tenant}, so no token would be good", issuer.name);
        let finding = Finding::new(Code::NotAsserted, place.clone(), message);
        let finding = finding.help(format!("add {tenant} to `asserts.tenants`"));
        report.push(finding.maybe_other(listed.first().map(|first| &first.place)));
    }
}

fn role_map(issuer: &Issuer, roles: &Names<'_>, report: &mut Report) {
    let Some(map) = issuer.claims.roles.as_ref().and_then(|roles| roles.value.map.as_ref()) else {
        return;
    };
    let asserted = match &issuer.roles {
        // With scopes alone the list may be left out; that the map does nothing is said elsewhere.
        _ if issuer.authority == Authority::Scopes => None,
        Listed::Any => None,
        Listed::These(listed) => {
            let names = listed.iter().map(|role| role.value.as_str());
            Some(Names::of("role", Code::NotAsserted, names))
        }
    };
    for (theirs, Located { value: role, place }) in map {
        if roles.find(role.as_str(), place, report).is_none() {
            continue;
        }
        if asserted.as_ref().is_some_and(|asserted| !asserted.has(role.as_str())) {
            let message =
                format!("{} stands for {role}, which {} may not give", Quoted(theirs), issuer.name);
            let finding = Finding::new(Code::NotAsserted, place.clone(), message);
            report
                .push(finding.help(format!("add {role} to `asserts.roles`, or map it to another")));
        }
    }
}

/// What does nothing is a mistake: somebody relies on it.
fn effects(issuer: &Issuer, report: &mut Report) {
    let mut no_effect = |place: &Place, message: &str, help: &str| {
        let finding = Finding::new(Code::NoEffect, place.clone(), message);
        report.push(finding.help(help));
    };
    let help = "remove it, or change `authority`";
    let claims = &issuer.claims;
    if let (Authority::Scopes, Some(roles)) = (issuer.authority, &claims.roles) {
        no_effect(&roles.place, "with `authority: scopes` roles give nothing", help);
    }
    if let (Authority::Roles, Some(scope)) = (issuer.authority, &claims.scope) {
        no_effect(&scope.place, "with `authority: roles` scopes give nothing", help);
    }
    let Some(unlisted) = &issuer.unlisted_roles else { return };
    let help = "remove `unlisted_roles`";
    if claims.roles.as_ref().is_some_and(|roles| roles.value.map.is_some()) {
        let message = "the map names listed roles only, and what is not in it gives nothing";
        no_effect(&unlisted.place, message, help);
    } else if let Listed::Any = issuer.roles {
        let message =
            "with `roles: any` no role is unlisted, and one without permissions gives nothing";
        no_effect(&unlisted.place, message, help);
    }
}

/// A token that has a dropped claim is not passed on, so a needed one would keep all of them back.
fn dropped(issuer: &Issuer, report: &mut Report) {
    if issuer.claims.drop.is_empty() {
        return;
    }
    let needed = needed(issuer);
    let pointers = needed.iter().map(|(pointer, _)| pointer.as_str());
    // Where a claim is needed twice, the later reason stays: it says more than "is required".
    let positions: BTreeMap<&str, usize> = ordered::map(pointers.zip(0..));
    for claim in &issuer.claims.drop {
        let own = pointer(&claim.value);
        let below = format!("{own}/");
        let inner = || {
            let next = positions.range(below.as_str()..).next();
            next.filter(|(pointer, _)| pointer.starts_with(&below)).map(|(_, position)| position)
        };
        let position = positions.get(own.as_str()).or_else(inner);
        let Some((_, why)) = position.and_then(|position| needed.get(*position)) else { continue };
        let message = format!("{} is dropped, but it {why}", Quoted(claim.value.as_str()));
        let finding = Finding::new(Code::DroppedClaim, claim.place.clone(), message);
        report.push(finding.help("a token with a dropped claim is not passed on; take it out of `drop`, or map another claim"));
    }
}

/// The claims that the gate reads, and why.
fn needed(issuer: &Issuer) -> Vec<(String, &'static str)> {
    let map = claim_map::of(&issuer.claims);
    let mut needed: Vec<_> = map.required.iter().map(|c| (pointer(c), "is required")).collect();
    needed.extend(ALWAYS.map(|(name, why)| (pointer(&ClaimPath::name(name)), why)));
    if let TenantSource::Claim(claim) = &map.tenant {
        needed.push((pointer(claim), "says the tenant"));
    }
    let (PrincipalSource::Claim(claim) | PrincipalSource::Email { claim, .. }) = &map.principal;
    needed.push((pointer(claim), "says the principal"));
    if let PrincipalSource::Email { .. } = &map.principal {
        needed.push(("/email_verified".to_owned(), "says whether the address is verified"));
    }
    if issuer.authority != Authority::Scopes {
        needed.push((pointer(&map.roles.claim), "says the roles"));
    }
    if issuer.authority != Authority::Roles {
        needed.push((pointer(&map.scope), "says the scopes"));
    }
    needed
}

/// A claim has one pointer, but may also be named.
fn pointer(claim: &ClaimPath) -> String {
    match claim.as_str() {
        pointer if pointer.starts_with('/') => pointer.to_owned(),
        name => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
    }
}
