//! The control service, as the shell follows it. One VM of the proxy leads (`crate::leader`): it
//! polls (`poll`), fetches snapshots (`fetch`), publishes both on the `board` and rings the `bell`. Every
//! VM follows the board before it decides (`follow`), and asks for a stream where its copy is not enough
//! (`ask`). `service` is the calls, `config` where they go, `metrics` what can be seen of it.
//!
//! Nothing is decided here: what the bytes mean, and how much they are worth, the core knows.

mod ask;
mod bell;
mod board;
mod config;
mod fetch;
mod follow;
mod metrics;
mod poll;
mod service;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tenantguard::gate::Control;
use tenantguard::replica::{Freshness, Outcome, Question};

pub(crate) use self::ask::Answered;
use self::ask::Asking;
use self::board::Board;
pub(crate) use self::config::{ControlConfig, ControlError, ControlSource};
use self::fetch::Fetching;
use self::follow::{Follower, Loading};
use self::metrics::ControlMetrics;
use self::poll::Polling;
use self::service::{Service, ServiceError};
use crate::engine::Engine;
use crate::leader::Leader;
use crate::stream::Shared;

/// How often a VM looks while it loads a snapshot, and how soon at the earliest it comes again.
const BUSY_TICK: Duration = Duration::from_millis(1);
/// How often what is over is forgotten.
const FORGET: Duration = Duration::from_secs(60);
/// How often the metrics are shown: all of the copy is looked at for them.
const SHOW: Duration = Duration::from_millis(500);

/// One VM's part in following the control service.
pub(crate) struct Controller {
    engine: Rc<Engine>,
    service: Service,
    board: Board,
    leader: Leader,
    follower: Follower,
    polling: Polling,
    fetching: Fetching,
    asking: Asking,
    metrics: ControlMetrics,
    snapshot_deadline: Duration,
    forgotten: Cell<Duration>,
    shown: Cell<Duration>,
}

impl Controller {
    pub(crate) fn new(engine: Rc<Engine>, config: &ControlConfig, instance: &str) -> Self {
        let board = Board::new(config.prefix());
        let name = config.proxy.as_deref().unwrap_or_else(|| engine.proxy());
        let suffix = board.suffix(instance.get(..6).unwrap_or(instance));
        let proxy = match name {
            "" => suffix,
            name => format!("{name}.{suffix}"),
        };
        log::info!("follows the control service at cluster {} as {proxy}", config.cluster);
        Self {
            service: Service::new(config, &proxy),
            leader: Leader::new(board.prefix(), instance),
            board,
            engine,
            follower: Follower::new(),
            polling: Polling::default(),
            fetching: Fetching::default(),
            asking: Asking::default(),
            metrics: ControlMetrics::define(),
            snapshot_deadline: config.snapshot_deadline,
            forgotten: Cell::default(),
            shown: Cell::default(),
        }
    }

    /// How long a request waits for the first snapshot.
    pub(crate) fn snapshot_deadline(&self) -> Duration {
        self.snapshot_deadline
    }

    /// How soon this VM has to come again after an answer: it may have a snapshot to load, or to
    /// poll.
    pub(crate) fn wait(&self) -> Option<Duration> {
        if self.follower.is_lost() { Some(BUSY_TICK) } else { self.wait_to_poll() }
    }

    fn wait_to_poll(&self) -> Option<Duration> {
        let is_polling = self.leader.is_held() && !self.is_jumping();
        let wait = is_polling.then(|| self.polling.wait(self.engine.now().monotonic)).flatten();
        wait.map(|wait| wait.max(BUSY_TICK))
    }

    fn control(&self) -> Option<&Control> {
        self.engine.gate.control()
    }

    /// Looks for what is new, and takes it.
    pub(crate) fn follow(&self, now: Duration) {
        if let Some(control) = self.control()
            && !self.is_jumping()
        {
            self.follower.follow(&self.board, control, now);
        }
    }

    /// Follows, leads if it is this VM's turn, and says how soon to come again.
    pub(crate) fn tick(&self) -> Option<Duration> {
        let (control, now) = (self.control()?, self.engine.now());
        self.follow(now.monotonic);
        match self.leader.hold(now.monotonic) {
            true => {
                self.refresh(now.monotonic);
                self.step_fetch(now.monotonic);
                self.poll(now.monotonic);
            }
            false => self.fetching.give_up(),
        }
        let is_busy = self.load(control, now.monotonic);
        if self.forgotten.get() + FORGET <= now.monotonic {
            self.forgotten.set(now.monotonic);
            control.forget(now.wall);
        }
        if control.freshness(now.monotonic) != Freshness::Never {
            self.engine.waiting.snapshot_came();
        }
        if self.shown.get() + SHOW <= now.monotonic {
            self.shown.set(now.monotonic);
            self.metrics.show(&control.status(now.monotonic), self.asking.state());
        }
        if is_busy { Some(BUSY_TICK) } else { self.wait_to_poll() }
    }

    /// Loads a slice of a snapshot if this VM needs one; whether there is more to load.
    fn load(&self, control: &Control, now: Duration) -> bool {
        let Some(target) = self.target() else { return false };
        let loading = self.follower.load(&self.board, control, &target, now);
        if loading == Loading::Failed && self.is_jumping() {
            self.fetch_failed(&ServiceError::Foreign("a snapshot"), now);
        }
        if loading != Loading::Idle && !self.follower.is_lost() {
            self.step_fetch(now);
            self.follow(now);
        }
        loading == Loading::Busy
    }

    /// Takes the answer to a call; gives the request that goes on with it, if one does.
    pub(crate) fn on_response(&self, call: u32, headers: usize, body: usize) -> Option<Answered> {
        let now = self.engine.now().monotonic;
        if let Some(poll) = self.polling.take(call) {
            self.on_poll(poll, headers, body, now);
        } else if let Some(index) = self.fetching.take_call(call) {
            self.on_shard(index, headers, body, now);
        } else if let Some(sent) = self.fetching.take_asked(call) {
            self.on_refresh(sent, headers, body, now);
        } else {
            let answered = self.asking.answered(call, (headers, body), now);
            if let Some(answered) = &answered {
                self.metrics.closed(1);
                self.metrics.answered(answered.answer.verdict());
            }
            return answered;
        }
        None
    }

    /// Puts a question for a stream whose context is in effect; `false` if it cannot be asked now.
    pub(crate) fn ask(&self, id: u32, stream: Rc<Shared>, question: Question) -> bool {
        let now = self.engine.now().monotonic;
        let is_asked = self.asking.ask(&self.service, (id, stream), question, now);
        self.metrics.asked(is_asked);
        is_asked
    }

    /// The stream is gone.
    pub(crate) fn leave(&self, id: u32) {
        if self.asking.remove(id) {
            self.metrics.closed(1);
            self.asking.settle(Outcome::Abandoned, self.engine.now().monotonic);
        }
    }

    /// The requests whose answer should have come long ago.
    pub(crate) fn take_overdue(&self) -> Vec<Answered> {
        let overdue = self.asking.take_overdue(&self.service, self.engine.now().monotonic);
        self.metrics.closed(overdue.len());
        overdue
    }

    /// Lets another VM lead.
    pub(crate) fn retire(&self) {
        self.leader.release();
        self.metrics.show_breaker(false);
    }
}
