//! How a compiled policy stands in bytes: a header, a directory of sections, and in each section
//! rows of one kind. Little endian, no padding, no alignment, so that it is read where it lies.
//!
//! Rows refer to each other by position and to names by their place in the section of texts. A row
//! is plain data: what it says counts only after `check` has held it against everything else.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::bytes::last_word;

/// What an artifact begins with.
pub const MAGIC: [u8; 8] = *b"TNTGUARD";
/// The version of this layout. Another one is refused.
pub const VERSION: u32 = 4;
/// Stands where a position may be missing.
pub const NONE: u32 = u32::MAX;
/// What is signed begins with this, so that the signature is good for nothing else.
pub const SIGNED_CONTEXT: &[u8] = b"tenantguard policy artifact v1\0";

macro_rules! row {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
        #[repr(C)]
        #[allow(missing_docs, reason = "the field's name says it")]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

row! {
    /// The beginning of every artifact.
    Header {
        magic: [u8; 8],
        version: U32,
        /// How many sections there are.
        sections: U32,
        /// The SHA-256 digest of the policy's source in canonical form.
        policy: [u8; 32],
        /// The SHA-256 digest of `policy` and everything after the header.
        content: [u8; 32],
        /// 1 if `signature` means something.
        is_signed: U32,
        /// Ed25519 over [`SIGNED_CONTEXT`], `policy` and `content`.
        signature: [u8; 64],
    }
}

row! {
    /// Where a section stands, counted from the beginning of the artifact.
    Entry {
        kind: U32,
        offset: U32,
        /// In bytes.
        length: U32,
    }
}

/// The sections, in the order in which they stand. Each is there, though it may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Section {
    /// UTF-8, which [`Text`]s are parts of.
    Texts,
    /// Issuers and all that is one of a kind, as JSON.
    Settings,
    /// [`Name`]s of permissions; their position is their id.
    Permissions,
    /// Permission sets, each of as many [`U64`] words.
    Sets,
    /// [`Role`]s; their position is their id.
    Roles,
    /// [`Scope`]s.
    Scopes,
    /// [`Tenant`]s; their position is their index.
    Tenants,
    /// [`Override`]s: those of one tenant side by side, by role.
    Overrides,
    /// [`Span`]s of them, one for each tenant. Apart from the tenants: this is all that most
    /// decisions need of one, and so it is close together.
    OverridesOf,
    /// [`Route`]s; their position is their id.
    Routes,
    /// [`Method`]s: those of one route side by side.
    Methods,
    /// [`Host`]s: those of one route side by side.
    Hosts,
    /// [`Node`]s of the trie; the first is the root.
    Nodes,
    /// [`Edge`]s: those of one node side by side.
    Edges,
    /// [`Candidate`]s: those of one place side by side, the most specific host first.
    Candidates,
    /// [`Delegation`]s, by delegator and delegate.
    Delegations,
    /// [`Name`]s of principals and audiences that delegations are for.
    Principals,
    /// [`Name`]s of the source's files.
    Files,
    /// The index of tenants by their ids: see [`Index`].
    TenantIndex,
    /// The index of roles by their names.
    RoleIndex,
    /// The index of scopes by their names.
    ScopeIndex,
    /// The index of edges by their first segments, each in its node.
    EdgeIndex,
}

impl Section {
    /// All of them, in order.
    pub const ALL: [Self; 22] = [
        Self::Texts,
        Self::Settings,
        Self::Permissions,
        Self::Sets,
        Self::Roles,
        Self::Scopes,
        Self::Tenants,
        Self::Overrides,
        Self::OverridesOf,
        Self::Routes,
        Self::Methods,
        Self::Hosts,
        Self::Nodes,
        Self::Edges,
        Self::Candidates,
        Self::Delegations,
        Self::Principals,
        Self::Files,
        Self::TenantIndex,
        Self::RoleIndex,
        Self::ScopeIndex,
        Self::EdgeIndex,
    ];

    /// The section's name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Texts => "texts",
            Self::Settings => "settings",
            Self::Permissions => "permissions",
            Self::Sets => "permission sets",
            Self::Roles => "roles",
            Self::Scopes => "scopes",
            Self::Tenants => "tenants",
            Self::Overrides => "overrides",
            Self::OverridesOf => "overrides of tenants",
            Self::Routes => "routes",
            Self::Methods => "methods",
            Self::Hosts => "hosts",
            Self::Nodes => "trie nodes",
            Self::Edges => "trie edges",
            Self::Candidates => "route candidates",
            Self::Delegations => "delegations",
            Self::Principals => "principals",
            Self::Files => "files",
            Self::TenantIndex => "tenant index",
            Self::RoleIndex => "role index",
            Self::ScopeIndex => "scope index",
            Self::EdgeIndex => "edge index",
        }
    }
}

row! {
    /// A part of the section of texts.
    Text { offset: U32, length: U32, }
}

row! {
    /// Rows of another section that stand side by side.
    Span { start: U32, count: U32, }
}

row! {
    /// Where something stands in the source: for people, never for a decision.
    Line {
        file: U16,
        /// Counted from one; 0 if it is not known.
        line: U32,
    }
}

row! {
    /// A text that is a name.
    Name { text: Text, }
}

row! {
    /// A role, and what it may do in tenants that do not change it. Sets by position; a role that
    /// only tenants define has empty ones.
    Role { name: Text, allow: U32, deny: U32, line: Line, }
}

row! {
    /// What a role may do in one tenant, in place of its own row.
    Override { role: U32, allow: U32, deny: U32, line: Line, }
}

row! {
    /// A scope, or a permission's own name.
    Scope { name: Text, set: U32, }
}

row! {
    /// A tenant.
    Tenant {
        id: Text,
        cell: Text,
        /// 0 shared, 1 dedicated.
        isolation: u8,
        /// What it may give to others at most: a set by position.
        ceiling: U32,
        line: Line,
    }
}

row! {
    /// A route.
    Route {
        template: Text,
        /// 0 for a tenant's token, 1 for nobody's.
        is_public: u8,
        /// 0 enforce, 1 shadow, 2 off.
        mode: u8,
        /// A position in [`Usage::ALL`](super::route::Usage::ALL).
        usage: u8,
        /// 0 acting, 1 path segment, 2 header, 3 host label, 4 token.
        resource: u8,
        /// The segment's index, if it is one.
        segment: U32,
        /// The header's name, if it is one.
        header: Text,
        methods: Span,
        hosts: Span,
        /// The longest body, in bytes; `u64::MAX` for any.
        body: U64,
        /// 0 ask, 1 deny, 2 allow.
        on_stale: u8,
        /// For how many seconds, if it allows.
        stale_for: U32,
        /// 1 if each request is asked about.
        asks: u8,
        /// 1 if open streams outlive what let them in.
        keeps_streams: u8,
        line: Line,
    }
}

row! {
    /// A method of a route.
    Method {
        name: Text,
        /// [`NONE`] on a public route.
        permission: U32,
    }
}

row! {
    /// A host that a route is for: exactly `before`, or one label between `before` and `after`.
    Host {
        before: Text,
        after: Text,
        /// 1 if there is a label.
        has_label: u8,
    }
}

row! {
    /// A place in the trie.
    Node {
        literals: Span,
        /// The node below any one segment, or [`NONE`].
        parameter: U32,
        /// The candidates for paths that end here.
        ends: Span,
        /// The candidates for all paths that go on from here.
        rest: Span,
    }
}

row! {
    /// Literal segments below a node, with slashes between them: those that nothing branches off
    /// between. The edges of a node differ in the first one.
    Edge {
        /// The node above.
        node: U32,
        run: Text,
        /// The node below.
        target: U32,
    }
}

row! {
    /// A route that may be the one, if its host is.
    Candidate {
        route: U32,
        /// A host, or [`NONE`] for any.
        host: U32,
    }
}

row! {
    /// A grant from one tenant to another.
    Delegation {
        id: Text,
        /// The delegator: a tenant by its index.
        from: U32,
        /// The delegate: a tenant by its index.
        to: U32,
        /// 1 if any principal of the delegate may act.
        any_principal: u8,
        principals: Span,
        /// Those that a token must be for one of; none for any.
        audiences: Span,
        permissions: U32,
        /// 0 the delegate, 1 the delegator.
        bill: u8,
        /// In seconds since 1970.
        not_before: U64,
        /// In seconds since 1970.
        expires: U64,
        consent_by: Text,
        /// In seconds since 1970.
        consent_at: U64,
        consent_reference: Text,
        line: Line,
    }
}

row! {
    /// What an index begins with. Then come `buckets` displacements, each a [`U32`], and `slots`
    /// [`Slot`]s.
    Index { seed: U64, buckets: U32, slots: U32, }
}

row! {
    /// One place of an index. Without a name, its row is [`NONE`].
    Slot {
        row: U32,
        key: Key,
    }
}

row! {
    /// A name as far as two words go, so that most are compared without looking anywhere else.
    Key {
        /// In bytes.
        length: U32,
        first: U64,
        last: U64,
    }
}

impl Key {
    /// The longest name that no other name has the key of, in bytes.
    const WHOLE: usize = 2 * size_of::<u64>();

    /// The key of a name.
    #[must_use]
    #[inline]
    pub fn of(name: &[u8]) -> Self {
        let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
        let first = name.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
        Self { length: length.into(), first: first.into(), last: last_word(name).into() }
    }

    /// Whether it is the key of this name; a longer one than [`Self::WHOLE`] may be another still.
    #[must_use]
    #[inline]
    pub fn fits(&self, name: &[u8]) -> bool {
        let Self { length, first, last } = Self::of(name);
        self.length == length && self.first == first && self.last == last
    }

    /// Whether no other name has this name's key.
    #[must_use]
    #[inline]
    pub fn is_whole(name: &[u8]) -> bool {
        name.len() <= Self::WHOLE
    }
}
