//! Issuers: keys that can be used, audiences, references, and that no two are mistaken for each
//! other.

use std::collections::BTreeMap;

use tenantguard::token::{Algorithm, Key, KeyError, KeyKind};

use super::{Names, claims};
use crate::finding::{Code, Finding};
use crate::place::{Located, Place};
use crate::report::Report;
use crate::source::{InlineKeys, Issuer, Keys, Listed, Source};

/// Gives the usable keys of each issuer.
pub(super) fn check(
    source: &Source,
    tenants: &Names<'_>,
    roles: &Names<'_>,
    report: &mut Report,
) -> Vec<Vec<Key>> {
    urls(&source.issuers, report);
    namespaces(&source.issuers, report);
    let mut all = Vec::with_capacity(source.issuers.len());
    for issuer in &source.issuers {
        audiences(issuer, source, report);
        if let Listed::These(listed) = &issuer.tenants {
            for tenant in listed {
                tenants.find(tenant.value.as_str(), &tenant.place, report);
            }
        }
        if let Listed::These(listed) = &issuer.roles {
            for role in listed {
                roles.find(role.value.as_str(), &role.place, report);
            }
        }
        claims::check(issuer, tenants, roles, report);
        all.push(match &issuer.keys {
            Some(Keys::Inline(set)) => keys(issuer, set, report),
            Some(Keys::Remote(_)) | None => Vec::new(),
        });
    }
    all
}

/// A token names its issuer by `iss` alone.
fn urls(issuers: &[Issuer], report: &mut Report) {
    let mut seen: BTreeMap<&str, &Located<String>> = BTreeMap::new();
    for url in issuers.iter().filter_map(|issuer| issuer.url.as_ref()) {
        if let Some(earlier) = seen.insert(&url.value, url) {
            let message = format!("another issuer is {} too", url.value);
            let finding = Finding::new(Code::DuplicateIssuer, url.place.clone(), message);
            report.push(finding.help("join the two into one issuer").other(earlier.place.clone()));
        }
    }
}

/// One provider's `bob` must not become another's by accident.
fn namespaces(issuers: &[Issuer], report: &mut Report) {
    let mut seen: BTreeMap<&str, &Issuer> = BTreeMap::new();
    for issuer in issuers {
        let declared = issuer.namespace.as_ref();
        let name = issuer.namespace();
        let Some(earlier) = seen.insert(name, issuer) else { continue };
        if declared.is_some() && earlier.namespace.is_some() {
            continue;
        }
        let place = declared.map_or(&issuer.place, |namespace| &namespace.place);
        let message =
            format!("the issuers {} and {} share the namespace {name}", earlier.name, issuer.name);
        let help = format!(
            "if their subjects are the same people, write `namespace: {name}` in both; if not, rename one"
        );
        let finding = Finding::new(Code::SharedNamespace, place.clone(), message);
        report.push(finding.help(help).other(earlier.place.clone()));
    }
}

fn audiences(issuer: &Issuer, source: &Source, report: &mut Report) {
    let audiences = issuer.audiences.as_ref().unwrap_or(&source.audiences);
    if audiences.is_empty() {
        let message = format!("the tokens of {} have no audience to be for", issuer.name);
        let finding = Finding::new(Code::NoAudience, issuer.place.clone(), message);
        report.push(finding.help("add `audiences: [...]` to the policy or to this issuer"));
    }
}

/// Keys for other purposes or algorithms are common in published sets and are passed over, as RFC
/// 7517, section 5, asks, unless nothing is left.
fn keys(issuer: &Issuer, set: &InlineKeys, report: &mut Report) -> Vec<Key> {
    let mut usable: Vec<Key> = Vec::new();
    let mut passed_over: Vec<String> = Vec::new();
    let mut names: BTreeMap<(String, KeyKind, Option<Algorithm>), &Place> = BTreeMap::new();
    let found_before = report.count();
    for (jwk, nth) in set.keys.iter().zip(1..) {
        let kid = jwk.value.get("kid").and_then(serde_json::Value::as_str);
        let name = kid.map_or_else(|| format!("key {nth}"), |kid| format!("key {nth} ({kid:?})"));
        match Key::from_jwk(&jwk.value) {
            Ok(key) if !issuer.algorithms.iter().any(|a| key.is_for(a.value)) => {
                passed_over.push(format!("{name} is for {}", key.kind()));
            }
            Ok(key) => {
                let kid = key.kid().unwrap_or_default().to_owned();
                if let Some(earlier) = names.insert((kid, key.kind(), key.algorithm()), &jwk.place)
                {
                    let message = format!("{name} has the `kid` and algorithm of another key");
                    let finding = Finding::new(Code::DuplicateKid, jwk.place.clone(), message);
                    report.push(
                        finding
                            .help("remove one of the two, or give it a `kid` of its own")
                            .other(earlier.clone()),
                    );
                }
                usable.push(key);
            }
            Err(error @ (KeyError::Purpose | KeyError::Algorithm)) => {
                passed_over.push(format!("{name} {error}"));
            }
            Err(error) => report.push(unusable(&name, &error, &jwk.place)),
        }
    }
    // With another finding about its keys or algorithms, this one would only repeat it.
    let is_news = report.count() == found_before && !issuer.algorithms.is_empty();
    if usable.is_empty() && is_news {
        report.push(none_usable(issuer, set, &passed_over));
    }
    usable
}

fn unusable(name: &str, error: &KeyError, place: &Place) -> Finding {
    let (code, help) = match error {
        KeyError::Secret => (Code::PrivateKey, "put only the public part into the policy"),
        _ => (Code::KeyUnusable, "take it out, or publish it again from its issuer"),
    };
    Finding::new(code, place.clone(), format!("{name} {error}")).help(help)
}

fn none_usable(issuer: &Issuer, set: &InlineKeys, passed_over: &[String]) -> Finding {
    let algorithms: Vec<&str> = issuer.algorithms.iter().map(|a| a.value.name()).collect();
    let mut message = format!("{} has no key for {}", issuer.name, algorithms.join(", "));
    if !passed_over.is_empty() {
        let shown = passed_over.iter().take(5).map(String::as_str).collect::<Vec<_>>();
        message = format!("{message}: {}", shown.join("; "));
    }
    Finding::new(Code::NoUsableKey, set.place.clone(), message)
        .help("add a public key for one of its algorithms, or change `algorithms`")
}
