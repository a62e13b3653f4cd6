//! Routes as a trie over path segments, laid out breadth first: what is below a node comes after it.

use std::collections::{BTreeMap, VecDeque};

use tenantguard::artifact::layout::{self, NONE, Span};
use tenantguard::artifact::template::Segment;

use super::CompileError;
use super::tables::{Tables, append, position};

/// A route for a host at one place of the trie, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// 0 for one host, 1 for a host with an open label, 2 for any host.
    pub(super) rank: u8,
    pub(super) host: u32,
    pub(super) route: u32,
}

#[derive(Default)]
struct Node {
    literals: BTreeMap<Box<str>, Node>,
    parameter: Option<Box<Node>>,
    ends: Vec<Place>,
    rest: Vec<Place>,
}

/// The trie while it grows.
#[derive(Default)]
pub(super) struct Trie {
    root: Node,
}

impl Node {
    /// The segment that leads here and all that must follow it, with the node where there is something
    /// to choose.
    fn run(&self, segment: &str) -> (String, &Self) {
        let (mut run, mut node) = (segment.to_owned(), self);
        while let (Some((next, below)), 1) = (node.literals.first_key_value(), node.literals.len())
            && node.parameter.is_none()
            && node.ends.is_empty()
            && node.rest.is_empty()
        {
            run.push('/');
            run.push_str(next);
            node = below;
        }
        (run, node)
    }
}

impl Trie {
    /// Adds a route's place.
    pub(super) fn insert(&mut self, segments: &[Segment], place: Place) {
        let mut node = &mut self.root;
        for segment in segments {
            node = match segment {
                Segment::Rest(_) => return node.rest.push(place),
                Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                Segment::Parameter(_) => &mut **node.parameter.get_or_insert_default(),
            };
        }
        node.ends.push(place);
    }

    /// Writes all nodes.
    pub(super) fn write(&self, tables: &mut Tables) -> Result<(), CompileError> {
        let mut open = VecDeque::from([&self.root]);
        let mut next = 1;
        while let Some(node) = open.pop_front() {
            let at = position(&tables.nodes)?;
            let mut edges = Vec::with_capacity(node.literals.len());
            for (segment, below) in &node.literals {
                let (run, below) = below.run(segment);
                let run = tables.texts.add(&run)?;
                edges.push(layout::Edge { node: at.into(), run, target: next.into() });
                open.push_back(below);
                next += 1;
            }
            let parameter = node.parameter.as_ref().map(|below| {
                open.push_back(below);
                next += 1;
                next - 1
            });
            let row = layout::Node {
                literals: append(&mut tables.edges, edges)?,
                parameter: parameter.unwrap_or(NONE).into(),
                ends: write_places(&node.ends, tables)?,
                rest: write_places(&node.rest, tables)?,
            };
            tables.nodes.push(row);
        }
        Ok(())
    }
}

fn write_places(places: &[Place], tables: &mut Tables) -> Result<Span, CompileError> {
    let mut places = places.to_vec();
    places.sort_unstable();
    let row =
        |place: Place| layout::Candidate { route: place.route.into(), host: place.host.into() };
    append(&mut tables.candidates, places.into_iter().map(row))
}
