//! From a tree to a [`Source`]: field by field, collecting everything that is wrong.
//!
//! What could not be read is left out or takes its default, so that the checks that follow still
//! find what else is wrong. `shapes` lists all fields; `fields` reads maps with them, `values` single values.

mod certificates;
mod claims;
mod delegations;
mod fields;
mod issuers;
mod keys;
mod permissions;
mod request;
mod resource;
mod routes;
pub(crate) mod shapes;
mod sizes;
mod standing;
#[cfg(feature = "what-if")]
pub(crate) mod suite;
mod tenants;
mod token;
mod values;
mod wildcards;
pub(crate) mod words;

use tenantguard::credential::TokenSource;
use tenantguard::delegation::CrossTenantRules;
use tenantguard::headers::HeaderNames;
use tenantguard::identity::CellName;
use tenantguard::limits::Limits;
use tenantguard::path::PathRules;

use self::fields::{At, Fields};
use crate::finding::{Code, Finding};
use crate::place::{Path, Quoted};
use crate::report::Report;
use crate::source::Source;
use crate::tree::{Kind, Node};

/// The version of the language that this build reads.
pub(crate) const VERSION: i64 = 1;
/// The cell of tenants that name none.
const DEFAULT_CELL: &str = "shared";

/// Reads a whole policy. `None`, with a finding, when so much is missing that checking the rest
/// would only mislead.
pub(crate) fn policy(root: &Node, report: &mut Report) -> Option<Source> {
    let at = At::root(root);
    check_version(&at, report)?;
    let fields = Fields::of(&at, &shapes::POLICY, report)?;
    let prefix = fields.optional("header_prefix").and_then(|at| values::header_prefix(&at, report));
    let cell = fields.optional("default_cell");
    let default_cell = match cell.map(|at| values::name(&at, "a cell", CellName::parse, report)) {
        Some(cell) => cell?.value,
        None => CellName::parse(DEFAULT_CELL).ok()?,
    };
    let rules = fields.optional("cross_tenant");
    let cross_tenant = match &rules {
        Some(at) => delegations::rules(at, report)?,
        None => CrossTenantRules::default(),
    };
    Some(Source {
        audiences: match fields.optional("audiences") {
            Some(at) => values::list(&at, values::identifier, report)?,
            None => Vec::new(),
        },
        default_cell,
        headers: match prefix {
            Some(names) => names,
            None => HeaderNames::new(HeaderNames::DEFAULT_PREFIX).ok()?,
        },
        token_source: match fields.optional("token") {
            Some(at) => token::source(&at, report)?,
            None => TokenSource::Authorization,
        },
        token_cache: match fields.optional("token_cache") {
            Some(at) => token::cache(&at, report)?,
            None => token::DEFAULT_CACHE,
        },
        paths: match fields.optional("paths") {
            Some(at) => request::paths(&at, report)?,
            None => PathRules::default(),
        },
        limits: match fields.optional("limits") {
            Some(at) => request::limits(&at, report)?,
            None => Limits::default(),
        },
        cross_tenant,
        require_token: rules.filter(|_| cross_tenant.require_token).map(|at| at.key_place()),
        issuers: section(&fields, "issuers", issuers::all, report)?,
        tenants: section(&fields, "tenants", tenants::all, report)?,
        tenant_roles: match fields.optional("tenant_roles") {
            Some(at) => Some(tenants::ceiling(&at, report)?),
            None => None,
        },
        roles: section(&fields, "roles", permissions::roles, report)?,
        overrides: section(&fields, "overrides", permissions::overrides, report)?,
        scopes: section(&fields, "scopes", permissions::scopes, report)?,
        routes: routes::all(&fields.required("routes", report)?, report)?,
        delegations: section(&fields, "delegations", delegations::all, report)?,
    })
}

/// A section that may be absent. `None` only if it is there and nothing of it could be read.
fn section<'a, T>(
    fields: &Fields<'a>,
    name: &'static str,
    read: fn(&At<'a>, &mut Report) -> Option<Vec<T>>,
    report: &mut Report,
) -> Option<Vec<T>> {
    match fields.optional(name) {
        Some(at) => read(&at, report),
        None => Some(Vec::new()),
    }
}

/// First of all: the fields of another version mean nothing here.
fn check_version(at: &At<'_>, report: &mut Report) -> Option<()> {
    if !matches!(at.node.kind, Kind::Map(_)) {
        return Some(());
    }
    let Some(entry) = at.node.get("version") else {
        let message = "the policy does not say the version of its language";
        let finding = Finding::new(Code::MissingField, at.place_of_key("version"), message);
        report.push(finding.help(format!("add `version: {VERSION}`")));
        return None;
    };
    let at = At::new(&entry.value, Path::root().key("version"), entry.key_span);
    let found = match &entry.value.kind {
        Kind::Integer(VERSION) => return Some(()),
        Kind::Refused => return None,
        Kind::Integer(other) => other.to_string(),
        Kind::Text(text) => Quoted(text).to_string(),
        other => other.describe().to_owned(),
    };
    let message = format!("this is version {found} of the language, which is not known here");
    let finding = Finding::new(Code::UnsupportedVersion, at.place(), message);
    report.push(finding.help(format!("write `version: {VERSION}`, or use a newer tenantguard")));
    None
}
