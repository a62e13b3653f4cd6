//! Streams that are open: WebSockets, gRPC, long downloads. The tick looks at them a slice at a
//! time, and those whose permit is over are ended, each once: the proxy does not survive a second
//! time.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tenantguard::time::Now;

use crate::stream::Shared;

/// How many streams are looked at in one tick.
const SLICE: usize = 2_000;

/// The open streams of one VM, in the order of their context ids. These count up, so most requests
/// come and go at the end.
#[derive(Default)]
pub(crate) struct OpenStreams {
    streams: RefCell<Vec<(u32, Rc<Shared>)>>,
    /// Where the last slice ended.
    at: Cell<u32>,
}

fn place(streams: &[(u32, Rc<Shared>)], id: u32) -> Result<usize, usize> {
    streams.binary_search_by_key(&id, |(own, _)| *own)
}

impl OpenStreams {
    pub(crate) fn add(&self, id: u32, stream: &Rc<Shared>) {
        let mut streams = self.streams.borrow_mut();
        if let Err(at) = place(&streams, id) {
            streams.insert(at, (id, Rc::clone(stream)));
        }
    }

    pub(crate) fn remove(&self, id: u32) {
        let mut streams = self.streams.borrow_mut();
        if let Ok(at) = place(&streams, id) {
            streams.remove(at);
        }
    }

    /// Takes out of the next slice the streams whose permit is over.
    pub(crate) fn take_ended(&self, now: Now) -> Vec<u32> {
        let mut streams = self.streams.borrow_mut();
        let begin = streams.partition_point(|(id, _)| *id <= self.at.get());
        let slice = streams.iter().skip(begin).take(SLICE);
        self.at.set(slice.clone().map(|(id, _)| *id).nth(SLICE - 1).unwrap_or(0));
        let ended: Vec<u32> =
            slice.filter(|(_, stream)| stream.is_over(now)).map(|(id, _)| *id).collect();
        if !ended.is_empty() {
            streams.retain(|(id, _)| ended.binary_search(id).is_err());
        }
        ended
    }
}
