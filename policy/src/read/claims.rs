//! An issuer's `claims`: where tenant, principal, roles and scope stand, what must be there, and
//! what never leaves the gate. A claim is named, or pointed at by a JSON Pointer (RFC 6901).

use tenantguard::identity::{RoleName, TenantId};
use tenantguard::trust::ClaimPath;

use super::fields::{At, Fields};
use super::shapes::{self, Shape};
use super::values;
use crate::finding::{Code, Finding};
use crate::place::{Located, Quoted};
use crate::report::Report;
use crate::source::{Claims, PrincipalFrom, RolesFrom, TenantFrom};
use crate::tree::Kind;

/// The longest domain (RFC 1035, section 2.3.4), and the longest part of one.
const DOMAIN_LIMIT: usize = 253;
const LABEL_LIMIT: usize = 63;

pub(super) fn all(at: &At<'_>, report: &mut Report) -> Option<Claims> {
    let fields = Fields::of(at, &shapes::CLAIMS, report)?;
    let list = |name, report: &mut Report| {
        let at = fields.optional(name);
        at.and_then(|at| values::list(&at, claim, report)).unwrap_or_default()
    };
    Some(Claims {
        tenant: fields.optional("tenant").and_then(|at| tenant(&at, report)),
        principal: fields.optional("principal").and_then(|at| principal(&at, report)),
        roles: fields.optional("roles").and_then(|at| {
            let value = roles(&at, report)?;
            Some(Located { value, place: at.key_place() })
        }),
        scope: fields.optional("scope").and_then(|at| claim(&at, report)),
        required: list("required", report),
        drop: list("drop", report),
    })
}

/// A claim, by name or pointer.
fn claim(at: &At<'_>, report: &mut Report) -> Option<Located<ClaimPath>> {
    let text = values::text(at, "the name of a claim, or a JSON Pointer to it,", report)?;
    match ClaimPath::parse(text) {
        Ok(value) => Some(Located { value, place: at.place() }),
        Err(error) => {
            let message = format!("{} does not say where a claim stands: it {error}", Quoted(text));
            let finding = Finding::new(Code::InvalidClaim, at.place(), message);
            report.push(finding.help(
                "write a name such as groups, or a JSON Pointer such as /realm_access/roles",
            ));
            None
        }
    }
}

/// A source is a claim alone, or a map that says more.
enum Form<'a> {
    Alone(Located<ClaimPath>),
    Map(Fields<'a>),
}

fn form<'a>(at: &At<'a>, shape: &Shape, report: &mut Report) -> Option<Form<'a>> {
    match at.node.kind {
        Kind::Map(_) => Fields::of(at, shape, report).map(Form::Map),
        _ => claim(at, report).map(Form::Alone),
    }
}

fn claim_of(fields: &Fields<'_>, report: &mut Report) -> Option<Located<ClaimPath>> {
    fields.required("claim", report).and_then(|at| claim(&at, report))
}

fn tenant(at: &At<'_>, report: &mut Report) -> Option<TenantFrom> {
    let fields = match form(at, &shapes::CLAIM_OF_TENANT, report)? {
        Form::Alone(claim) => return Some(TenantFrom::Claim(claim)),
        Form::Map(fields) => fields,
    };
    let Some(constant) = fields.optional("constant") else {
        return claim_of(&fields, report).map(TenantFrom::Claim);
    };
    if fields.has("claim") {
        let message = "the tenant is always the same, and is taken from a claim too";
        let finding = Finding::new(Code::Conflict, constant.key_place(), message);
        report.push(finding.help("keep either `claim` or `constant`"));
        return None;
    }
    values::name(&constant, "a tenant", TenantId::parse, report).map(TenantFrom::Constant)
}

fn principal(at: &At<'_>, report: &mut Report) -> Option<PrincipalFrom> {
    let fields = match form(at, &shapes::CLAIM_OF_PRINCIPAL, report)? {
        Form::Alone(claim) => return Some(PrincipalFrom { claim, domains: None }),
        Form::Map(fields) => fields,
    };
    let claim = claim_of(&fields, report);
    let domains = fields.optional("domains").map(|at| {
        let help = "name the domains whose addresses are this issuer's own";
        values::not_empty(&at, "without domains no address is good", help, report);
        values::list(&at, domain, report).unwrap_or_default()
    });
    Some(PrincipalFrom { claim: claim?, domains })
}

/// The domain of an e-mail address, in lower case. Only ASCII: a look-alike letter is another
/// domain.
fn domain(at: &At<'_>, report: &mut Report) -> Option<Located<Box<str>>> {
    let text = values::text(at, "a domain such as partnerco.example", report)?;
    let is_label = |label: &str| {
        (1..=LABEL_LIMIT).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() <= DOMAIN_LIMIT && text.split('.').all(is_label) {
        return Some(Located { value: text.to_ascii_lowercase().into(), place: at.place() });
    }
    let message = format!("{} is not the domain of an e-mail address", Quoted(text));
    let help = match text.is_ascii() {
        true => "write what follows the @, such as partnerco.example",
        false => "write it in ASCII: its parts with other letters begin with xn--",
    };
    report.push(Finding::new(Code::InvalidDomain, at.place(), message).help(help));
    None
}

fn roles(at: &At<'_>, report: &mut Report) -> Option<RolesFrom> {
    let fields = match form(at, &shapes::CLAIM_OF_ROLES, report)? {
        Form::Alone(claim) => return Some(RolesFrom { claim, map: None }),
        Form::Map(fields) => fields,
    };
    let claim = claim_of(&fields, report);
    let map = fields.optional("map").map(|at| role_map(&at, report).unwrap_or_default());
    Some(RolesFrom { claim: claim?, map })
}

fn role_map(at: &At<'_>, report: &mut Report) -> Option<Vec<(String, Located<RoleName>)>> {
    let entries = at.map("a map from the issuer's names to roles", report)?;
    let help = "map a name to a role, or leave `map` out where the issuer's names are ours";
    values::not_empty(at, "this map gives nobody a role", help, report);
    let role = |entry| {
        let role = values::name(&at.entry(entry), "a role", RoleName::parse, report)?;
        Some((entry.key.clone(), role))
    };
    Some(entries.iter().filter_map(role).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Node;

    fn read(text: &str) -> Option<String> {
        let node = Node { span: None, kind: Kind::Text(text.to_owned()) };
        let mut report = Report::new();
        let domain = domain(&At::root(&node), &mut report).map(|domain| domain.value.into());
        assert_eq!(domain.is_some(), report.is_empty());
        domain
    }

    #[test]
    fn a_domain_is_ascii_and_has_one_spelling() {
        assert_eq!(read("PartnerCo.Example").as_deref(), Some("partnerco.example"));
        assert_eq!(read("xn--bcher-kva.example").as_deref(), Some("xn--bcher-kva.example"));
        let long = format!("{}.example", "a".repeat(64));
        for bad in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "@a.b",
            "x@a.b",
            "*.a",
            "-a.b",
            "a-.b",
            "a b",
            "bücher.de",
            &long,
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
