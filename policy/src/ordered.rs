//! Ordered maps and sets, filled item by item. To `collect` one sorts its items first, and the
//! filter would carry a sort of its own for each type of item.

use std::collections::{BTreeMap, BTreeSet};

/// A map of these pairs; of two with one key the later one counts.
pub(crate) fn map<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(pairs);
    map
}

/// A set of these items.
pub(crate) fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}
