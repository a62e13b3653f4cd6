//! Requests that wait for what their decision needs. A waiting request is resumed from the tick or
//! from the answer to a call; one that goes away leaves nothing here.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tenantguard::trust::IssuerId;

use crate::stream::Shared;

/// How many requests of one VM wait at a time; what comes beyond is settled with what is in hand.
const LIMIT: usize = 1_000;

/// What a request waits for, until the tick.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Awaited {
    Keys(IssuerId),
    Snapshot,
}

struct Waiter {
    need: Awaited,
    deadline: Duration,
    is_ready: bool,
    stream: Rc<Shared>,
}

/// The waiting requests of one VM, by their context ids.
#[derive(Default)]
pub(crate) struct Waiting {
    waiters: RefCell<BTreeMap<u32, Waiter>>,
}

impl Waiting {
    /// Lets a request wait until a time at most; `false` if too many do already.
    pub(crate) fn add(
        &self,
        id: u32,
        need: Awaited,
        stream: Rc<Shared>,
        deadline: Duration,
    ) -> bool {
        let mut waiters = self.waiters.borrow_mut();
        if waiters.len() >= LIMIT {
            return false;
        }
        waiters.insert(id, Waiter { need, deadline, is_ready: false, stream });
        true
    }

    /// The request is gone.
    pub(crate) fn remove(&self, id: u32) {
        self.waiters.borrow_mut().remove(&id);
    }

    /// An issuer's keys have come.
    pub(crate) fn keys_came(&self, issuer: IssuerId) {
        self.came(Awaited::Keys(issuer));
    }

    /// The first snapshot has come.
    pub(crate) fn snapshot_came(&self) {
        self.came(Awaited::Snapshot);
    }

    fn came(&self, need: Awaited) {
        for waiter in self.waiters.borrow_mut().values_mut() {
            waiter.is_ready |= waiter.need == need;
        }
    }

    /// Takes out the requests that are ready or have waited long enough.
    pub(crate) fn take_ready(&self, now: Duration) -> Vec<(u32, Rc<Shared>)> {
        let mut waiters = self.waiters.borrow_mut();
        let is_over = |waiter: &Waiter| waiter.is_ready || waiter.deadline <= now;
        let ready: Vec<u32> =
            waiters.iter().filter(|(_, waiter)| is_over(waiter)).map(|(id, _)| *id).collect();
        ready
            .into_iter()
            .filter_map(|id| waiters.remove(&id).map(|waiter| (id, waiter.stream)))
            .collect()
    }
}
