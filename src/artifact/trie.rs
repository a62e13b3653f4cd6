//! Routes as a trie over path segments: a literal before a parameter before a rest.

use std::collections::BTreeMap;

use super::route::{Route, Segment};
use super::{AssembleError, RouteId};
use crate::path::NormalPath;

#[derive(Debug, Default)]
struct Node {
    literals: BTreeMap<Box<str>, u32>,
    parameter: Option<u32>,
    rest: Option<RouteId>,
    route: Option<RouteId>,
}

/// An index over the routes of one policy. Nodes refer to each other by position.
#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
}

impl Trie {
    /// Indexes `routes` by their templates.
    pub(super) fn build(routes: &[Route]) -> Result<Self, AssembleError> {
        let mut trie = Self { nodes: vec![Node::default()] };
        for (route, id) in routes.iter().zip(0..) {
            trie.insert(route, RouteId(id)).ok_or_else(|| AssembleError::Ambiguous {
                template: route.template.as_str().to_owned(),
            })?;
        }
        Ok(trie)
    }

    /// `None` if another route covers the very same paths.
    fn insert(&mut self, route: &Route, id: RouteId) -> Option<()> {
        let mut at = 0u32;
        for segment in route.template.segments() {
            let next = u32::try_from(self.nodes.len()).ok()?;
            let node = self.nodes.get_mut(at as usize)?;
            at = match segment {
                Segment::Rest(_) if node.rest.is_some() => return None,
                Segment::Rest(_) => {
                    node.rest = Some(id);
                    return Some(());
                }
                Segment::Literal(text) => *node.literals.entry(text.clone()).or_insert(next),
                Segment::Parameter(_) => *node.parameter.get_or_insert(next),
            };
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        let end = self.nodes.get_mut(at as usize)?;
        if end.route.is_some() {
            return None;
        }
        end.route = Some(id);
        Some(())
    }

    /// The most specific route that covers the path.
    pub(super) fn find(&self, path: &NormalPath<'_>) -> Option<RouteId> {
        let segments: Vec<&str> = path.segments().collect();
        self.descend(0, &segments)
    }

    fn descend(&self, at: u32, segments: &[&str]) -> Option<RouteId> {
        let node = self.nodes.get(at as usize)?;
        let Some((first, others)) = segments.split_first() else {
            return node.route;
        };
        let literal = node.literals.get(*first).copied();
        let parameter = node.parameter.filter(|_| !first.is_empty());
        literal
            .and_then(|next| self.descend(next, others))
            .or_else(|| parameter.and_then(|next| self.descend(next, others)))
            .or(node.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::super::route::{Access, Template, Usage};
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn routes(templates: &[&str]) -> Vec<Route> {
        templates
            .iter()
            .map(|template| Route {
                template: Template::parse(template).unwrap(),
                access: Access::Public { methods: vec![] },
                usage: Usage::None,
            })
            .collect()
    }

    #[test]
    fn the_most_specific_route_is_found() {
        let templates =
            ["/", "/a", "/a/{x}", "/a/b", "/a/{x}/c", "/a/b/d", "/files/{rest...}", "/a/"];
        let trie = Trie::build(&routes(&templates)).unwrap();
        for (path, template) in [
            ("/", Some("/")),
            ("/a", Some("/a")),
            ("/a/", Some("/a/")),
            ("/a/b", Some("/a/b")),
            ("/a/z", Some("/a/{x}")),
            ("/a/b/d", Some("/a/b/d")),
            ("/a/b/c", Some("/a/{x}/c")),
            ("/a/b/e", None),
            ("/A", None),
            ("/a/z/", None),
            ("/files", None),
            ("/files/x/y/z", Some("/files/{rest...}")),
            ("/nothing", None),
        ] {
            let path = NormalPath::parse(path.as_bytes()).unwrap();
            let found = trie.find(&path).and_then(|id| templates.get(id.0 as usize).copied());
            assert_eq!(found, template, "{}", path.as_str());
        }
    }

    #[test]
    fn two_routes_over_the_same_paths_are_refused() {
        for pair in [["/a", "/a"], ["/a/{x}", "/a/{y}"], ["/f/{x...}", "/f/{y...}"]] {
            assert!(Trie::build(&routes(&pair)).is_err(), "{pair:?}");
        }
    }
}
