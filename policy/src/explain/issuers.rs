//! Who vouches for a token, what its claims must be, and what its issuer may assert.

use tenantguard::credential::TokenSource;
use tenantguard::decision::Reason;

use super::Rule;
use super::context::Context;
use super::rule::listed;
use crate::place::{Located, Place};
use crate::report::Report;
use crate::source::{Issuer, Listed};

/// The issuer, where the policy names it.
pub(super) fn known(context: &Context<'_>) -> Vec<Rule> {
    let issuer = context.issuer.map(|(issuer, _)| issuer);
    issuer
        .map(|issuer| Rule::at(format!("issuer {}", issuer.name), &issuer.place))
        .into_iter()
        .collect()
}

/// Where a token belongs.
pub(super) fn token_needed(context: &Context<'_>) -> Vec<Rule> {
    vec![Rule::new(match context.decided.policy().token_source() {
        TokenSource::Authorization => "one token, as `authorization: Bearer ...`".to_owned(),
        TokenSource::Header(name) => format!("one token, in the header {name}"),
        TokenSource::Cookie(name) => format!("one token, in the cookie {name}"),
    })]
}

/// The issuers that there are.
pub(super) fn others(context: &Context<'_>) -> Vec<Rule> {
    let urls =
        || context.source.issuers.iter().filter_map(|issuer| Some((issuer, issuer.url.as_ref()?)));
    let claimed = context.claimed_issuer.as_deref().unwrap_or_default();
    let near = Report::new().suggest(claimed, urls().map(|(_, url)| url.value.as_str()));
    let near = near.map(Rule::new);
    let known = urls().map(|(issuer, url)| {
        Rule::at(format!("the claim iss {:?}, of issuer {}", url.value, issuer.name), &url.place)
    });
    near.into_iter().chain(known).collect()
}

/// The tenant and the roles that the issuer may speak for.
pub(super) fn may_assert(context: &Context<'_>) -> Vec<Rule> {
    let Some((issuer, _)) = context.issuer else { return Vec::new() };
    let mut rules = Vec::new();
    if let Some(tenant) = context.acting() {
        rules.push(match &issuer.tenants {
            Listed::Any => {
                Rule::at(format!("{} may speak for any tenant", issuer.name), &issuer.place)
            }
            Listed::These(tenants) => {
                let listed = tenants.iter().find(|listed| listed.value == tenant.id);
                let place = listed.map_or(&issuer.place, |listed| &listed.place);
                Rule::at(format!("{} may speak for {}", issuer.name, tenant.id), place)
            }
        });
        rules.push(Rule::at(
            format!("tenant {}, {}", tenant.id, tenant.isolation.as_str()),
            &tenant.place,
        ));
    }
    let roles = context.roles();
    if !roles.is_empty() {
        let text = format!("{} may give {}", issuer.name, listed(&roles));
        rules.push(Rule::at(text, first_place(&issuer.roles, issuer)));
    }
    rules
}

/// What a token of this issuer must be like.
pub(super) fn claims_refused(context: &Context<'_>) -> (Vec<Rule>, Vec<Rule>) {
    let Some((issuer, compiled)) = context.issuer else { return (Vec::new(), Vec::new()) };
    let needs = match context.decided.reason() {
        Reason::TokenAudience => {
            let own = issuer.audiences.as_ref().unwrap_or(&context.source.audiences);
            let names = listed(own.iter().map(|audience| audience.value.as_str()));
            let place = own.first().map_or(&issuer.place, |audience| &audience.place);
            Rule::at(format!("the claim aud must be one of: {names}"), place)
        }
        Reason::TokenLifetime => {
            let limit = compiled.max_lifetime.as_secs();
            Rule::at(format!("exp - iat of at most {limit} s (max_lifetime)"), &issuer.place)
        }
        Reason::TokenExpired | Reason::TokenNotYetValid => {
            let skew = compiled.skew.as_secs();
            Rule::at(
                format!("a token that is valid at {}, with a skew of {skew} s", context.at),
                &issuer.place,
            )
        }
        Reason::TokenBinding => Rule::at(
            "the client's certificate, as the issuer's client_certificate asks",
            &issuer.place,
        ),
        _ => return (known(context), Vec::new()),
    };
    (known(context), vec![needs])
}

/// What the issuer may assert, where it has asserted something else.
pub(super) fn tenant_refused(context: &Context<'_>) -> (Vec<Rule>, Vec<Rule>) {
    let Some((issuer, compiled)) = context.issuer else { return (Vec::new(), Vec::new()) };
    let needed = match context.decided.reason() {
        Reason::TenantClaim => match &compiled.claims.tenant {
            tenantguard::trust::TenantSource::Claim(claim) => {
                Rule::at(format!("a tenant of the policy in the claim {claim}"), &issuer.place)
            }
            tenantguard::trust::TenantSource::Constant(_) => return (known(context), Vec::new()),
        },
        Reason::IssuerTenant => allowed("speak for", &issuer.tenants, issuer),
        Reason::IssuerRole => allowed("give", &issuer.roles, issuer),
        Reason::TenantUnknown => unknown_tenant(context),
        _ => return (known(context), Vec::new()),
    };
    (known(context), vec![needed])
}

fn allowed<T: AsText>(verb: &str, list: &Listed<T>, issuer: &Issuer) -> Rule {
    let names = match list {
        Listed::Any => "any that the policy knows".to_owned(),
        Listed::These(names) => listed(names.iter().map(|name| name.value.text())),
    };
    Rule::at(format!("{} may {verb}: {names}", issuer.name), first_place(list, issuer))
}

fn first_place<'a, T>(list: &'a Listed<T>, issuer: &'a Issuer) -> &'a Place {
    match list {
        Listed::Any => &issuer.place,
        Listed::These(items) => items.first().map_or(&issuer.place, |Located { place, .. }| place),
    }
}

fn unknown_tenant(context: &Context<'_>) -> Rule {
    let claimed = context.claims.as_ref().and_then(|claims| claims.tenant.as_deref());
    let known = || context.source.tenants.iter().map(|tenant| tenant.id.as_str());
    match Report::new().suggest(claimed.unwrap_or_default(), known()) {
        Some(near) => Rule::new(format!("a tenant of the policy; {near}")),
        None => Rule::new(format!("a tenant of the policy: {}", listed(known()))),
    }
}

/// A name of the core as text.
trait AsText {
    fn text(&self) -> &str;
}

impl AsText for tenantguard::identity::TenantId {
    fn text(&self) -> &str {
        self.as_str()
    }
}

impl AsText for tenantguard::identity::RoleName {
    fn text(&self) -> &str {
        self.as_str()
    }
}
