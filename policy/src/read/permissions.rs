//! The sections `roles`, `overrides` and `scopes`: who may do what.

use tenantguard::identity::{RoleName, TenantId};

use super::fields::{At, Fields};
use super::{shapes, values};
use crate::finding::{Code, Finding};
use crate::place::{Located, Quoted};
use crate::report::Report;
use crate::source::{Override, Pattern, Role, Scope};
use crate::tree::Kind;

pub(super) fn roles(at: &At<'_>, report: &mut Report) -> Option<Vec<Role>> {
    let entries = at.map("the roles (a map from names to roles)", report)?;
    let mut roles = Vec::with_capacity(entries.len());
    for entry in entries {
        let at = at.entry(entry);
        let name = values::key_name(&entry.key, &at, "a role", RoleName::parse, report);
        let (extends, permissions) = role(&at, report).unwrap_or_default();
        if let Some(name) = name {
            let place = name.place.clone();
            roles.push(Role { name, place, extends, permissions });
        }
    }
    Some(roles)
}

type RoleBody = (Vec<Located<RoleName>>, Vec<Located<Pattern>>);

fn role(at: &At<'_>, report: &mut Report) -> Option<RoleBody> {
    let fields = Fields::of(at, &shapes::ROLE, report)?;
    let role =
        |at: &At<'_>, report: &mut Report| values::name(at, "a role", RoleName::parse, report);
    let extends = fields.optional("extends").and_then(|at| values::list(&at, role, report));
    if !fields.has("extends") && !fields.has("permissions") {
        fields.required("permissions", report);
    }
    Some((extends.unwrap_or_default(), patterns(&fields, "permissions", report)))
}

pub(super) fn patterns(
    fields: &Fields<'_>,
    name: &str,
    report: &mut Report,
) -> Vec<Located<Pattern>> {
    let list = fields.optional(name).and_then(|at| values::list(&at, values::pattern, report));
    list.unwrap_or_default()
}

pub(super) fn overrides(at: &At<'_>, report: &mut Report) -> Option<Vec<Override>> {
    let Kind::List(nodes) = &at.node.kind else {
        return at.wrong_type("a list of overrides", report);
    };
    Some(at.items(nodes).filter_map(|at| one_override(&at, report)).collect())
}

fn one_override(at: &At<'_>, report: &mut Report) -> Option<Override> {
    let fields = Fields::of(at, &shapes::OVERRIDE, report)?;
    let tenant = fields.required("tenant", report);
    let role = fields.required("role", report);
    if !fields.has("grant") && !fields.has("deny") {
        let message = "this override neither grants nor denies anything";
        let finding = Finding::new(Code::MissingField, at.place(), message);
        report.push(finding.help("add `grant: [...]` or `deny: [...]`"));
    }
    Some(Override {
        place: at.place(),
        tenant: tenant.and_then(|at| values::name(&at, "a tenant", TenantId::parse, report)),
        role: role.and_then(|at| values::name(&at, "a role", RoleName::parse, report)),
        grant: patterns(&fields, "grant", report),
        deny: patterns(&fields, "deny", report),
    })
}

pub(super) fn scopes(at: &At<'_>, report: &mut Report) -> Option<Vec<Scope>> {
    let entries = at.map("the scopes (a map from aliases to lists of permissions)", report)?;
    let mut scopes = Vec::with_capacity(entries.len());
    for entry in entries {
        let at = at.entry(entry);
        let permissions = values::list(&at, values::pattern, report).unwrap_or_default();
        if let Some(alias) = scope_token(&entry.key, &at, report) {
            scopes.push(Scope { alias, permissions });
        }
    }
    Some(scopes)
}

/// A scope as a token spells it (RFC 6749, section 3.3). `*` is never honoured, so none may have it.
fn scope_token(key: &str, at: &At<'_>, report: &mut Report) -> Option<Located<String>> {
    let is_allowed = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e) && b != b'*';
    let place = at.key_place();
    if key.is_empty() || key.len() > 128 || !key.bytes().all(is_allowed) {
        let message = format!("{} cannot be a scope", Quoted(key));
        let help = "a scope is visible ASCII without quotes, backslash and `*`, at most 128 bytes";
        report.push(Finding::new(Code::InvalidName, place, message).help(help));
        return None;
    }
    Some(Located { value: key.to_owned(), place })
}
