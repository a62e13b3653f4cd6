//! The sections of routes: what each asks, and the trie that finds it.

use tenantguard::artifact::host::{HostFrame, HostPattern};
use tenantguard::artifact::layout::{self, NONE, Span};
use tenantguard::artifact::route::{OnStale, Revocation, Streams, Usage};
use tenantguard::request::Mode;

use super::tables::{Tables, append, position};
use super::trie::{Place, Trie};
use super::{CompileError, Input};
use crate::source::{Access, ResourceTenant, Route};

/// Writes all routes, sorted by their paths and hosts.
pub(super) fn write(input: &Input<'_>, tables: &mut Tables) -> Result<(), CompileError> {
    let mut routes: Vec<&Route> = input.source.routes.iter().collect();
    routes.sort_by_key(|route| (route.template.as_ref().map(|t| &t.value), hosts_of(route)));
    let mut trie = Trie::default();
    for route in routes {
        let Some(template) = &route.template else { continue };
        let id = position(&tables.routes)?;
        let hosts = write_hosts(route, tables)?;
        let line = input.line(&route.place);
        let row = write_route(input, route, hosts, line, tables)?;
        for host in candidates(route, hosts) {
            trie.insert(template.value.segments(), Place { route: id, ..host });
        }
        tables.routes.push(row);
    }
    trie.write(tables)
}

fn hosts_of(route: &Route) -> Vec<&HostPattern> {
    route.hosts.iter().map(|host| &host.value).collect()
}

/// A candidate for each host, or one for any.
fn candidates(route: &Route, hosts: Span) -> Vec<Place> {
    let positions = hosts.start.get()..;
    let each = route.hosts.iter().zip(positions).map(|(pattern, host)| {
        let is_open = pattern.value.parameter().is_some();
        Place { rank: if is_open { 1 } else { 0 }, host, route: NONE }
    });
    let each: Vec<Place> = each.collect();
    if each.is_empty() { vec![Place { rank: 2, host: NONE, route: NONE }] } else { each }
}

fn write_hosts(route: &Route, tables: &mut Tables) -> Result<Span, CompileError> {
    let mut rows = Vec::with_capacity(route.hosts.len());
    for host in &route.hosts {
        let (before, after, has_label) = match host.value.frame() {
            HostFrame::Whole(text) => (text, "", 0),
            HostFrame::Around { before, after } => (before, after, 1),
        };
        let (before, after) = (tables.texts.add(before)?, tables.texts.add(after)?);
        rows.push(layout::Host { before, after, has_label });
    }
    append(&mut tables.hosts, rows)
}

fn write_route(
    input: &Input<'_>,
    route: &Route,
    hosts: Span,
    line: layout::Line,
    tables: &mut Tables,
) -> Result<layout::Route, CompileError> {
    let template = route.template.as_ref().map(|template| &template.value);
    let (resource, segment, header) = resource(route);
    let usage = Usage::ALL.iter().position(|(_, usage)| *usage == route.usage);
    let (on_stale, stale_for) = match route.on_stale {
        OnStale::Ask => (0, 0),
        OnStale::Deny => (1, 0),
        OnStale::Allow(cap) => (2, u32::try_from(cap.as_secs()).unwrap_or(u32::MAX)),
    };
    Ok(layout::Route {
        template: tables.texts.add(template.map_or("", |template| template.as_str()))?,
        is_public: u8::from(matches!(route.access, Access::Public(_))),
        mode: match route.mode {
            Mode::Enforce => 0,
            Mode::Shadow => 1,
            Mode::Off => 2,
        },
        usage: usage.and_then(|at| u8::try_from(at).ok()).unwrap_or(0),
        resource,
        segment: segment.into(),
        header: tables.texts.add(header)?,
        methods: write_methods(input, route, tables)?,
        hosts,
        body: route.body_limit.or(input.source.limits.body).unwrap_or(u64::MAX).into(),
        on_stale,
        stale_for: stale_for.into(),
        asks: u8::from(route.revocation == Revocation::Ask),
        keeps_streams: u8::from(route.streams == Streams::Keep),
        line,
    })
}

/// Sorted by name.
fn write_methods(
    input: &Input<'_>,
    route: &Route,
    tables: &mut Tables,
) -> Result<Span, CompileError> {
    let mut methods: Vec<(&str, u32)> = match &route.access {
        Access::Public(methods) => methods.iter().map(|name| (name.as_str(), NONE)).collect(),
        Access::Tenant { methods, .. } => {
            let permission = |name| input.resolved.declared.id(name).map(|id| id.0);
            let known = methods
                .iter()
                .filter_map(|(method, needed)| Some((method.as_str(), permission(&needed.value)?)));
            known.collect()
        }
    };
    methods.sort_unstable();
    let mut rows = Vec::with_capacity(methods.len());
    for (name, permission) in methods {
        let name = tables.texts.add(name)?;
        rows.push(layout::Method { name, permission: permission.into() });
    }
    append(&mut tables.methods, rows)
}

/// Where the resource tenant is named, with the path segment or header if it is one.
fn resource(route: &Route) -> (u8, u32, &str) {
    let named = match &route.access {
        Access::Public(_) => None,
        Access::Tenant { resource_tenant, .. } => resource_tenant.as_ref(),
    };
    match named.map(|named| &named.value) {
        None => (0, 0, ""),
        Some(ResourceTenant::Path(name)) => {
            let template = route.template.as_ref();
            let at = template.and_then(|template| template.value.parameter(name));
            (1, at.and_then(|at| u32::try_from(at).ok()).unwrap_or(NONE), "")
        }
        Some(ResourceTenant::Header(name)) => (2, 0, name),
        Some(ResourceTenant::HostLabel(_)) => (3, 0, ""),
        Some(ResourceTenant::Token) => (4, 0, ""),
    }
}
