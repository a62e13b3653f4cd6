//! Who may use which door with its own data, before and now. Two tenants that were in one class and
//! are in one class have the same change, so classes are compared, not tenants; and two roles with
//! the same rows have the same change, so rows are compared, not roles.

use std::collections::{BTreeMap, BTreeSet};

use super::grounds::{Ask, Gate};
use super::report::{AccessChange, Kind, OpenChange, TenantChange, Way};
use crate::meaning::{By, Class, Meaning, SetId};
use crate::reach::Door;

/// The gates that a role came to pass, and those that it does not pass any more, by position.
type Delta = (Vec<usize>, Vec<usize>);
/// A role's row before and now.
type Rows = (Option<SetId>, Option<SetId>);

/// Doors that were opened to everybody, or closed to some.
pub(super) fn open(gates: &[Gate]) -> Vec<OpenChange> {
    let change = |gate: &Gate| {
        let change = match (&gate.old, &gate.new) {
            (Ask::Nothing(_), Ask::Nothing(_)) if gate.old == gate.new => return None,
            (Ask::Nothing(_), Ask::Nothing(_)) => Kind::Changed,
            (_, Ask::Nothing(_)) => Kind::Gained,
            (Ask::Nothing(_), _) => Kind::Lost,
            _ => return None,
        };
        let (before, after) = (asked(&gate.old), asked(&gate.new));
        Some(OpenChange { door: gate.door.clone(), change, before, after })
    };
    gates.iter().filter_map(change).collect()
}

fn asked(ask: &Ask) -> String {
    match ask {
        Ask::Closed => "no such door".to_owned(),
        Ask::Nothing(why) => format!("nothing ({why})"),
        Ask::Permission { name, .. } => name.to_string(),
    }
}

/// Compares what roles may do.
pub(super) struct Comparison<'c> {
    old: &'c Meaning<'c>,
    new: &'c Meaning<'c>,
    gates: &'c [Gate],
    known: BTreeMap<Rows, usize>,
    deltas: Vec<Delta>,
    delta_ids: BTreeMap<Delta, usize>,
}

impl<'c> Comparison<'c> {
    pub(super) fn new(old: &'c Meaning<'c>, new: &'c Meaning<'c>, gates: &'c [Gate]) -> Self {
        let (known, deltas, delta_ids) = Default::default();
        Self { old, new, gates, known, deltas, delta_ids }
    }

    /// What changed for tenants that were there and are there.
    pub(super) fn of_those_who_stayed(&mut self) -> Vec<AccessChange> {
        let before = positions(self.old);
        let mut by_classes: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
        let mut stayed = 0;
        for tenant in &self.new.tenants {
            if let Some(class) = before.get(&*tenant.id) {
                stayed += 1;
                by_classes.entry((*class, tenant.class)).or_default().push(&tenant.id);
            }
        }
        let groups: Vec<((usize, usize), Vec<&str>)> = by_classes.into_iter().collect();
        // Which groups share the change of a role, and then which roles are changed for the same.
        let mut who: BTreeMap<(By, usize), Vec<usize>> = BTreeMap::new();
        for (((old, new), _), group) in groups.iter().zip(0..) {
            let (old, new) = (self.old.classes.get(*old), self.new.classes.get(*new));
            for change in self.change(old, new) {
                who.entry(change).or_default().push(group);
            }
        }
        let mut roles: BTreeMap<(Vec<usize>, usize), Vec<String>> = BTreeMap::new();
        for ((by, delta), who) in who {
            roles.entry((who, delta)).or_default().push(by.text());
        }
        let told = roles.into_iter().map(|((who, delta), roles)| {
            let who = who.iter().filter_map(|group| groups.get(*group));
            let tenants = who.flat_map(|(_, tenants)| tenants.iter().map(|t| (*t).to_owned()));
            let mut tenants: Vec<String> = tenants.collect();
            tenants.sort_unstable();
            let (gained, lost) = self.doors_of(delta);
            let is_everybody = tenants.len() == stayed;
            AccessChange { tenants, is_everybody, roles, gained, lost }
        });
        let mut told: Vec<AccessChange> = told.collect();
        told.sort_by_key(|change| std::cmp::Reverse(change.tenants.len()));
        told
    }

    /// The roles whose access differs, each with the number of its delta.
    fn change(&mut self, old: Option<&Class>, new: Option<&Class>) -> Vec<(By, usize)> {
        let mut rows: BTreeMap<&By, Rows> = BTreeMap::new();
        for (by, set) in old.into_iter().flat_map(|class| &class.grants) {
            rows.entry(by).or_default().0 = Some(*set);
        }
        for (by, set) in new.into_iter().flat_map(|class| &class.grants) {
            rows.entry(by).or_default().1 = Some(*set);
        }
        let changed = rows.into_iter().map(|(by, rows)| (by.clone(), self.delta(rows)));
        changed.filter(|(_, delta)| *delta != 0).collect()
    }

    /// The number of what differs between two rows; 0 for nothing.
    fn delta(&mut self, rows: Rows) -> usize {
        if let Some(known) = self.known.get(&rows) {
            return *known;
        }
        if self.deltas.is_empty() {
            self.deltas.push(Delta::default());
            self.delta_ids.insert(Delta::default(), 0);
        }
        let delta = self.compare(rows);
        let next = self.deltas.len();
        let id = *self.delta_ids.entry(delta.clone()).or_insert(next);
        if id == next {
            self.deltas.push(delta);
        }
        self.known.insert(rows, id);
        id
    }

    fn compare(&self, (old, new): Rows) -> Delta {
        let (old, new) = (row(self.old, old), row(self.new, new));
        let passes = |ask: &Ask, row: &BTreeSet<&str>| match ask {
            Ask::Permission { name, .. } => row.contains(&**name),
            Ask::Closed | Ask::Nothing(_) => false,
        };
        let mut delta = Delta::default();
        for (gate, at) in self.gates.iter().zip(0..) {
            // Where everybody passes, or did, `open` tells of it.
            if matches!((&gate.old, &gate.new), (Ask::Nothing(_), _) | (_, Ask::Nothing(_))) {
                continue;
            }
            match (passes(&gate.old, &old), passes(&gate.new, &new)) {
                (false, true) => delta.0.push(at),
                (true, false) => delta.1.push(at),
                _ => {}
            }
        }
        delta
    }

    fn by_delta(&self, change: &[(By, usize)]) -> BTreeMap<usize, Vec<String>> {
        let mut by_delta: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (by, delta) in change {
            by_delta.entry(*delta).or_default().push(by.text());
        }
        by_delta
    }

    fn doors_of(&self, delta: usize) -> (Vec<Door>, Vec<Door>) {
        let doors = |gates: &[usize]| -> Vec<Door> {
            gates.iter().filter_map(|at| Some(self.gates.get(*at)?.door.clone())).collect()
        };
        self.deltas
            .get(delta)
            .map(|(gained, lost)| (doors(gained), doors(lost)))
            .unwrap_or_default()
    }

    /// Tenants that came or went, grouped by what they may do.
    pub(super) fn of_those_who_did_not(&mut self) -> Vec<TenantChange> {
        let mut came = self.only_in(self.new, self.old, Kind::Gained);
        came.extend(self.only_in(self.old, self.new, Kind::Lost));
        came
    }

    fn only_in(
        &mut self,
        these: &'c Meaning<'c>,
        those: &'c Meaning<'c>,
        change: Kind,
    ) -> Vec<TenantChange> {
        let others = positions(those);
        let mut by_class: BTreeMap<usize, (Vec<String>, Option<String>)> = BTreeMap::new();
        for tenant in &these.tenants {
            let (only_here, like) = by_class.entry(tenant.class).or_default();
            match others.contains_key(&*tenant.id) {
                true => like.get_or_insert_with(|| tenant.id.to_string()),
                false => {
                    only_here.push(tenant.id.to_string());
                    continue;
                }
            };
        }
        let told = by_class.into_iter().filter(|(_, (tenants, _))| !tenants.is_empty());
        told.map(|(class, (mut tenants, like))| {
            tenants.sort_unstable();
            let access = match like {
                Some(_) => Vec::new(),
                None => self.all_access(these.classes.get(class), change),
            };
            TenantChange { tenants, change, like, access, fields: Vec::new() }
        })
        .collect()
    }

    fn all_access(&mut self, class: Option<&'c Class>, change: Kind) -> Vec<Way> {
        let rows = match change {
            Kind::Lost => self.change(class, None),
            Kind::Gained | Kind::Changed => self.change(None, class),
        };
        let ways = self.by_delta(&rows).into_iter().map(|(delta, roles)| {
            let (gained, lost) = self.doors_of(delta);
            Way { roles, doors: if change == Kind::Lost { lost } else { gained } }
        });
        ways.collect()
    }
}

fn row<'m>(meaning: &'m Meaning<'_>, set: Option<SetId>) -> BTreeSet<&'m str> {
    let ids = set.into_iter().flat_map(|set| meaning.set(set).iter());
    ids.filter_map(|id| meaning.permission(id)).map(|name| &**name).collect()
}

/// The class of each tenant.
fn positions<'m>(meaning: &'m Meaning<'_>) -> BTreeMap<&'m str, usize> {
    meaning.tenants.iter().map(|tenant| (&*tenant.id, tenant.class)).collect()
}
