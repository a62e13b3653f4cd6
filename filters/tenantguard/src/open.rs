//! Streams that are open: WebSockets, gRPC, long downloads. The tick looks at them a slice at a
//! time, and those whose permit is over are ended, each once: the proxy does not survive a second
//! time.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;

use tenantguard::time::Now;

use crate::stream::Shared;

/// How many streams are looked at in one tick.
const SLICE: usize = 2_000;

/// The open streams of one VM, by their context ids.
#[derive(Default)]
pub(crate) struct OpenStreams {
    streams: RefCell<BTreeMap<u32, Rc<Shared>>>,
    /// Where the last slice ended.
    at: Cell<u32>,
}

impl OpenStreams {
    pub(crate) fn add(&self, id: u32, stream: &Rc<Shared>) {
        self.streams.borrow_mut().insert(id, Rc::clone(stream));
    }

    pub(crate) fn remove(&self, id: u32) {
        self.streams.borrow_mut().remove(&id);
    }

    /// Takes out of the next slice the streams whose permit is over.
    pub(crate) fn take_ended(&self, now: Now) -> Vec<u32> {
        let mut streams = self.streams.borrow_mut();
        let after = (Bound::Excluded(self.at.get()), Bound::Unbounded);
        let slice = streams.range(after).take(SLICE);
        let (mut count, mut ended) = (0, Vec::new());
        for (id, stream) in slice {
            count += 1;
            self.at.set(*id);
            if stream.is_over(now) {
                ended.push(*id);
            }
        }
        if count < SLICE {
            self.at.set(0);
        }
        for id in &ended {
            streams.remove(id);
        }
        ended
    }
}
