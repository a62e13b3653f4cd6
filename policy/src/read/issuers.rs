//! The section `issuers`: who signs tokens, and what its word is worth.

use std::time::Duration;

use tenantguard::identity::{Namespace, RoleName, TenantId};
use tenantguard::token::Algorithm;
use tenantguard::trust::{Authority, ClientCertificate, SKEW_LIMIT, TokenType};

use super::fields::{At, Fields};
use super::{certificates, claims, keys, shapes, values, words};
use crate::finding::{Code, Finding};
use crate::place::{Located, Place};
use crate::report::Report;
use crate::source::{Issuer, Listed};

/// What most issuers sign with; others are named.
const DEFAULT_ALGORITHMS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];
const DEFAULT_LIFETIME: Duration = Duration::from_secs(24 * 3_600);
const LONGEST_LIFETIME: Duration = Duration::from_secs(366 * 86_400);
const LONGEST_DELEGATION_TOKEN: Duration = Duration::from_secs(5 * 60);
const DEFAULT_SKEW: Duration = Duration::from_secs(30);

pub(super) fn all(at: &At<'_>, report: &mut Report) -> Option<Vec<Issuer>> {
    let entries = at.map("the issuers (a map from names to issuers)", report)?;
    Some(entries.iter().filter_map(|e| issuer(&e.key, &at.entry(e), report)).collect())
}

fn issuer(name: &str, at: &At<'_>, report: &mut Report) -> Option<Issuer> {
    // The name is the default namespace, so it must be good as one.
    values::key_name(name, at, "an issuer", Namespace::parse, report);
    let fields = Fields::of(at, &shapes::ISSUER, report)?;
    let authority = fields
        .optional("authority")
        .and_then(|at| values::word(&at, words::AUTHORITIES, Code::UnknownValue, report))
        .unwrap_or(Authority::RolesAndScopes);
    let delegation_tokens = delegation_tokens(&fields, report);
    let (longest, usual) = match delegation_tokens {
        Some(_) => (LONGEST_DELEGATION_TOKEN, LONGEST_DELEGATION_TOKEN),
        None => (LONGEST_LIFETIME, DEFAULT_LIFETIME),
    };
    let (tenants, roles) = asserts(&fields, authority, report);
    let lifetime = |name, limit, default, report: &mut Report| {
        let at = fields.optional(name);
        at.and_then(|at| values::duration(&at, limit, report)).unwrap_or(default)
    };
    Some(Issuer {
        name: name.to_owned(),
        place: at.key_place(),
        url: fields.required("issuer", report).and_then(|at| values::identifier(&at, report)),
        namespace: fields
            .optional("namespace")
            .and_then(|at| values::name(&at, "a namespace", Namespace::parse, report)),
        keys: fields.required("keys", report).and_then(|at| keys::source(&at, report)),
        algorithms: algorithms(&fields, at, report),
        audiences: fields
            .optional("audiences")
            .map(|at| values::list(&at, values::identifier, report).unwrap_or_default()),
        tenants,
        roles,
        unlisted_roles: fields.optional("unlisted_roles").and_then(|at| {
            let value = values::word(&at, words::UNLISTED_ROLES, Code::UnknownValue, report)?;
            Some(Located { value, place: at.key_place() })
        }),
        claims: fields
            .optional("claims")
            .and_then(|at| claims::all(&at, report))
            .unwrap_or_default(),
        client_certificate: fields
            .optional("client_certificate")
            .and_then(|at| certificates::client(&at, report))
            .unwrap_or(ClientCertificate::AsBound),
        max_lifetime: lifetime("max_lifetime", longest, usual, report),
        skew: lifetime("skew", SKEW_LIMIT, DEFAULT_SKEW, report),
        authority,
        token_type: fields
            .optional("type")
            .and_then(|at| values::word(&at, words::TOKEN_TYPES, Code::UnknownValue, report))
            .unwrap_or(TokenType::Any),
        delegation_tokens,
    })
}

/// A delegation token speaks for a principal of another issuer, by that one's rules.
fn delegation_tokens(fields: &Fields<'_>, report: &mut Report) -> Option<Place> {
    let at = fields.optional("delegation_tokens")?;
    values::boolean(&at, report).filter(|makes| *makes)?;
    for name in ["namespace", "unlisted_roles", "authority", "claims", "client_certificate"] {
        if let Some(other) = fields.optional(name) {
            let message = format!("an issuer of delegation tokens has no `{name}` of its own");
            let finding = Finding::new(Code::Conflict, other.key_place(), message);
            let help = "take it out: that of the issuer that `act.iss` names counts";
            report.push(finding.help(help).other(at.key_place()));
        }
    }
    Some(at.key_place())
}

fn algorithms(
    fields: &Fields<'_>,
    issuer: &At<'_>,
    report: &mut Report,
) -> Vec<Located<Algorithm>> {
    let Some(at) = fields.optional("algorithms") else {
        let place = issuer.place_of_key("algorithms");
        let located = |value| Located { value, place: place.clone() };
        return DEFAULT_ALGORITHMS.into_iter().map(located).collect();
    };
    let read = |at: &At<'_>, report: &mut Report| {
        let value = values::word(at, &words::algorithms(), Code::UnknownAlgorithm, report)?;
        Some(Located { value, place: at.place() })
    };
    let help = "leave `algorithms` out for RS256, ES256 and EdDSA";
    values::not_empty(&at, "without algorithms no token is good", help, report);
    values::list(&at, read, report).unwrap_or_default()
}

/// Who may be spoken for is said, never assumed; but scopes alone need no roles.
fn asserts(
    fields: &Fields<'_>,
    authority: Authority,
    report: &mut Report,
) -> (Listed<TenantId>, Listed<RoleName>) {
    let none = (Listed::These(Vec::new()), Listed::These(Vec::new()));
    let Some(at) = fields.required("asserts", report) else { return none };
    let Some(asserts) = Fields::of(&at, &shapes::ASSERTS, report) else { return none };
    let tenants = asserts
        .required("tenants", report)
        .and_then(|at| values::any_or_list(&at, "a tenant", TenantId::parse, report));
    let roles = match authority {
        Authority::Scopes => asserts.optional("roles"),
        _ => asserts.required("roles", report),
    };
    let roles = roles.and_then(|at| values::any_or_list(&at, "a role", RoleName::parse, report));
    (tenants.unwrap_or(none.0), roles.unwrap_or(none.1))
}
