//! Which route of the old policy governed a request, and which of the new one does.
//!
//! Complete, though requests are without number: a request that the routes O and N govern lies in
//! the meet of a shape of O and one of N. A route that another one beats everywhere in that meet
//! would beat it for this request too, for the order of routes does not depend on the request. So
//! one request for each meet, of no narrower shape, finds every pair (O, N) that there is.

use std::collections::{BTreeMap, BTreeSet};

use tenantguard::path::NormalPath;
use tenantguard::request::Mode;

use crate::meaning::shape::Shape;
use crate::meaning::{Meaning, Name, Need, Route};
use crate::reach::Door;

/// A pair of routes that govern the same requests, before and now.
pub(super) struct Ground<'m> {
    pub(super) old: Option<&'m Route>,
    pub(super) new: Option<&'m Route>,
    /// The requests.
    shapes: Vec<Shape>,
}

/// What a door asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    /// There is no such door.
    Closed,
    /// Nothing, and why: `public`, or `mode: shadow`.
    Nothing(&'static str),
    /// A permission.
    Permission {
        name: Name,
        /// Whether a request can name another tenant.
        names_tenant: bool,
    },
}

/// A method on a ground.
pub(super) struct Gate {
    pub(super) door: Door,
    pub(super) old: Ask,
    pub(super) new: Ask,
}

/// Every pair of routes that govern the same requests.
pub(super) fn grounds<'m>(old: &'m Meaning<'_>, new: &'m Meaning<'_>) -> Vec<Ground<'m>> {
    let witness = Witness::of(old, new);
    let mut found: BTreeMap<(Option<u32>, Option<u32>), Vec<Shape>> = BTreeMap::new();
    let own: BTreeSet<&Shape> = shapes(new).chain(shapes(old)).collect();
    for shape in own {
        found.entry(witness.governed_by(shape)).or_default().push(shape.clone());
    }
    let mut met: BTreeMap<(Option<u32>, Option<u32>), Vec<Shape>> = BTreeMap::new();
    for a in shapes(old) {
        for b in shapes(new).filter(|b| *b != a) {
            let Some(meet) = a.meet(b).filter(|meet| meet != a && meet != b) else { continue };
            let pair = witness.governed_by(&meet);
            if !found.contains_key(&pair) {
                met.entry(pair).or_default().push(meet);
            }
        }
    }
    found.extend(met);
    let route = |of: &'m Meaning<'_>, at: Option<u32>| of.routes.get(at? as usize);
    let found = found.into_iter().filter(|(pair, _)| *pair != (None, None));
    found
        .map(|((o, n), shapes)| Ground { old: route(old, o), new: route(new, n), shapes })
        .collect()
}

fn shapes<'m>(meaning: &'m Meaning<'_>) -> impl Iterator<Item = &'m Shape> {
    meaning.routes.iter().flat_map(|route| &route.shapes)
}

/// Makes requests that are of a shape and of no narrower one.
struct Witness<'m> {
    old: &'m Meaning<'m>,
    new: &'m Meaning<'m>,
    fresh: String,
    depth: usize,
}

impl<'m> Witness<'m> {
    fn of(old: &'m Meaning<'_>, new: &'m Meaning<'_>) -> Self {
        let all = || shapes(old).chain(shapes(new));
        let literals: BTreeSet<&str> = all().flat_map(Shape::literals).collect();
        let mut fresh = "x".to_owned();
        while literals.contains(fresh.as_str()) {
            fresh.push('x');
        }
        let depth = all().map(Shape::depth).max().unwrap_or(0) + 1;
        Self { old, new, fresh, depth }
    }

    /// The routes that govern the shape, before and now, by position.
    fn governed_by(&self, shape: &Shape) -> (Option<u32>, Option<u32>) {
        let (host, path) = shape.witness(&self.fresh, self.depth);
        let find = |meaning: &Meaning<'_>| {
            let rules = meaning.policy.paths();
            let path = NormalPath::parse_with(path.as_bytes(), rules).ok()?;
            Some(meaning.policy.find_route(&host, &path)?.route.0)
        };
        (find(self.old), find(self.new))
    }
}

impl Ground<'_> {
    /// The route's template and hosts as a report shows them: the new ones where they are for these
    /// very requests, then the old ones, then what both have in common.
    pub(super) fn text(&self) -> (String, Vec<String>) {
        let covers = |route: &&Route| self.shapes.iter().all(|shape| route.shapes.contains(shape));
        let named = [self.new, self.old].into_iter().flatten().find(covers);
        let template = named.map(|route| route.template.to_string());
        let path = || self.shapes.first().map(Shape::path_text).unwrap_or_default();
        let hosts: BTreeSet<String> = self.shapes.iter().filter_map(Shape::host_text).collect();
        (template.unwrap_or_else(path), hosts.into_iter().collect())
    }

    /// Every method that one of the routes knows.
    pub(super) fn gates(&self, old: &Meaning<'_>, new: &Meaning<'_>) -> Vec<Gate> {
        let (route, hosts) = self.text();
        let named = [self.new, self.old].into_iter().flatten().find_map(Route::resource_text);
        let methods: BTreeSet<&Name> =
            [self.old, self.new].into_iter().flatten().flat_map(|r| r.methods.keys()).collect();
        let gate = |method: &Name| Gate {
            door: Door {
                method: method.to_string(),
                route: route.clone(),
                hosts: hosts.clone(),
                resource_tenant: named.clone(),
            },
            old: asks(old, self.old, method),
            new: asks(new, self.new, method),
        };
        methods.into_iter().map(gate).collect()
    }
}

fn asks(meaning: &Meaning<'_>, route: Option<&Route>, method: &Name) -> Ask {
    let Some((route, need)) = route.and_then(|r| Some((r, r.methods.get(method)?))) else {
        return Ask::Closed;
    };
    match (need, route.mode) {
        (Need::Nothing, _) => Ask::Nothing("public"),
        (_, Mode::Shadow) => Ask::Nothing("mode: shadow"),
        (_, Mode::Off) => Ask::Nothing("mode: off"),
        (Need::Permission(id), Mode::Enforce) => match meaning.permission(*id) {
            Some(name) => {
                Ask::Permission { name: name.clone(), names_tenant: route.names_tenant() }
            }
            None => Ask::Closed,
        },
    }
}
