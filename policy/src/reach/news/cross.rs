//! New ways from one tenant to another's data.

use std::collections::{BTreeMap, BTreeSet};

use super::{DoorKey, Piece};
use crate::reach::report::{Exception, Opened, Principals, Reach};

/// A door in another's data, for a role of the acting tenant.
type Way<'r> = (&'r str, &'r str, &'r str, DoorKey);

pub(super) fn news(baseline: &Reach, now: &Reach) -> Vec<Piece> {
    let mut known: BTreeMap<Way<'_>, Vec<&Exception>> = BTreeMap::new();
    for exception in &baseline.exceptions {
        for (role, opened) in ways(exception) {
            known.entry(way(exception, role, opened)).or_default().push(exception);
        }
    }
    let piece = |exception| {
        let new = ways(exception).filter(|(role, opened)| {
            let before = known.get(&way(exception, role, opened));
            !before.into_iter().flatten().any(|before| covers(before, exception))
        });
        piece(exception, &new.collect::<Vec<_>>())
    };
    now.exceptions.iter().filter_map(piece).collect()
}

/// Each role with each door that it opens.
fn ways(exception: &Exception) -> impl Iterator<Item = (&String, &Opened)> {
    exception.roles.iter().flat_map(|(role, permissions)| {
        let opens = |opened: &&Opened| permissions.contains(&opened.permission);
        exception.doors.iter().filter(opens).map(move |opened| (role, opened))
    })
}

fn way<'r>(exception: &'r Exception, role: &'r str, opened: &Opened) -> Way<'r> {
    (&exception.acting, &exception.resource, role, DoorKey::of(&opened.door))
}

/// Whether whoever may act now could act at any time that they can now.
fn covers(before: &Exception, now: &Exception) -> bool {
    let everybody = match (&before.principals, &now.principals) {
        (Principals::Any, _) => true,
        (Principals::Only(_), Principals::Any) => false,
        (Principals::Only(before), Principals::Only(now)) => {
            now.iter().all(|principal| before.contains(principal))
        }
    };
    let for_all = before.audiences.is_empty()
        || (!now.audiences.is_empty()
            && now.audiences.iter().all(|audience| before.audiences.contains(audience)));
    everybody && for_all && before.not_before <= now.not_before && now.expires <= before.expires
}

fn piece(exception: &Exception, new: &[(&String, &Opened)]) -> Option<Piece> {
    if new.is_empty() {
        return None;
    }
    let roles: BTreeSet<&String> = new.iter().map(|(role, _)| *role).collect();
    let doors: BTreeSet<_> = new.iter().map(|(_, opened)| &opened.door).collect();
    Some(Piece::CrossTenant {
        acting: exception.acting.clone(),
        resource: exception.resource.clone(),
        delegation: exception.delegation.clone(),
        principals: exception.principals.clone(),
        roles: roles.into_iter().cloned().collect(),
        doors: doors.into_iter().cloned().collect(),
        not_before: exception.not_before.clone(),
        expires: exception.expires.clone(),
    })
}
