//! The rows of all sections, and the artifact that they make.

use tenantguard::artifact::layout::{
    Candidate, Delegation, Edge, Entry, Header, Host, MAGIC, Method, Name, Node, Override, Role,
    Route, Scope, Section, Span, Tenant, VERSION,
};
use tenantguard::artifact::{PolicyDigest, content_digest};
use zerocopy::{Immutable, IntoBytes};

use super::CompileError;
use super::sets::Sets;
use super::texts::Texts;

/// What has been compiled so far.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) texts: Texts,
    pub(super) settings: Vec<u8>,
    pub(super) permissions: Vec<Name>,
    pub(super) sets: Sets,
    pub(super) roles: Vec<Role>,
    pub(super) scopes: Vec<Scope>,
    pub(super) tenants: Vec<Tenant>,
    pub(super) overrides: Vec<Override>,
    pub(super) overrides_of: Vec<Span>,
    pub(super) routes: Vec<Route>,
    pub(super) methods: Vec<Method>,
    pub(super) hosts: Vec<Host>,
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) delegations: Vec<Delegation>,
    pub(super) principals: Vec<Name>,
    pub(super) files: Vec<Name>,
    pub(super) tenant_index: Vec<u8>,
    pub(super) role_index: Vec<u8>,
    pub(super) scope_index: Vec<u8>,
    pub(super) edge_index: Vec<u8>,
}

/// The position of what comes next in a section.
pub(super) fn position<T>(rows: &[T]) -> Result<u32, CompileError> {
    u32::try_from(rows.len()).map_err(|_| CompileError::TooLarge)
}

/// Appends rows that stand side by side.
pub(super) fn append<T>(
    rows: &mut Vec<T>,
    more: impl IntoIterator<Item = T>,
) -> Result<Span, CompileError> {
    let start = position(rows)?;
    rows.extend(more);
    let count = position(rows)? - start;
    Ok(Span { start: start.into(), count: count.into() })
}

impl Tables {
    /// Puts the sections together.
    pub(super) fn assemble(&self, policy: PolicyDigest) -> Result<Vec<u8>, CompileError> {
        let count = |n: usize| u32::try_from(n).map_err(|_| CompileError::TooLarge);
        let mut offset = size_of::<Header>() + Section::ALL.len() * size_of::<Entry>();
        let mut content = Vec::new();
        for section in Section::ALL {
            let length = self.section(section).len();
            let (kind, at) = ((section as u32).into(), count(offset)?.into());
            let entry = Entry { kind, offset: at, length: count(length)?.into() };
            content.extend_from_slice(entry.as_bytes());
            offset = offset.checked_add(length).ok_or(CompileError::TooLarge)?;
        }
        for section in Section::ALL {
            content.extend_from_slice(self.section(section));
        }
        count(offset)?;
        let header = Header {
            magic: MAGIC,
            version: VERSION.into(),
            sections: count(Section::ALL.len())?.into(),
            policy: policy.0,
            content: content_digest(policy, &content),
            is_signed: 0.into(),
            signature: [0; 64],
        };
        Ok([header.as_bytes(), &content].concat())
    }

    fn section(&self, section: Section) -> &[u8] {
        match section {
            Section::Texts => self.texts.as_bytes(),
            Section::Settings => &self.settings,
            Section::Permissions => bytes(&self.permissions),
            Section::Sets => bytes(self.sets.words()),
            Section::Roles => bytes(&self.roles),
            Section::Scopes => bytes(&self.scopes),
            Section::Tenants => bytes(&self.tenants),
            Section::Overrides => bytes(&self.overrides),
            Section::OverridesOf => bytes(&self.overrides_of),
            Section::Routes => bytes(&self.routes),
            Section::Methods => bytes(&self.methods),
            Section::Hosts => bytes(&self.hosts),
            Section::Nodes => bytes(&self.nodes),
            Section::Edges => bytes(&self.edges),
            Section::Candidates => bytes(&self.candidates),
            Section::Delegations => bytes(&self.delegations),
            Section::Principals => bytes(&self.principals),
            Section::Files => bytes(&self.files),
            Section::TenantIndex => &self.tenant_index,
            Section::RoleIndex => &self.role_index,
            Section::ScopeIndex => &self.scope_index,
            Section::EdgeIndex => &self.edge_index,
        }
    }
}

fn bytes<T: IntoBytes + Immutable>(rows: &[T]) -> &[u8] {
    rows.as_bytes()
}
