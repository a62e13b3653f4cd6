//! How roles extend each other: the order in which they build on each other, heirs, circles, and
//! what a role has with all that it extends.

use tenantguard::permissions::PermissionSet;

use super::permissions::Declared;
use crate::source::Role;

/// How roles extend each other, by position in the source.
#[derive(Debug)]
pub(crate) struct Hierarchy {
    /// For each role, the roles that it extends.
    pub(crate) extends: Vec<Vec<usize>>,
    /// Every role after all that it extends. Roles in a circle are absent.
    pub(crate) order: Vec<usize>,
    extended_by: Vec<Vec<usize>>,
}

impl Hierarchy {
    pub(crate) fn of(extends: Vec<Vec<usize>>) -> Self {
        let mut extended_by = vec![Vec::new(); extends.len()];
        for (role, bases) in extends.iter().enumerate() {
            for base in bases {
                if let Some(list) = extended_by.get_mut(*base) {
                    list.push(role);
                }
            }
        }
        let mut open: Vec<usize> = extends.iter().map(Vec::len).collect();
        let mut order: Vec<usize> = (0..open.len()).filter(|r| open.get(*r) == Some(&0)).collect();
        let mut next = 0;
        while let Some(role) = order.get(next).copied() {
            next += 1;
            for heir in extended_by.get(role).into_iter().flatten() {
                let Some(left) = open.get_mut(*heir) else { continue };
                *left -= 1;
                if *left == 0 {
                    order.push(*heir);
                }
            }
        }
        Self { extends, order, extended_by }
    }

    /// The role and all that extend it, directly or not.
    pub(crate) fn heirs(&self, role: usize) -> Vec<usize> {
        let mut seen = vec![false; self.extends.len()];
        let mut heirs = Vec::new();
        let mut open = vec![role];
        while let Some(role) = open.pop() {
            if seen.get_mut(role).is_some_and(|seen| !std::mem::replace(seen, true)) {
                heirs.push(role);
                open.extend(self.extended_by.get(role).into_iter().flatten());
            }
        }
        heirs
    }

    /// What each of `roles`, by its position, may do with all that it extends.
    pub(crate) fn close(&self, roles: &[Role], declared: &Declared) -> Vec<PermissionSet> {
        let mut closed: Vec<PermissionSet> =
            roles.iter().map(|role| declared.expand(&role.permissions)).collect();
        for role in &self.order {
            let mut own = closed.get_mut(*role).map(std::mem::take).unwrap_or_default();
            for base in self.extends.get(*role).into_iter().flatten() {
                own.union_with(closed.get(*base).unwrap_or(&PermissionSet::new()));
            }
            if let Some(slot) = closed.get_mut(*role) {
                *slot = own;
            }
        }
        closed
    }

    /// Circles, each role of one extending the next and the last the first. Every role outside
    /// `order` is in a circle or leads into one; of circles that meet, at least one is found.
    pub(super) fn cycles(&self) -> Vec<Vec<usize>> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            Open,
            InWalk,
            Done,
        }
        let mut marks = vec![Mark::Open; self.extends.len()];
        let set = |marks: &mut Vec<Mark>, role: usize, mark| {
            if let Some(slot) = marks.get_mut(role) {
                *slot = mark;
            }
        };
        self.order.iter().for_each(|role| set(&mut marks, *role, Mark::Done));
        let mut cycles = Vec::new();
        for start in 0..self.extends.len() {
            let mut walk: Vec<usize> = Vec::new();
            let mut at = Some(start);
            while let Some(role) = at {
                match marks.get(role) {
                    Some(Mark::Open) => {}
                    Some(Mark::InWalk) => {
                        cycles.push(walk.iter().copied().skip_while(|r| *r != role).collect());
                        break;
                    }
                    _ => break,
                }
                set(&mut marks, role, Mark::InWalk);
                walk.push(role);
                let mut bases = self.extends.get(role).into_iter().flatten().copied();
                at = bases.find(|base| marks.get(*base) != Some(&Mark::Done));
            }
            walk.iter().for_each(|role| set(&mut marks, *role, Mark::Done));
        }
        cycles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_comes_after_those_that_it_extends() {
        let hierarchy = Hierarchy::of(vec![vec![1, 2], vec![2], vec![], vec![0]]);
        assert_eq!(hierarchy.order, [2, 1, 0, 3]);
        let mut heirs = hierarchy.heirs(2);
        heirs.sort_unstable();
        assert_eq!(heirs, [0, 1, 2, 3]);
        assert_eq!(hierarchy.heirs(3), [3]);
    }

    #[test]
    fn roles_in_a_circle_have_no_order_and_a_long_chain_is_no_trouble() {
        let hierarchy = Hierarchy::of(vec![vec![2, 1], vec![0], vec![], vec![1], vec![4]]);
        assert_eq!(hierarchy.order, [2]);
        assert_eq!(hierarchy.cycles(), [vec![0, 1], vec![4]]);
        let chain = (0..200_000usize).map(|r| r.checked_sub(1).into_iter().collect()).collect();
        let chain = Hierarchy::of(chain);
        assert_eq!(chain.heirs(0).len(), 200_000);
        assert_eq!(chain.cycles(), [[0; 0]; 0]);
    }
}
