//! Issuers that could be taken for each other: by a key that both sign with, or by principals that
//! both name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Lint;
use crate::finding::{Code, Finding};
use crate::ordered;
use crate::place::Place;
use crate::report::Report;
use crate::source::{Issuer, Keys, Listed, TenantFrom};

/// A public key without its names, or the endpoint of one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum KeyName<'a> {
    Inline(Vec<&'a str>),
    At { cluster: &'a str, path: &'a str },
}

pub(super) fn check(lint: &Lint<'_>, report: &mut Report) {
    shared_keys(&lint.source.issuers, report);
    shared_principals(&lint.source.issuers, report);
}

/// Whoever signs for one of two issuers with one key can sign for the other.
fn shared_keys(issuers: &[Issuer], report: &mut Report) {
    let mut seen: BTreeMap<KeyName<'_>, (&Issuer, &Place)> = BTreeMap::new();
    for issuer in issuers {
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for (key, place) in keys(issuer) {
            let (other, theirs) = *seen.entry(key).or_insert((issuer, place));
            let is_news = !std::ptr::eq(other, issuer) && told.insert(&other.name);
            if !is_news || reach(issuer) == reach(other) {
                continue;
            }
            let message = format!(
                "{} and {} have a key in common, but may say different things",
                other.name, issuer.name
            );
            let finding = Finding::new(Code::SharedKey, place.clone(), message);
            let help = "whoever has it can sign for both; give each a key of its own, or the same `asserts`";
            report.push(finding.help(help).other(theirs.clone()));
        }
    }
}

fn keys(issuer: &Issuer) -> Vec<(KeyName<'_>, &Place)> {
    match &issuer.keys {
        Some(Keys::Inline(set)) => {
            let inline = set.keys.iter();
            inline.filter_map(|key| Some((inline_key(&key.value)?, &key.place))).collect()
        }
        Some(Keys::Remote(remote)) => {
            let (cluster, path) = (&remote.cluster, &remote.path);
            vec![(KeyName::At { cluster: &cluster.value, path: &path.value }, &cluster.place)]
        }
        None => Vec::new(),
    }
}

/// What the thumbprint of a key is made of (RFC 7638, section 3.2).
fn inline_key(jwk: &Value) -> Option<KeyName<'_>> {
    let member = |name| jwk.get(name).and_then(Value::as_str);
    let parts: Vec<&str> =
        ["kty", "crv", "x", "y", "n", "e"].into_iter().filter_map(member).collect();
    (parts.len() > 1).then_some(KeyName::Inline(parts))
}

/// The tenants and roles that an issuer may assert; `None` for any.
type Reach<'a> = (Option<BTreeSet<&'a str>>, Option<BTreeSet<&'a str>>);

fn reach(issuer: &Issuer) -> Reach<'_> {
    let roles = match &issuer.roles {
        Listed::Any => None,
        Listed::These(roles) => Some(ordered::set(roles.iter().map(|it| it.value.as_str()))),
    };
    (tenants(issuer), roles)
}

fn tenants(issuer: &Issuer) -> Option<BTreeSet<&str>> {
    match (&issuer.claims.tenant, &issuer.tenants) {
        (Some(TenantFrom::Constant(tenant)), _) => Some(ordered::set([tenant.value.as_str()])),
        (_, Listed::Any) => None,
        (_, Listed::These(listed)) => Some(ordered::set(listed.iter().map(|t| t.value.as_str()))),
    }
}

/// In one namespace, one issuer's `bob` is the other's wherever both speak for his tenant.
fn shared_principals(issuers: &[Issuer], report: &mut Report) {
    let mut spaces: BTreeMap<&str, Vec<&Issuer>> = BTreeMap::new();
    // Where one did not declare it, sharing is an error already.
    for issuer in issuers.iter().filter(|issuer| issuer.namespace.is_some()) {
        let earlier = spaces.entry(issuer.namespace()).or_default();
        let collision =
            earlier.iter().find_map(|other| Some((other, both_speak_for(other, issuer)?)));
        if let Some((other, tenant)) = collision.filter(|(other, _)| !have_same_keys(other, issuer))
        {
            let message = format!(
                "{} and {} share the namespace {} and both speak for {tenant}, each with keys of its own",
                other.name,
                issuer.name,
                issuer.namespace()
            );
            let place = issuer.namespace.as_ref().map_or(&issuer.place, |n| &n.place);
            let theirs = other.namespace.as_ref().map_or(&other.place, |n| &n.place);
            let finding = Finding::new(Code::SharedPrincipals, place.clone(), message);
            let help = "each can sign for the other's people there; if that is not meant, give each its own namespace or its own tenants";
            report.push(finding.help(help).other(theirs.clone()));
        }
        earlier.push(issuer);
    }
}

/// A tenant that both may speak for.
fn both_speak_for(a: &Issuer, b: &Issuer) -> Option<String> {
    match (tenants(a), tenants(b)) {
        (None, None) => Some("any tenant".to_owned()),
        (Some(these), None) | (None, Some(these)) => these.first().map(|t| (*t).to_owned()),
        (Some(these), Some(those)) => these.intersection(&those).next().map(|t| (*t).to_owned()),
    }
}

fn have_same_keys(a: &Issuer, b: &Issuer) -> bool {
    let names = |issuer| ordered::set(keys(issuer).into_iter().map(|(key, _)| key));
    names(a) == names(b)
}
