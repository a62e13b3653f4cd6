//! Fetching keys: one VM of the proxy leads and asks the endpoints; the others take what it
//! publishes in shared data. Any VM may lead, and another takes over when a lease runs out.
//!
//! `shared` is what is published, `endpoint` one call.

mod endpoint;
mod shared;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tenantguard::artifact::PolicyDigest;
use tenantguard::keyring::{Change, FetchAnswer, InHand};
use tenantguard::trust::IssuerId;

use self::shared::{Board, Notice};
use crate::engine::Engine;
use crate::leader::Leader;
use crate::metrics::KeysEvent;

/// How many calls are under way at a time.
const CALLS_LIMIT: usize = 50;

/// The fetching part of one VM.
pub(crate) struct KeyFetcher {
    engine: Rc<Engine>,
    leader: Leader,
    board: Board,
    calls: RefCell<BTreeMap<u32, IssuerId>>,
    /// The version of the board, and of each notice on it, that has been taken.
    seen: Cell<u64>,
    taken: RefCell<BTreeMap<IssuerId, u64>>,
}

impl KeyFetcher {
    /// A fetcher for an engine whose policy has keys at endpoints.
    pub(crate) fn new(engine: Rc<Engine>, digest: PolicyDigest, instance: &str) -> Self {
        let prefix = format!("tenantguard.keys.{digest}");
        Self {
            engine,
            leader: Leader::new(&prefix, instance),
            board: Board::new(&prefix),
            calls: RefCell::default(),
            seen: Cell::new(0),
            taken: RefCell::default(),
        }
    }

    /// Takes what is published, and, as the leader, makes the calls that are due.
    pub(crate) fn tick(&self) {
        self.take_notices();
        let now = self.engine.now();
        if !self.leader.hold(now.monotonic) {
            return;
        }
        let ring = self.engine.gate.ring();
        for issuer in self.board.take_wishes() {
            ring.refetch(issuer, now.monotonic);
        }
        let free = CALLS_LIMIT.saturating_sub(self.calls.borrow().len());
        for fetch in ring.take_due(now.monotonic, free) {
            match endpoint::call(&fetch) {
                Ok(call) => drop(self.calls.borrow_mut().insert(call, fetch.issuer)),
                Err(error) => self.failed(fetch.issuer, &error.to_string()),
            }
        }
    }

    /// A token names a key that is not among those in hand: fetches it, or has it fetched. The
    /// first keys are fetched without anybody's wish, and must not use up the one fetch out of turn.
    pub(crate) fn wish(&self, issuer: IssuerId) {
        let now = self.engine.now().monotonic;
        let ring = self.engine.gate.ring();
        let has_keys = matches!(ring.in_hand(issuer, now), InHand::Keys(_));
        if has_keys && ring.is_worth_waiting(issuer, now) {
            ring.refetch(issuer, now);
            if !self.leader.is_held() {
                self.board.wish(issuer);
            }
        }
    }

    /// Takes the answer to a call of [`Self::tick`].
    pub(crate) fn on_response(&self, call: u32, header_count: usize, body_size: usize) {
        let Some(issuer) = self.calls.borrow_mut().remove(&call) else {
            return;
        };
        match endpoint::answer(header_count, body_size) {
            Ok(answer) => self.take_answer(issuer, &answer.borrow()),
            Err(error) => self.failed(issuer, &error.to_string()),
        }
    }

    fn take_answer(&self, issuer: IssuerId, answer: &FetchAnswer<'_>) {
        let now = self.engine.now();
        match self.engine.gate.take_keys(issuer, answer, Duration::ZERO, now) {
            Ok(change) => {
                self.count(change);
                let version = self.board.publish(issuer, answer, now.wall);
                self.taken.borrow_mut().insert(issuer, version);
                self.engine.waiting.keys_came(issuer);
            }
            Err(error) => self.complain(issuer, &error.to_string()),
        }
    }

    /// Takes what the leader has published.
    pub(crate) fn take_notices(&self) {
        let version = self.board.version();
        if version == self.seen.replace(version) {
            return;
        }
        for issuer in self.engine.gate.ring().issuers() {
            let known = self.taken.borrow().get(&issuer).copied();
            match self.board.notice(issuer) {
                Some(notice) if known != Some(notice.version) => self.take_notice(issuer, &notice),
                _ => {}
            }
        }
    }

    fn take_notice(&self, issuer: IssuerId, notice: &Notice) {
        self.taken.borrow_mut().insert(issuer, notice.version);
        let now = self.engine.now();
        let age = notice.age(now.wall);
        match self.engine.gate.take_keys(issuer, &notice.answer(), age, now) {
            Ok(_) => self.engine.waiting.keys_came(issuer),
            Err(error) => self.complain(issuer, &error.to_string()),
        }
    }

    fn failed(&self, issuer: IssuerId, why: &str) {
        self.engine.gate.ring().failed(issuer, self.engine.now().monotonic);
        self.complain(issuer, why);
    }

    fn complain(&self, issuer: IssuerId, why: &str) {
        self.engine.metrics.count_keys(KeysEvent::Failed);
        let url = self.engine.gate.policy().issuer(issuer).map_or("", |issuer| &issuer.url);
        log::warn!("the keys of {url} could not be fetched: {why}");
    }

    fn count(&self, change: Change) {
        self.engine.metrics.count_keys(match change {
            Change::Replaced => KeysEvent::Replaced,
            Change::Confirmed => KeysEvent::Confirmed,
        });
    }
}
