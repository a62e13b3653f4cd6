//! Holds every row of an artifact against everything that it refers to, once, when it is loaded. The
//! digest has shown that the bytes are what somebody compiled; this shows that they are a policy,
//! whoever compiled them.

use std::cell::Cell;

use zerocopy::little_endian::U64;

use super::index::{Indices, NameIndex};
use super::layout::{
    Candidate, Delegation, Edge, Host, Method, NONE, Name, Node, Override, Role, Route, Scope,
    Section, Span, Tenant, Text,
};
use super::load::ArtifactError;
use super::route::{self, Usage};
use super::tables::{Row, Rows, Tables, positions};
use crate::identity::{CellName, PermissionName, RoleName, TenantId};

/// The width of a permission, in bits of a word.
const WORD_BITS: usize = 64;

/// Checks all rows; says how many words a permission set has, and where names are found.
pub(super) fn tables(tables: &Tables) -> Result<(u32, Indices), ArtifactError> {
    if std::str::from_utf8(tables.section(Section::Texts)).is_err() {
        return Err(ArtifactError::Section(Section::Texts.name()));
    }
    let permissions = tables.rows::<Name>(Section::Permissions).len();
    let words = permissions.div_ceil(WORD_BITS);
    let sets = tables.rows::<U64>(Section::Sets).len().checked_div(words).unwrap_or(0);
    let check = Check { tables, permissions, sets };
    check.names()?;
    check.roles_and_scopes()?;
    check.tenants()?;
    check.routes()?;
    check.trie()?;
    check.delegations()?;
    let indices = check.indices()?;
    let words = u32::try_from(words);
    words.map(|words| (words, indices)).map_err(|_| ArtifactError::Section(Section::Sets.name()))
}

struct Check<'t> {
    tables: &'t Tables,
    permissions: usize,
    sets: usize,
}

/// Hands out the rows of a section in their order, each once: nobody shares them, and walking all
/// of them takes no longer than there are rows.
struct InOrder<'t, R> {
    rows: Rows<'t, R>,
    next: Cell<u32>,
}

impl<'t, R: Row + 't> InOrder<'t, R> {
    fn of(tables: &'t Tables, section: Section) -> Self {
        Self { rows: tables.rows(section), next: Cell::new(0) }
    }

    fn take(&self, span: Span) -> Result<&'t [R], &'static str> {
        let range = positions(span);
        let rows = self.rows.find_span(span).filter(|_| range.start == self.next.get());
        self.next.set(range.end);
        rows.ok_or("it has rows that are not there, or another's")
    }
}

type Checked = Result<(), &'static str>;

impl<'t> Check<'t> {
    /// Holds each row of a section to `rule`.
    fn each<R: Row + 't>(
        &self,
        section: Section,
        rule: impl Fn(u32, &'t R) -> Checked,
    ) -> Result<(), ArtifactError> {
        let rows = self.tables.rows::<R>(section);
        if !rows.is_whole() {
            return Err(ArtifactError::Section(section.name()));
        }
        for (row, position) in rows.all().iter().zip(0..) {
            rule(position, row).map_err(|what| ArtifactError::Row {
                section: section.name(),
                row: position,
                what,
            })?;
        }
        Ok(())
    }

    fn names(&self) -> Result<(), ArtifactError> {
        self.each(Section::Permissions, |_, row: &Name| {
            self.named(row.text, PermissionName::is_name)
        })?;
        self.each(Section::Principals, |_, row: &Name| self.text(row.text))?;
        self.each(Section::Files, |_, row: &Name| self.text(row.text))?;
        self.each(Section::Sets, |_, _: &U64| Ok(()))
    }

    fn roles_and_scopes(&self) -> Result<(), ArtifactError> {
        self.each(Section::Roles, |_, row: &Role| {
            self.named(row.name, RoleName::is_name)?;
            self.set(row.allow.get()).and(self.set(row.deny.get()))
        })?;
        self.each(Section::Scopes, |_, row: &Scope| {
            self.text(row.name).and(self.set(row.set.get()))
        })
    }

    fn tenants(&self) -> Result<(), ArtifactError> {
        let roles = self.tables.rows::<Role>(Section::Roles).len();
        self.each(Section::Overrides, |_, row: &Override| {
            within(row.role.get(), roles, "there is no such role")?;
            self.set(row.allow.get()).and(self.set(row.deny.get()))
        })?;
        self.each(Section::Tenants, |_, row: &Tenant| {
            self.named(row.id, TenantId::is_name)?;
            self.named(row.cell, CellName::is_name)?;
            self.set(row.ceiling.get())
        })?;
        let tenants = self.tables.rows::<Tenant>(Section::Tenants).len();
        if self.tables.rows::<Span>(Section::OverridesOf).len() != tenants {
            return Err(ArtifactError::Section(Section::OverridesOf.name()));
        }
        let overrides = InOrder::<Override>::of(self.tables, Section::Overrides);
        self.each(Section::OverridesOf, |_, span: &Span| {
            let own = overrides.take(*span)?;
            is_ascending(own.iter().map(|row| row.role.get()), "its roles are out of order")
        })
    }

    fn routes(&self) -> Result<(), ArtifactError> {
        self.each(Section::Methods, |_, row: &Method| {
            let name = self.find(row.name)?;
            route::Method::parse(name).ok_or("a method has a name that no request could have")?;
            match row.permission.get() {
                NONE => Ok(()),
                id => within(id, self.permissions, "there is no such permission"),
            }
        })?;
        self.each(Section::Hosts, |_, row: &Host| self.text(row.before).and(self.text(row.after)))?;
        let methods = InOrder::of(self.tables, Section::Methods);
        let hosts = InOrder::<Host>::of(self.tables, Section::Hosts);
        self.each(Section::Routes, |_, row: &Route| {
            hosts.take(row.hosts)?;
            self.route(row, methods.take(row.methods)?)
        })
    }

    fn route(&self, row: &Route, methods: &[Method]) -> Checked {
        self.text(row.template).and(self.text(row.header))?;
        // Whoever could take a permission off a method would have made it public.
        let is_public = row.is_public == 1;
        if row.is_public > 1 || methods.iter().any(|m| (m.permission.get() == NONE) != is_public) {
            return Err("it must be public and need no permission, or need one for each method");
        }
        within(u32::from(row.usage), Usage::ALL.len(), "there is no such usage")?;
        within(u32::from(row.mode), 3, "there is no such mode")?;
        within(u32::from(row.on_stale), 3, "there is no such rule for a stale copy")?;
        within(u32::from(row.asks), 2, "it must ask or not")?;
        within(u32::from(row.keeps_streams), 2, "it must keep streams or not")?;
        within(u32::from(row.resource), 5, "there is no such place for a resource tenant")
    }

    fn trie(&self) -> Result<(), ArtifactError> {
        let routes = self.tables.rows::<Route>(Section::Routes).len();
        let hosts = self.tables.rows::<Host>(Section::Hosts).len();
        let nodes = self.tables.rows::<Node>(Section::Nodes).len();
        if nodes == 0 {
            return Err(ArtifactError::Section(Section::Nodes.name()));
        }
        self.each(Section::Candidates, |_, row: &Candidate| {
            within(row.route.get(), routes, "there is no such route")?;
            match row.host.get() {
                NONE => Ok(()),
                host => within(host, hosts, "there is no such host"),
            }
        })?;
        self.each(Section::Edges, |_, row: &Edge| self.text(row.run))?;
        let candidates = InOrder::<Candidate>::of(self.tables, Section::Candidates);
        let edges = InOrder::<Edge>::of(self.tables, Section::Edges);
        let below = Cell::new(1);
        self.each(Section::Nodes, |position, row: &Node| {
            candidates.take(row.ends).and(candidates.take(row.rest))?;
            let edges = edges.take(row.literals)?;
            if edges.iter().any(|edge| edge.node.get() != position) {
                return Err("it has another node's edges");
            }
            // The nodes below are numbered as they come, so each has one parent, before it.
            let parameter = Some(row.parameter.get()).filter(|below| *below != NONE);
            for target in edges.iter().map(|edge| edge.target.get()).chain(parameter) {
                within(target, nodes, "there is no such node")?;
                if target != below.replace(target.saturating_add(1)) || target <= position {
                    return Err("a node below it is not in its place");
                }
            }
            Ok(())
        })
    }

    fn delegations(&self) -> Result<(), ArtifactError> {
        let tenants = self.tables.rows::<Tenant>(Section::Tenants).len();
        let principals = InOrder::<Name>::of(self.tables, Section::Principals);
        self.each(Section::Delegations, |_, row: &Delegation| {
            within(row.from.get(), tenants, "there is no such delegator")?;
            within(row.to.get(), tenants, "there is no such delegate")?;
            if row.from.get() == row.to.get() || row.any_principal > 1 {
                return Err("it is from a tenant to itself, or for nobody that is named");
            }
            if row.bill > 1 {
                return Err("it is billed to nobody");
            }
            principals.take(row.principals)?;
            principals.take(row.audiences)?;
            self.set(row.permissions.get())?;
            [row.id, row.consent_by, row.consent_reference]
                .iter()
                .try_for_each(|text| self.text(*text))
        })?;
        let rows: &[Delegation] = self.tables.rows(Section::Delegations).all();
        match rows.is_sorted_by_key(|row| (row.from.get(), row.to.get())) {
            true => Ok(()),
            false => Err(ArtifactError::Section(Section::Delegations.name())),
        }
    }

    /// Each name is found where it stands, so none is missing and none is there twice.
    fn indices(&self) -> Result<Indices, ArtifactError> {
        let damaged = |section: Section| ArtifactError::Section(section.name());
        let indices = Indices::read(self.tables).map_err(damaged)?;
        let text = |text| self.tables.text_bytes(text);
        self.index(indices.tenants, Section::Tenants, |row: &Tenant| (0, text(row.id)))?;
        self.index(indices.roles, Section::Roles, |row: &Role| (0, text(row.name)))?;
        self.index(indices.scopes, Section::Scopes, |row: &Scope| (0, text(row.name)))?;
        let edge = |row: &Edge| (row.node.get(), first_segment(text(row.run)));
        self.index(indices.edges, Section::Edges, edge)?;
        Ok(indices)
    }

    fn index<R: Row + 't>(
        &self,
        names: NameIndex,
        of: Section,
        name: impl Fn(&R) -> (u32, &'t [u8]),
    ) -> Result<(), ArtifactError> {
        if names.len(self.tables) != self.tables.rows::<R>(of).len() {
            return Err(ArtifactError::Section(names.section().name()));
        }
        self.each(of, |position, row: &R| {
            let (salt, name) = name(row);
            match names.candidate(self.tables, salt, name) == Some(position) {
                true => Ok(()),
                false => Err("its name is not where the index has it"),
            }
        })
    }

    fn find(&self, text: Text) -> Result<&'t str, &'static str> {
        self.tables.find_text(text).ok_or("it has a text that is not there")
    }

    fn text(&self, text: Text) -> Checked {
        self.find(text).map(drop)
    }

    fn named(&self, text: Text, is_name: fn(&str) -> bool) -> Checked {
        match is_name(self.find(text)?) {
            true => Ok(()),
            false => Err("its name is none"),
        }
    }

    fn set(&self, position: u32) -> Checked {
        // Without permissions all sets are the empty one.
        match self.permissions {
            0 => Ok(()),
            _ => within(position, self.sets, "there is no such permission set"),
        }
    }
}

/// What an edge is found by.
fn first_segment(run: &[u8]) -> &[u8] {
    run.split(|byte| *byte == b'/').next().unwrap_or_default()
}

fn within(position: u32, count: usize, what: &'static str) -> Checked {
    if (position as usize) < count { Ok(()) } else { Err(what) }
}

fn is_ascending<T: Ord>(items: impl Iterator<Item = T>, what: &'static str) -> Checked {
    match items.is_sorted_by(|a, b| a < b) {
        true => Ok(()),
        false => Err(what),
    }
}
