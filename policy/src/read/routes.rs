//! The section `routes`.

use tenantguard::artifact::route::{Method, Usage};
use tenantguard::artifact::template::Template;
use tenantguard::identity::PermissionName;

use super::fields::{At, Fields};
use super::{resource, shapes, sizes, standing, values, words};
use crate::finding::{Code, Finding};
use crate::place::{Located, Quoted};
use crate::report::Report;
use crate::source::{Access, Route};
use crate::tree::Kind;

/// The methods of a public route that lists none.
const READING: [&str; 2] = ["GET", "HEAD"];

const NO_METHOD: &str = "this route has no method";

pub(super) fn all(at: &At<'_>, report: &mut Report) -> Option<Vec<Route>> {
    let Kind::List(nodes) = &at.node.kind else {
        return at.wrong_type("a list of routes", report);
    };
    values::not_empty(at, "without routes nothing is permitted", "add a route", report);
    Some(at.items(nodes).filter_map(|at| route(&at, report)).collect())
}

fn route(at: &At<'_>, report: &mut Report) -> Option<Route> {
    let fields = Fields::of(at, &shapes::ROUTE, report)?;
    let template = fields.required("path", report).and_then(|at| template(&at, report));
    let public = fields.optional("public").map(|at| values::boolean(&at, report));
    let usage = fields
        .optional("usage")
        .and_then(|at| values::word(&at, words::USAGES, Code::UnknownValue, report));
    let mode = fields
        .optional("mode")
        .and_then(|at| values::word(&at, words::MODES, Code::UnknownValue, report));
    let hosts =
        fields.optional("hosts").and_then(|at| resource::hosts(&at, report)).unwrap_or_default();
    let body_limit = fields.optional("body").and_then(|at| sizes::body(&at, report));
    // A broken `public` has its finding; what else the route says cannot be judged by it.
    let is_public = public.unwrap_or(Some(false))?;
    let access = match is_public {
        true => public_access(&fields, report),
        false => tenant_access(&fields, report),
    };
    let standing = standing::of_route(&fields, is_public, report);
    let default = if is_public { Usage::None } else { Usage::ApiCall };
    Some(Route {
        place: at.place(),
        template,
        hosts,
        access,
        usage: usage.unwrap_or(default),
        mode: mode.unwrap_or_default(),
        body_limit,
        on_stale: standing.on_stale,
        revocation: standing.revocation,
        streams: standing.streams,
    })
}

fn template(at: &At<'_>, report: &mut Report) -> Option<Located<Template>> {
    let text = values::text(at, "a path such as /api/v1/reports/{report}", report)?;
    match Template::parse(text) {
        Ok(value) => Some(Located { value, place: at.place() }),
        Err(error) => {
            let message = format!("{} is not a path template: {error}", Quoted(text));
            report.refuse(Code::InvalidPath, &at.place(), message)
        }
    }
}

fn public_access(fields: &Fields<'_>, report: &mut Report) -> Access {
    if let Some(at) = fields.optional("resource_tenant") {
        let message = "a public route has no tenant, so nobody's data can be named";
        let finding = Finding::new(Code::Conflict, at.key_place(), message);
        report.push(finding.help("remove `resource_tenant`, or `public: true`"));
    }
    let Some(at) = fields.optional("methods") else {
        return Access::Public(READING.iter().filter_map(|m| Method::parse(m)).collect());
    };
    if let Kind::Map(_) = at.node.kind {
        let message = "a public route asks for no permissions";
        let finding = Finding::new(Code::Conflict, at.key_place(), message);
        report.push(
            finding
                .help("list the methods, as in `methods: [GET, POST]`, or remove `public: true`"),
        );
        return Access::Public(Vec::new());
    }
    let methods = values::list(&at, method, report);
    values::not_empty(&at, NO_METHOD, "add a method, such as GET", report);
    Access::Public(methods.into_iter().flatten().map(|method| method.value).collect())
}

fn tenant_access(fields: &Fields<'_>, report: &mut Report) -> Access {
    let methods = fields.required("methods", report).and_then(|at| permissions(&at, report));
    let resource_tenant =
        fields.optional("resource_tenant").and_then(|at| resource::tenant(&at, report));
    Access::Tenant { methods: methods.unwrap_or_default(), resource_tenant }
}

type Permissions = Vec<(Method, Located<PermissionName>)>;

fn permissions(at: &At<'_>, report: &mut Report) -> Option<Permissions> {
    let entries = match &at.node.kind {
        Kind::Map(entries) => entries,
        Kind::List(_) => {
            let message = "each method of this route needs a permission";
            let finding = Finding::new(Code::WrongType, at.place(), message);
            report
                .push(finding.help("write `methods: {GET: reports:read}`, or add `public: true`"));
            return None;
        }
        _ => return at.wrong_type("a map from methods to permissions", report),
    };
    values::not_empty(at, NO_METHOD, "add a method with its permission", report);
    let mut methods = Vec::with_capacity(entries.len());
    for entry in entries {
        let at = at.entry(entry);
        let name = parse_method(&entry.key, at.key_place(), report);
        let permission = values::permission(&at, report);
        methods.extend(name.map(|name| name.value).zip(permission));
    }
    Some(methods)
}

fn method(at: &At<'_>, report: &mut Report) -> Option<Located<Method>> {
    let text = values::text(at, "a method such as GET", report)?;
    parse_method(text, at.place(), report)
}

fn parse_method(
    text: &str,
    place: crate::place::Place,
    report: &mut Report,
) -> Option<Located<Method>> {
    if let Some(value) = Method::parse(text) {
        return Some(Located { value, place });
    }
    let upper = text.to_ascii_uppercase();
    let help = Method::parse(&upper).map(|_| format!("methods are in upper case: {upper}"));
    let message = format!("{} is not a method", Quoted(text));
    report.push(Finding::new(Code::InvalidMethod, place, message).maybe_help(help));
    None
}
