//! One route of the policy: which requests it covers and what it asks of them.

use std::fmt;
use std::time::Duration;

use super::host::HostFrame;
use super::layout::{self, NONE, Section};
use super::tables::Tables;
use super::{Policy, RouteId, SourceLine};
use crate::bytes::same;
use crate::permissions::PermissionId;
use crate::request::Mode;

/// The longest method name that is accepted, in bytes.
const METHOD_LIMIT: usize = 32;

/// An HTTP method in upper case (RFC 9110, section 9.1), such as `GET`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method(Box<str>);

impl Method {
    /// Accepts upper-case letters, `-` and `_`: methods are case-sensitive, and one that is not in
    /// upper case is a mistake.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_method = (1..=METHOD_LIMIT).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'));
        is_method.then(|| Self(text.into()))
    }

    /// The method as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A billable kind of use (design: one usage event for each permitted request).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Not billed: health checks, partner syncs.
    None,
    /// A call of the API.
    ApiCall,
    /// A write into storage.
    StorageWrite,
    /// A call under a delegation.
    CrossTenantDelegation,
}

impl Usage {
    /// Every kind, as the policy spells it.
    pub const ALL: [(&'static str, Self); 4] = [
        ("none", Self::None),
        ("api_call", Self::ApiCall),
        ("storage_write", Self::StorageWrite),
        ("cross_tenant_delegation", Self::CrossTenantDelegation),
    ];

    /// The kind as the policy and the usage event spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, usage)| *usage == self).map_or("none", |(name, _)| name)
    }
}

/// Where a request says whose data it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceTenant<'p> {
    /// It does not: the data is the acting tenant's.
    Acting,
    /// The path segment with this index.
    PathSegment(usize),
    /// The one header of this name, in lower case.
    Header(&'p str),
    /// The open label of the host.
    HostLabel,
    /// The token's `delegated_tenant_id`; without one, the acting tenant.
    Token,
}

/// What holds on a route when the copy of the control state is stale: past its lease, or behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnStale {
    /// The control service is asked about each request.
    #[default]
    Ask,
    /// Nothing is permitted.
    Deny,
    /// The copy decides alone for this long after it has become stale, and then nothing is
    /// permitted. What is revoked in that time is not refused.
    Allow(Duration),
}

/// Who says whether a token is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Revocation {
    /// The proxy's copy of the control state, within its lease.
    #[default]
    Copy,
    /// The control service, for each request.
    Ask,
}

/// What becomes of streams that are open when what let them in is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Streams {
    /// They are closed.
    #[default]
    Close,
    /// They are kept.
    Keep,
}

/// The route of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matched<'h> {
    /// The route.
    pub route: RouteId,
    /// What stands in the open label of its host, if it has one.
    pub label: Option<&'h str>,
}

/// A method that a route knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteMethod<'p> {
    /// Its name.
    pub name: &'p str,
    /// What it needs; nothing on a public route.
    pub permission: Option<PermissionId>,
}

/// One route, read in place.
#[derive(Clone, Copy)]
pub struct RouteRow<'p> {
    id: RouteId,
    row: &'p layout::Route,
    tables: &'p Tables,
}

impl Policy {
    /// A route by its id.
    #[must_use]
    pub fn route(&self, id: RouteId) -> Option<RouteRow<'_>> {
        let row = self.tables.rows(Section::Routes).get(id.0)?;
        Some(RouteRow { id, row, tables: &self.tables })
    }

    /// Every route.
    pub fn routes(&self) -> impl Iterator<Item = RouteRow<'_>> {
        let rows = self.tables.rows(Section::Routes).all();
        let tables = &self.tables;
        rows.iter().zip(0..).map(move |(row, id)| RouteRow { id: RouteId(id), row, tables })
    }
}

impl<'p> RouteRow<'p> {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> RouteId {
        self.id
    }

    /// The paths that it covers, as the policy wrote them.
    #[must_use]
    pub fn template(&self) -> &'p str {
        self.tables.text(self.row.template)
    }

    /// Whether it asks for no identity.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.row.is_public != 0
    }

    /// Whether its decisions are enforced, unless the proxy's route says otherwise. What is not
    /// known is enforced.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match self.row.mode {
            1 => Mode::Shadow,
            2 => Mode::Off,
            _ => Mode::Enforce,
        }
    }

    /// What a permitted request is billed as.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage::ALL.get(usize::from(self.row.usage)).map_or(Usage::None, |(_, usage)| *usage)
    }

    /// Where it says whose data it is.
    #[must_use]
    pub fn resource(&self) -> ResourceTenant<'p> {
        match self.row.resource {
            0 => ResourceTenant::Acting,
            1 => ResourceTenant::PathSegment(self.row.segment.get() as usize),
            2 => ResourceTenant::Header(self.tables.text(self.row.header)),
            3 => ResourceTenant::HostLabel,
            _ => ResourceTenant::Token,
        }
    }

    /// The longest body, in bytes, if there is a bound.
    #[must_use]
    pub fn body_limit(&self) -> Option<u64> {
        Some(self.row.body.get()).filter(|limit| *limit != u64::MAX)
    }

    /// What holds when the copy of the control state is stale. What is not known asks.
    #[must_use]
    pub fn on_stale(&self) -> OnStale {
        match self.row.on_stale {
            1 => OnStale::Deny,
            2 => OnStale::Allow(Duration::from_secs(self.row.stale_for.get().into())),
            _ => OnStale::Ask,
        }
    }

    /// Who says whether a token is revoked.
    #[must_use]
    pub fn revocation(&self) -> Revocation {
        if self.row.asks == 0 { Revocation::Copy } else { Revocation::Ask }
    }

    /// What becomes of open streams when what let them in is over.
    #[must_use]
    pub fn streams(&self) -> Streams {
        if self.row.keeps_streams == 0 { Streams::Close } else { Streams::Keep }
    }

    /// The methods that it knows, in the order of the policy.
    pub fn methods(&self) -> impl Iterator<Item = RouteMethod<'p>> + use<'p> {
        let tables = self.tables;
        let rows = tables.rows::<layout::Method>(Section::Methods).span(self.row.methods);
        rows.iter()
            .map(|row| RouteMethod { name: tables.text(row.name), permission: permission(row) })
    }

    /// A method, if the route knows it.
    #[must_use]
    pub fn method<'n>(&self, name: &'n str) -> Option<RouteMethod<'n>> {
        let rows = self.tables.rows::<layout::Method>(Section::Methods).span(self.row.methods);
        let row =
            rows.iter().find(|row| same(self.tables.text_bytes(row.name), name.as_bytes()))?;
        Some(RouteMethod { name, permission: permission(row) })
    }

    /// The hosts that it is for; any host if there are none.
    pub fn hosts(&self) -> impl Iterator<Item = HostFrame<'p>> + use<'p> {
        let tables = self.tables;
        let rows = tables.rows::<layout::Host>(Section::Hosts).span(self.row.hosts);
        rows.iter().map(|row| HostRow::new(tables, row).frame())
    }

    /// Where it stands in the source.
    #[must_use]
    pub fn line(&self) -> Option<SourceLine<'p>> {
        SourceLine::of(self.tables, self.row.line)
    }
}

impl fmt::Debug for RouteRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RouteRow").field(&self.id.0).field(&self.template()).finish()
    }
}

fn permission(row: &layout::Method) -> Option<PermissionId> {
    Some(row.permission.get()).filter(|id| *id != NONE).map(PermissionId)
}

/// A host of a route, read in place.
pub(super) struct HostRow<'p> {
    row: &'p layout::Host,
    tables: &'p Tables,
}

impl<'p> HostRow<'p> {
    pub(super) fn new(tables: &'p Tables, row: &'p layout::Host) -> Self {
        Self { row, tables }
    }

    pub(super) fn frame(&self) -> HostFrame<'p> {
        let before = self.tables.text(self.row.before);
        match self.row.has_label {
            0 => HostFrame::Whole(before),
            _ => HostFrame::Around { before, after: self.tables.text(self.row.after) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_method_is_in_upper_case() {
        assert!(Method::parse("GET").is_some());
        assert!(Method::parse("M-SEARCH").is_some());
        for bad in ["", "get", "G T", "GET\n", &"A".repeat(33)] {
            assert!(Method::parse(bad).is_none(), "{bad:?}");
        }
    }
}
