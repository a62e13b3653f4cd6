//! Who may do what with another's data, before and now: delegation by delegation, told by pairs of
//! tenants.

use std::collections::{BTreeMap, BTreeSet};

use super::grounds::{Ask, Gate};
use super::report::{DelegationChange, FieldChange, Kind, PairChange, Way};
use crate::meaning::{By, Delegation, Meaning};
use crate::reach::{Door, Time};

/// A role, and a gate that it opens, by position.
type Opened = BTreeSet<(By, usize)>;
/// Acting tenant, resource tenant, delegation.
type Key<'m> = (&'m str, &'m str, &'m str);

/// A delegation with what it opens.
struct Opening<'m> {
    meaning: &'m Meaning<'m>,
    delegation: &'m Delegation,
    opened: Opened,
}

/// Every pair that differs.
pub(super) fn changes<'m>(
    old: &'m Meaning<'m>,
    new: &'m Meaning<'m>,
    gates: &[Gate],
) -> Vec<PairChange> {
    let (old, new) = (openings(old, gates, |g| &g.old), openings(new, gates, |g| &g.new));
    let keys: BTreeSet<&Key<'_>> = old.keys().chain(new.keys()).collect();
    let mut by_pair: BTreeMap<(&str, &str), Vec<DelegationChange>> = BTreeMap::new();
    for key in keys {
        let change = change(key.2, old.get(key), new.get(key), gates);
        by_pair.entry((key.0, key.1)).or_default().extend(change);
    }
    let reaches = |openings: &BTreeMap<Key<'_>, Opening<'_>>, (acting, resource): (&str, &str)| {
        let of_pair = openings.range((acting, resource, "")..);
        let mut of_pair = of_pair.take_while(|(key, _)| (key.0, key.1) == (acting, resource));
        of_pair.any(|(_, opening)| !opening.opened.is_empty())
    };
    let changed = by_pair.into_iter().filter(|(_, delegations)| !delegations.is_empty());
    changed
        .map(|(pair, delegations)| PairChange {
            acting: pair.0.to_owned(),
            resource: pair.1.to_owned(),
            change: match (reaches(&old, pair), reaches(&new, pair)) {
                (false, true) => Kind::Gained,
                (true, false) => Kind::Lost,
                _ => Kind::Changed,
            },
            delegations,
        })
        .collect()
}

fn openings<'m>(
    meaning: &'m Meaning<'m>,
    gates: &[Gate],
    ask: impl Fn(&Gate) -> &Ask,
) -> BTreeMap<Key<'m>, Opening<'m>> {
    let mut doors: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (gate, at) in gates.iter().zip(0..) {
        if let Ask::Permission { name, names_tenant: true } = ask(gate) {
            doors.entry(name).or_default().push(at);
        }
    }
    let opening = |delegation: &'m Delegation| {
        let granted = meaning.granted_by(delegation);
        let opened = granted.iter().flat_map(|(by, set)| {
            let names = set.iter().filter_map(|id| meaning.permission(id));
            let gates = names.filter_map(|name| doors.get(&**name)).flatten();
            gates.map(|gate| (by.clone(), *gate))
        });
        let key = (meaning.tenant(delegation.to), meaning.tenant(delegation.from), &*delegation.id);
        (key, Opening { meaning, delegation, opened: opened.collect() })
    };
    meaning.delegations.iter().map(opening).collect()
}

fn change(
    id: &str,
    old: Option<&Opening<'_>>,
    new: Option<&Opening<'_>>,
    gates: &[Gate],
) -> Option<DelegationChange> {
    let nothing = Opened::new();
    let before = old.map_or(&nothing, |opening| &opening.opened);
    let after = new.map_or(&nothing, |opening| &opening.opened);
    let (gained, lost) = (ways(after, before, gates), ways(before, after, gates));
    let terms = terms(old, new);
    if terms.is_empty() && gained.is_empty() && lost.is_empty() {
        return None;
    }
    let change = match (old, new) {
        (None, _) => Kind::Gained,
        (_, None) => Kind::Lost,
        _ => Kind::Changed,
    };
    Some(DelegationChange { delegation: id.to_owned(), change, terms, gained, lost })
}

/// What is in `these` and not in `those`; roles that open the same share a piece.
fn ways(these: &Opened, those: &Opened, gates: &[Gate]) -> Vec<Way> {
    let mut by_role: BTreeMap<&By, Vec<usize>> = BTreeMap::new();
    for (by, gate) in these.difference(those) {
        by_role.entry(by).or_default().push(*gate);
    }
    let mut by_gates: BTreeMap<Vec<usize>, Vec<String>> = BTreeMap::new();
    for (by, gates) in by_role {
        by_gates.entry(gates).or_default().push(by.text());
    }
    let door = |at: usize| -> Option<Door> { Some(gates.get(at)?.door.clone()) };
    by_gates
        .into_iter()
        .map(|(gates, roles)| Way { roles, doors: gates.into_iter().filter_map(door).collect() })
        .collect()
}

/// What a delegation says, where it differs.
fn terms(old: Option<&Opening<'_>>, new: Option<&Opening<'_>>) -> Vec<FieldChange> {
    let list = |names: &dyn Fn(&Opening<'_>) -> Vec<String>, field: &str| {
        let of = |opening: Option<&Opening<'_>>| opening.map(names).unwrap_or_default();
        FieldChange::of_lists(field, &of(old), &of(new))
    };
    let value = |text: &dyn Fn(&Delegation) -> String, field: &str| {
        let of = |opening: Option<&Opening<'_>>| opening.map(|o| text(o.delegation));
        FieldChange::of(field, of(old), of(new))
    };
    let time = |secs: u64| Time::from_secs(secs).to_string();
    let terms = [
        list(&principals, "principals"),
        list(&|o| o.meaning.names(&o.delegation.permissions), "permissions"),
        list(&|o| o.delegation.audiences.iter().map(ToString::to_string).collect(), "audiences"),
        value(&|d| d.bill.as_str().to_owned(), "bill"),
        value(&|d| time(d.not_before), "not_before"),
        value(&|d| time(d.expires), "expires"),
        value(&|d| d.consent.by.to_string(), "consent.by"),
        value(&|d| time(d.consent.at), "consent.at"),
        value(&|d| d.consent.reference.to_string(), "consent.reference"),
    ];
    terms.into_iter().flatten().collect()
}

fn principals(opening: &Opening<'_>) -> Vec<String> {
    match &opening.delegation.principals {
        None => vec!["any".to_owned()],
        Some(names) => names.iter().map(ToString::to_string).collect(),
    }
}
