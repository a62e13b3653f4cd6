//! The route of a path: a literal before a parameter before a rest, and among routes over the same
//! paths the one with the most specific host.

use super::index::NameIndex;
use super::layout::{Candidate, Edge, Host, NONE, Node, Section, Span};
use super::route::{HostRow, Matched};
use super::tables::{Rows, Tables};
use super::{Policy, RouteId};
use crate::path::NormalPath;

/// The trie, with the host that is asked for.
struct Search<'p, 'h> {
    tables: &'p Tables,
    nodes: Rows<'p, Node>,
    edges: Rows<'p, Edge>,
    index: NameIndex<'p>,
    candidates: Rows<'p, Candidate>,
    hosts: Rows<'p, Host>,
    host: &'h str,
}

impl Policy {
    /// The most specific route that covers the path on that host (`:authority`, with or without a
    /// port).
    #[must_use]
    pub fn find_route<'h>(&self, host: &'h str, path: &NormalPath<'_>) -> Option<Matched<'h>> {
        let tables = &self.tables;
        let search = Search {
            tables,
            nodes: tables.rows(Section::Nodes),
            edges: tables.rows(Section::Edges),
            index: NameIndex::read(tables.section(Section::EdgeIndex))?,
            candidates: tables.rows(Section::Candidates),
            hosts: tables.rows(Section::Hosts),
            host,
        };
        search.descend(0, path.segments())
    }
}

impl<'h> Search<'_, 'h> {
    /// A path has a bounded number of segments, and a trie has no circles: this ends.
    fn descend<'s>(
        &self,
        at: u32,
        mut segments: impl Iterator<Item = &'s str> + Clone,
    ) -> Option<Matched<'h>> {
        let node = self.nodes.get(at)?;
        let Some(first) = segments.next() else {
            return self.choose(node.ends);
        };
        self.literal(at, first)
            .and_then(|next| self.descend(next, segments.clone()))
            .or_else(|| match node.parameter.get() {
                NONE => None,
                _ if first.is_empty() => None,
                next => self.descend(next, segments),
            })
            .or_else(|| self.choose(node.rest))
    }

    fn literal(&self, at: u32, segment: &str) -> Option<u32> {
        let edge = self.edges.get(self.index.candidate(at, segment)?)?;
        let is_it =
            edge.node.get() == at && self.tables.text_bytes(edge.segment) == segment.as_bytes();
        is_it.then(|| edge.target.get())
    }

    fn choose(&self, candidates: Span) -> Option<Matched<'h>> {
        self.candidates.span(candidates).iter().find_map(|candidate| {
            let route = RouteId(candidate.route.get());
            if candidate.host.get() == NONE {
                return Some(Matched { route, label: None });
            }
            let row = HostRow::new(self.tables, self.hosts.get(candidate.host.get())?);
            row.frame().matches(self.host).map(|label| Matched { route, label })
        })
    }
}
