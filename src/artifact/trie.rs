//! The route of a path: a literal before a parameter before a rest, and among routes over the same
//! paths the one with the most specific host.

use super::layout::{Candidate, Edge, Host, NONE, Node, Section, Span};
use super::route::{HostRow, Matched};
use super::tables::{Rows, Tables};
use super::{Policy, RouteId};
use crate::path::NormalPath;

/// Eight bytes of a segment, from `common` on, as a number: their order is the order of texts that
/// have the bytes before in common.
#[must_use]
pub fn head_of(segment: &str, common: usize) -> u64 {
    let bytes = segment.as_bytes().get(common..).unwrap_or_default();
    match bytes.first_chunk() {
        Some(head) => u64::from_be_bytes(*head),
        None => {
            let mut head = [0; 8];
            head.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            u64::from_be_bytes(head)
        }
    }
}

/// The trie, with the host that is asked for.
struct Search<'p, 'h> {
    tables: &'p Tables,
    nodes: Rows<'p, Node>,
    edges: Rows<'p, Edge>,
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
        self.literal(node, first)
            .and_then(|next| self.descend(next, segments.clone()))
            .or_else(|| match node.parameter.get() {
                NONE => None,
                _ if first.is_empty() => None,
                next => self.descend(next, segments),
            })
            .or_else(|| self.choose(node.rest))
    }

    fn literal(&self, node: &Node, segment: &str) -> Option<u32> {
        let edges = self.edges.span(node.literals);
        let head = head_of(segment, node.common.get() as usize);
        let found = edges.binary_search_by(|edge| {
            let by_head = edge.head.get().cmp(&head);
            by_head.then_with(|| self.tables.text_bytes(edge.segment).cmp(segment.as_bytes()))
        });
        edges.get(found.ok()?).map(|edge| edge.target.get())
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
