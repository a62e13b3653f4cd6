//! Why somebody may do what a route asks for, or may not: roles and scopes, and who could.

use tenantguard::decision::Reason;
use tenantguard::identity::PermissionName;
use tenantguard::trust::Authority;

use super::Rule;
use super::context::Context;
use super::roles::{Question, covers};
use super::rule::listed;
use crate::place::Place;
use crate::source::{Listed, Scope};

pub(super) fn given(context: &Context<'_>) -> Vec<Rule> {
    let (Some(question), Some((_, issuer))) = (question(context), context.issuer) else {
        return Vec::new();
    };
    let mut rules = match issuer.authority {
        Authority::Scopes => Vec::new(),
        Authority::Roles | Authority::RolesAndScopes => question.holding(context.roles()).rules(),
    };
    if issuer.authority != Authority::Roles {
        rules.extend(scope_rules(context, question.permission));
    }
    rules
}

pub(super) fn refused(context: &Context<'_>) -> (Vec<Rule>, Vec<Rule>) {
    match (context.decided.reason(), question(context)) {
        (Reason::PermissionMissing, Some(question)) => {
            (roles_held(context, question), roles_needed(context, question))
        }
        (Reason::ScopeMissing, Some(question)) => {
            (scopes_held(context), scopes_needed(context, question.permission))
        }
        _ => (Vec::new(), Vec::new()),
    }
}

fn question<'a>(context: &Context<'a>) -> Option<Question<'a>> {
    let permission = &context.permission()?.value;
    Some(Question { source: context.source, tenant: context.acting()?, permission })
}

/// What the roles at hand do. Where they do nothing, which ones they are.
fn roles_held(context: &Context<'_>, question: Question<'_>) -> Vec<Rule> {
    let roles = context.roles();
    let rules = question.holding(roles.iter().copied()).rules();
    if !rules.is_empty() {
        return rules;
    }
    vec![Rule::new(match roles.as_slice() {
        [] => "the token has no role that the policy knows".to_owned(),
        [role] => format!("its only role is {role}"),
        several => format!("its roles are {}", listed(several)),
    })]
}

fn roles_needed(context: &Context<'_>, question: Question<'_>) -> Vec<Rule> {
    let (permission, tenant) = (question.permission, &question.tenant.id);
    let holders = question.holders();
    let is_denied = !question.holding(context.roles()).denies.is_empty();
    if is_denied && !holders.is_empty() {
        let names = listed(holders.iter().map(|(name, _)| *name));
        return vec![Rule::new(format!(
            "no role to which {tenant} denies it, and one that holds {permission} there: {names}"
        ))];
    }
    let Some((_, place)) = holders.first() else {
        let elsewhere = listed(question.granted_to());
        return vec![Rule::new(match elsewhere.is_empty() {
            true => format!("a role that holds {permission}; none does"),
            false => format!(
                "a role that holds {permission} in {tenant}; none does there, elsewhere {elsewhere}"
            ),
        })];
    };
    let text = format!(
        "a role that holds {permission}: {}",
        listed(holders.iter().map(|(name, _)| *name))
    );
    let mut needs = vec![Rule { text, place: place.clone() }];
    needs.extend(issuer_limit(context, &holders));
    needs
}

/// If the issuer may give only some of the roles that would do, which ones it may.
fn issuer_limit(context: &Context<'_>, holders: &[(&str, Option<Place>)]) -> Option<Rule> {
    let (issuer, _) = context.issuer?;
    let Listed::These(roles) = &issuer.roles else { return None };
    let may_give =
        |(name, _): &(&str, Option<Place>)| roles.iter().any(|role| role.value.as_str() == *name);
    if holders.iter().all(may_give) {
        return None;
    }
    let may = listed(roles.iter().map(|role| role.value.as_str()));
    let place = roles.first().map_or(&issuer.place, |role| &role.place);
    Some(Rule::at(format!("and {} may give only {may}", issuer.name), place))
}

/// The scopes that give the permission.
fn scope_rules(context: &Context<'_>, permission: &PermissionName) -> Vec<Rule> {
    let held = context.claims.as_ref().and_then(|claims| claims.scopes.as_ref());
    let rules = held.into_iter().flatten().filter_map(|scope| {
        if scope == permission.as_str() {
            return Some(Rule::new(format!("scope {scope} gives it")));
        }
        let alias = context.source.scopes.iter().find(|alias| alias.alias.value == *scope)?;
        let place = gives(alias, permission)?;
        Some(Rule::at(format!("scope {scope} stands for it"), place))
    });
    rules.collect()
}

/// Where the alias names the permission.
fn gives<'s>(alias: &'s Scope, permission: &PermissionName) -> Option<&'s Place> {
    let mut patterns = alias.permissions.iter();
    patterns.find(|pattern| covers(&pattern.value, permission)).map(|pattern| &pattern.place)
}

fn scopes_held(context: &Context<'_>) -> Vec<Rule> {
    let scopes = context.claims.as_ref().and_then(|claims| claims.scopes.as_ref());
    let named: Vec<&String> = scopes.into_iter().flatten().filter(|s| !s.is_empty()).collect();
    vec![Rule::new(match named.as_slice() {
        [] => "the token has no scope".to_owned(),
        named => format!("its scope is {}", listed(named)),
    })]
}

fn scopes_needed(context: &Context<'_>, permission: &PermissionName) -> Vec<Rule> {
    let mut needs = vec![Rule::new(format!("the scope {permission} in the token"))];
    let aliases = context.source.scopes.iter();
    needs.extend(aliases.filter_map(|alias| {
        let place = gives(alias, permission)?;
        Some(Rule::at(format!("or {}, which stands for it", alias.alias.value), place))
    }));
    needs
}
