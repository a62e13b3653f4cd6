//! The route of a path: a literal before a parameter before a rest, and among routes over the same
//! paths the one with the most specific host.
//!
//! Literals that nothing branches off between stand in one edge, as `api/v1`. A node with a few edges
//! compares them in turn; one with many finds the edge by its first segment in an index.

use super::index::NameIndex;
use super::layout::{Candidate, Edge, Host, NONE, Node, Section, Span};
use super::route::{HostRow, Matched};
use super::tables::{Rows, Tables};
use super::{Policy, RouteId};
use crate::path::{NormalPath, Segments};

/// How many edges are compared in turn: about as many as cost what a look-up in the index does.
const FEW_EDGES: usize = 4;

/// The trie, with the host that is asked for.
struct Search<'p, 'h> {
    tables: &'p Tables,
    nodes: Rows<'p, Node>,
    edges: Rows<'p, Edge>,
    index: NameIndex,
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
            index: self.indices.edges,
            host,
        };
        search.descend(0, path.segments())
    }
}

impl<'h> Search<'_, 'h> {
    /// A path has a bounded number of segments, and a trie has no circles: this ends.
    fn descend(&self, mut at: u32, mut left: Segments<'_>) -> Option<Matched<'h>> {
        loop {
            let node = self.nodes.get(at)?;
            if left.is_empty() {
                return self.choose(node.ends);
            }
            let has_rest = node.rest.count.get() != 0;
            let below = self.parameter(node, left);
            let Some(literal) = self.literal(at, node, left) else {
                match below {
                    Some(next) if !has_rest => (at, left) = next,
                    Some((at, left)) => {
                        return self.descend(at, left).or_else(|| self.choose(node.rest));
                    }
                    None => return self.choose(node.rest),
                }
                continue;
            };
            if below.is_none() && !has_rest {
                (at, left) = literal;
                continue;
            }
            return self
                .descend(literal.0, literal.1)
                .or_else(|| below.and_then(|(at, left)| self.descend(at, left)))
                .or_else(|| self.choose(node.rest));
        }
    }

    /// The node below the parameter, and the segments that are left there. No segment that is empty
    /// is one's value.
    fn parameter<'s>(&self, node: &Node, mut left: Segments<'s>) -> Option<(u32, Segments<'s>)> {
        match node.parameter.get() {
            NONE => None,
            next => left.next().filter(|value| !value.is_empty()).map(|_| (next, left)),
        }
    }

    /// The node below the literal edge that the path takes, and the segments that are left there.
    fn literal<'s>(&self, at: u32, node: &Node, left: Segments<'s>) -> Option<(u32, Segments<'s>)> {
        let take = |edge: &Edge| {
            let after = left.after(self.tables.text_bytes(edge.run))?;
            Some((edge.target.get(), after))
        };
        if node.literals.count.get() as usize <= FEW_EDGES {
            return self.edges.span(node.literals).iter().find_map(take);
        }
        let segment = left.clone().next()?;
        let edge = self.edges.get(self.index.candidate(self.tables, at, segment.as_bytes())?)?;
        if edge.node.get() == at { take(edge) } else { None }
    }

    fn choose(&self, candidates: Span) -> Option<Matched<'h>> {
        let candidates = self.tables.rows::<Candidate>(Section::Candidates).span(candidates);
        candidates.iter().find_map(|candidate| {
            let route = RouteId(candidate.route.get());
            if candidate.host.get() == NONE {
                return Some(Matched { route, label: None });
            }
            let row: &Host = self.tables.rows(Section::Hosts).get(candidate.host.get())?;
            let row = HostRow::new(self.tables, row);
            row.frame().matches(self.host).map(|label| Matched { route, label })
        })
    }
}
