//! The leader's snapshots: a manifest, and the shards that the board does not have yet. The proxy
//! takes one when it has nothing, or when what it has is not what the service has; and for a VM
//! that is too far behind to follow.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use tenantguard::control::{Manifest, Position};
use tenantguard::replica::Word;

use super::Controller;
use super::service::{self, ServiceError, Told};

/// How many shards are fetched at a time.
const CALLS_LIMIT: usize = 2;
/// How long after a snapshot another one is fetched for those who are behind.
const REFRESH: Duration = Duration::from_secs(1);
/// How long a snapshot may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A snapshot on its way to the board.
struct Fetch {
    manifest: Manifest,
    word: Word,
    begun: Duration,
    turn: u8,
    missing: Vec<usize>,
    calls: BTreeMap<u32, usize>,
    /// Whether the proxy is to stand where the snapshot does.
    is_jump: bool,
    is_posted: bool,
}

#[derive(Default)]
pub(super) struct Fetching {
    fetch: RefCell<Option<Fetch>>,
    /// The manifest for those who are behind.
    asked: Cell<Option<(u32, Duration)>>,
    due: Cell<Duration>,
}

impl Fetching {
    /// When the manifest was asked for that a call is about, if it is.
    pub(super) fn take_asked(&self, call: u32) -> Option<Duration> {
        let asked = self.asked.get().filter(|(asked, _)| *asked == call);
        asked.inspect(|_| self.asked.set(None)).map(|(_, sent)| sent)
    }

    /// The shard that a call is about, if it is about one.
    pub(super) fn take_call(&self, call: u32) -> Option<usize> {
        self.fetch.borrow_mut().as_mut()?.calls.remove(&call)
    }

    pub(super) fn give_up(&self) {
        self.fetch.replace(None);
    }
}

impl Controller {
    /// Whether the proxy waits for a snapshot to stand on.
    pub(super) fn is_jumping(&self) -> bool {
        self.fetching.fetch.borrow().as_ref().is_some_and(|fetch| fetch.is_jump)
    }

    /// Where this VM is to go: to the snapshot that the proxy waits for, or to the board's head.
    pub(super) fn target(&self) -> Option<Position> {
        if let Some(fetch) = &*self.fetching.fetch.borrow()
            && fetch.is_jump
        {
            return fetch.is_posted.then_some(fetch.manifest.position);
        }
        self.board.head().and_then(|read| read.parse()).map(|word| word.head)
    }

    /// Begins to fetch what a manifest names.
    pub(super) fn fetch(
        &self,
        bytes: &[u8],
        (sent, lease): (Duration, Duration),
        is_jump: bool,
        now: Duration,
    ) {
        let Ok(manifest) = Manifest::decode(bytes) else {
            return self.poll_failed(&ServiceError::Foreign("a manifest"), now);
        };
        let word = Word { head: manifest.position, sent, lease };
        let (turn, missing) = (self.board.next_turn(), self.reuse(&manifest));
        let calls = BTreeMap::new();
        let begun = now;
        let fetch =
            Fetch { manifest, word, begun, turn, missing, calls, is_jump, is_posted: false };
        self.fetching.fetch.replace(Some(fetch));
        self.step_fetch(now);
    }

    /// Takes over the shards that the board has already; gives those that it has not.
    fn reuse(&self, manifest: &Manifest) -> Vec<usize> {
        let (before, turn) = (self.board.snapshot(), self.board.next_turn());
        let reused = |index: &usize| {
            let wanted = manifest.shards.get(*index)?;
            let posted = before.as_ref()?;
            let place = posted.manifest.shards.iter().position(|shard| shard == wanted)?;
            let shard = self.board.shard(posted, place)?;
            self.board.put_shard(turn, *index, &shard);
            Some(())
        };
        (0..manifest.shards.len()).filter(|index| reused(index).is_none()).collect()
    }

    /// Asks for a snapshot for those who are behind, if somebody is.
    pub(super) fn refresh(&self, now: Duration) {
        let fetching = &self.fetching;
        let is_busy = fetching.fetch.borrow().is_some();
        if is_busy || now < fetching.due.get() || !self.board.take_wish() {
            return;
        }
        fetching.due.set(now + REFRESH);
        if let Ok(call) = self.service.poll(None) {
            fetching.asked.set(Some((call, now)));
        }
    }

    pub(super) fn on_refresh(&self, sent: Duration, headers: usize, body: usize, now: Duration) {
        if let Ok((Told::Manifest(bytes), lease)) = service::told(headers, body)
            && self.leader.is_held()
            && self.fetching.fetch.borrow().is_none()
        {
            self.fetch(&bytes, (sent, lease), false, now);
        }
    }

    pub(super) fn on_shard(&self, index: usize, headers: usize, body: usize, now: Duration) {
        match service::shard(headers, body) {
            Ok(bytes) => {
                let turn = self.fetching.fetch.borrow().as_ref().map(|fetch| fetch.turn);
                if let Some(turn) = turn {
                    self.board.put_shard(turn, index, &bytes);
                }
                self.step_fetch(now);
            }
            Err(error) => self.fetch_failed(&error, now),
        }
    }

    pub(super) fn fetch_failed(&self, error: &ServiceError, now: Duration) {
        self.fetching.give_up();
        self.poll_failed(error, now);
    }

    /// Goes on with a fetch: the next calls, or its end.
    pub(super) fn step_fetch(&self, now: Duration) {
        while let Some((index, digest)) = self.next_shard() {
            match self.service.shard(&digest) {
                Ok(call) => {
                    if let Some(fetch) = &mut *self.fetching.fetch.borrow_mut() {
                        fetch.calls.insert(call, index);
                    }
                }
                Err(error) => return self.fetch_failed(&error, now),
            }
        }
        let Some(fetch) = self.fetching.fetch.take() else { return };
        let is_whole = fetch.missing.is_empty() && fetch.calls.is_empty();
        let stays = if is_whole { self.finish(fetch) } else { Some(fetch) };
        self.fetching.fetch.replace(stays.filter(|fetch| now < fetch.begun + TIME_LIMIT));
    }

    fn next_shard(&self) -> Option<(usize, [u8; 32])> {
        let mut fetch = self.fetching.fetch.borrow_mut();
        let fetch = fetch.as_mut().filter(|fetch| fetch.calls.len() < CALLS_LIMIT)?;
        let index = fetch.missing.pop()?;
        fetch.manifest.shards.get(index).map(|shard| (index, shard.digest))
    }

    /// Posts a snapshot that is whole, and stands on it once the leader's own copy does. Gives back
    /// what has to wait.
    fn finish(&self, mut fetch: Fetch) -> Option<Fetch> {
        let position = fetch.manifest.position;
        if !fetch.is_jump {
            let head = self.board.head().and_then(|read| read.parse())?.head;
            let is_ours = head.history == position.history;
            if is_ours && head.epoch < position.epoch {
                return Some(fetch);
            }
            if is_ours {
                self.board.post(fetch.turn, &fetch.manifest);
            }
            return None;
        }
        if !fetch.is_posted {
            self.board.post(fetch.turn, &fetch.manifest);
            fetch.is_posted = true;
            self.follower.take_snapshot();
        }
        if self.control().and_then(|control| control.position()) != Some(position) {
            return Some(fetch);
        }
        self.publish(fetch.word);
        self.polling.moored();
        None
    }
}
