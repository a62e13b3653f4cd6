//! New access of tenants to their own data. A new tenant is no news if it may do no more than some
//! tenant of the baseline.

use std::collections::{BTreeMap, BTreeSet};

use super::{DoorKey, Piece};
use crate::reach::report::{Class, Door, Reach};

/// Doors that asked one permission before, or were not there, and ask another one now.
type Moves<'r> = BTreeMap<(Option<&'r str>, &'r str), Vec<&'r Door>>;

pub(super) fn news(baseline: &Reach, now: &Reach) -> Vec<Piece> {
    let moves = moves(baseline, now);
    let class_of = class_of(&baseline.classes);
    let mut pieces = Vec::new();
    for class in &now.classes {
        let mut by_earlier: BTreeMap<Option<usize>, Vec<&str>> = BTreeMap::new();
        for tenant in &class.tenants {
            let before = class_of.get(tenant.as_str()).copied();
            by_earlier.entry(before).or_default().push(tenant);
        }
        for (before, tenants) in by_earlier {
            let new = match before.and_then(|at| baseline.classes.get(at)) {
                Some(before) => further(before, class, &moves),
                None => further_than_anyone(&baseline.classes, class, &moves),
            };
            pieces.extend(group(&tenants, new));
        }
    }
    pieces
}

/// The class of each tenant, by position.
fn class_of(classes: &[Class]) -> BTreeMap<&str, usize> {
    let with_position = classes.iter().zip(0..);
    with_position
        .flat_map(|(class, at)| class.tenants.iter().map(move |tenant| (tenant.as_str(), at)))
        .collect()
}

fn moves<'r>(baseline: &'r Reach, now: &'r Reach) -> Moves<'r> {
    let asked = baseline.doors.iter();
    let asked: BTreeMap<DoorKey, &str> = asked
        .flat_map(|(permission, doors)| doors.iter().map(|d| (DoorKey::of(d), permission.as_str())))
        .collect();
    let mut moves = Moves::new();
    for (permission, doors) in &now.doors {
        for door in doors {
            let before = asked.get(&DoorKey::of(door)).copied();
            moves.entry((before, permission)).or_default().push(door);
        }
    }
    moves
}

/// What each role reaches now and did not before.
fn further<'r>(
    before: &'r Class,
    now: &'r Class,
    moves: &Moves<'r>,
) -> BTreeMap<&'r str, BTreeSet<&'r Door>> {
    let mut new = BTreeMap::new();
    for (role, permissions) in &now.roles {
        let old: BTreeSet<&str> =
            before.roles.get(role).into_iter().flatten().map(String::as_str).collect();
        let permissions: BTreeSet<&str> = permissions.iter().map(String::as_str).collect();
        let reached = moves.iter().filter(|((asked, asks), _)| {
            permissions.contains(asks) && !asked.is_some_and(|asked| old.contains(asked))
        });
        let doors: BTreeSet<&Door> = reached.flat_map(|(_, doors)| doors).copied().collect();
        if !doors.is_empty() {
            new.insert(role.as_str(), doors);
        }
    }
    new
}

fn further_than_anyone<'r>(
    before: &'r [Class],
    now: &'r Class,
    moves: &Moves<'r>,
) -> BTreeMap<&'r str, BTreeSet<&'r Door>> {
    static NOTHING: Class = Class { tenants: Vec::new(), roles: BTreeMap::new() };
    let mut least = further(before.first().unwrap_or(&NOTHING), now, moves);
    for class in before {
        if least.is_empty() {
            break;
        }
        let other = further(class, now, moves);
        if other.len() < least.len() {
            least = other;
        }
    }
    least
}

/// Roles that reach the same doors share a piece.
fn group(tenants: &[&str], new: BTreeMap<&str, BTreeSet<&Door>>) -> Vec<Piece> {
    let mut by_doors: BTreeMap<BTreeSet<&Door>, Vec<String>> = BTreeMap::new();
    for (role, doors) in new {
        by_doors.entry(doors).or_default().push(role.to_owned());
    }
    let piece = |(doors, roles): (BTreeSet<&Door>, Vec<String>)| Piece::Home {
        tenants: tenants.iter().map(|tenant| (*tenant).to_owned()).collect(),
        roles,
        doors: doors.into_iter().cloned().collect(),
    };
    by_doors.into_iter().map(piece).collect()
}
