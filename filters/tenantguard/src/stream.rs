//! One request: handed to the gate, and held to what comes back.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use tenantguard::gate::{Denial, Ended, Need, Pending, Permit, Response, Step};
use tenantguard::replica::Answer;
use tenantguard::request::{Mode, Request};
use tenantguard::time::Now;

use crate::plugin::Plugin;
use crate::record::Circumstances;
use crate::waiting::Awaited;
use crate::{host, record};

/// Where the `mode` of an Envoy route stands in its metadata.
const MODE: &str = "xds\0route_metadata\0filter_metadata\0tenantguard\0mode";

/// How long a request waits for keys.
const KEYS_DEADLINE: Duration = Duration::from_secs(2);

/// What became of the request.
enum State {
    /// The gate was not asked: no headers came, or the route has the mode `off`.
    NotAsked,
    Waiting(Pending),
    Permitted(Permit),
    /// The permit was over before the stream was.
    Ended(Permit, Ended),
    Denied(Denial),
}

/// What becomes of the request now.
enum Settled {
    GoesOn,
    Answered,
    Waits(Need),
}

/// The part of a stream that outlives a callback: also the tick gets at it, when the request has
/// waited. No borrow of the state is held across a call into the host.
pub(crate) struct Shared {
    id: u32,
    plugin: Rc<Plugin>,
    state: RefCell<State>,
    is_mutual_tls: Cell<bool>,
    /// The number of the record that was written before the decision was settled, if one was.
    sequence: Cell<Option<u64>>,
    /// How much of the body has come, in bytes.
    body: Cell<u64>,
}

/// The context of one request.
pub(crate) struct Stream {
    shared: Rc<Shared>,
}

impl Stream {
    pub(crate) fn new(id: u32, plugin: Rc<Plugin>) -> Self {
        let (state, is_mutual_tls) = (RefCell::new(State::NotAsked), Cell::new(false));
        let (sequence, body) = (Cell::new(None), Cell::new(0));
        let shared = Shared { id, plugin, state, is_mutual_tls, sequence, body };
        Self { shared: Rc::new(shared) }
    }
}

impl Shared {
    /// Goes on with a request that has waited; the host's context must be its own.
    pub(crate) fn resume(self: &Rc<Self>, answer: Option<&Answer>) {
        let settled = match self.decide_now(answer) {
            Settled::Waits(need) => self.wait(need),
            Settled::GoesOn => Action::Continue,
            Settled::Answered => Action::Pause,
        };
        if settled == Action::Continue {
            host::resume_request();
        }
    }

    /// Settles what was waiting with what is in hand, or finds out what else it needs. Nothing waits
    /// for the same twice.
    fn decide_now(self: &Rc<Self>, answer: Option<&Answer>) -> Settled {
        let State::Waiting(pending) = self.state.replace(State::NotAsked) else {
            return Settled::Answered;
        };
        let engine = &self.plugin.engine;
        let now = engine.now();
        self.plugin.follow(now.monotonic);
        self.settle(engine.gate.resume(&pending, answer, now))
    }

    /// Whether the permit is over; the stream is to be ended then, once.
    pub(crate) fn is_over(&self, now: Now) -> bool {
        let mut state = self.state.borrow_mut();
        let State::Permitted(permit) = &*state else { return false };
        let Some(ended) = self.plugin.engine.gate.still_stands(permit, now) else { return false };
        if let State::Permitted(permit) = std::mem::replace(&mut *state, State::NotAsked) {
            *state = State::Ended(permit, ended);
        }
        true
    }

    fn settle(self: &Rc<Self>, step: Step) -> Settled {
        match step {
            Step::Permit(permit) => {
                let changed = permit.changes().map_or(Ok(()), host::change_request_headers);
                self.plugin.engine.metrics.count(permit.account());
                if permit.closes_streams() {
                    self.plugin.engine.open.add(self.id, self);
                }
                self.state.replace(State::Permitted(permit));
                match changed {
                    Ok(()) => Settled::GoesOn,
                    Err(host::HostError) => {
                        log::error!("the host refused a header; the request ends");
                        host::respond_http(503, &[], b"");
                        Settled::Answered
                    }
                }
            }
            Step::Deny(denial) => {
                self.plugin.engine.metrics.count(denial.account());
                respond(denial.response());
                self.state.replace(State::Denied(denial));
                Settled::Answered
            }
            Step::Off => Settled::GoesOn,
            Step::Ask(pending, need) => {
                self.state.replace(State::Waiting(pending));
                Settled::Waits(need)
            }
        }
    }

    /// Holds what has come of the body to the permit's limit. Nothing of it goes on before there is a
    /// permit, or after the request was answered.
    fn count_body(self: &Rc<Self>, size: usize) -> Action {
        let so_far = self.body.get().saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
        self.body.set(so_far);
        let gate = &self.plugin.engine.gate;
        let denial = match &*self.state.borrow() {
            State::Permitted(permit) => permit
                .body_limit()
                .filter(|limit| so_far > *limit)
                .map(|limit| gate.refuse_body(permit, limit)),
            State::NotAsked => None,
            State::Waiting(_) | State::Denied(_) | State::Ended(..) => return Action::Pause,
        };
        match denial.map(|denial| self.settle(Step::Deny(denial))) {
            None | Some(Settled::GoesOn) => Action::Continue,
            Some(Settled::Answered | Settled::Waits(_)) => Action::Pause,
        }
    }

    fn wait(self: &Rc<Self>, need: Need) -> Action {
        let Plugin { engine, keys, control, .. } = &*self.plugin;
        let now = engine.now().monotonic;
        let add = |need, time| engine.waiting.add(self.id, need, Rc::clone(self), now + time);
        let waits = match (need, keys, control) {
            (Need::Keys(issuer), Some(keys), _) => {
                let waits = add(Awaited::Keys(issuer), KEYS_DEADLINE);
                if waits {
                    keys.wish(issuer);
                }
                waits
            }
            (Need::Snapshot, _, Some(control)) => {
                add(Awaited::Snapshot, control.snapshot_deadline())
            }
            (Need::Introspect(question), _, Some(control)) => {
                self.put_down();
                control.ask(self.id, Rc::clone(self), question)
            }
            _ => false,
        };
        // Where there is no place to wait, what is in hand decides.
        match waits {
            true => Action::Pause,
            false => match self.decide_now(None) {
                Settled::GoesOn => Action::Continue,
                Settled::Answered => Action::Pause,
                Settled::Waits(need) => self.wait(need),
            },
        }
    }

    /// Puts down that the client has left, before the control service is asked: whatever ends the
    /// stream from now on, there is a record of it.
    fn put_down(&self) {
        let engine = &self.plugin.engine;
        let now = engine.now();
        let denial = match &*self.state.borrow() {
            State::Waiting(pending) => engine.gate.abandon(pending, now),
            _ => return,
        };
        self.sequence.set(Some(engine.next_sequence()));
        record::denial(engine, &denial, self.circumstances());
    }

    fn circumstances(&self) -> Circumstances {
        let (sequence, is_mutual_tls) = (self.sequence.get(), self.is_mutual_tls.get());
        Circumstances { sequence, is_mutual_tls }
    }
}

fn respond(response: &Response) {
    match response {
        Response::Http { status, headers, body } => host::respond_http(*status, headers, body),
        Response::Grpc { status, message, headers } => {
            host::respond_grpc(*status, message, headers);
        }
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, call: u32, headers: usize, body: usize, _: usize) {
        let control = self.shared.plugin.control.as_ref();
        // Nobody else is resumed from here: the context in effect is this stream's.
        if let Some(it) = control.and_then(|control| control.on_response(call, headers, body)) {
            it.stream.resume(Some(&it.answer));
        }
    }

    fn on_done(&mut self) -> bool {
        let Shared { id, plugin, sequence, .. } = &*self.shared;
        plugin.engine.waiting.remove(*id);
        plugin.engine.open.remove(*id);
        // Who asks has put that down first.
        if let (Some(_), Some(control)) = (sequence.get(), &plugin.control) {
            control.leave(*id);
        }
        true
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _is_last: bool) -> Action {
        let mode = host::property_bytes(MODE).map(|mode| Mode::parse(&mode));
        if mode == Some(Mode::Off) {
            return Action::Continue;
        }
        let engine = &self.shared.plugin.engine;
        let headers = host::request_headers();
        let certificate = host::peer_certificate();
        self.shared.is_mutual_tls.set(certificate.is_some());
        let request = Request { headers: &headers, mode, ids: engine.ids.next(), certificate };
        let now = engine.now();
        self.shared.plugin.follow(now.monotonic);
        match self.shared.settle(engine.gate.begin(&request, now)) {
            Settled::GoesOn => Action::Continue,
            Settled::Answered => Action::Pause,
            Settled::Waits(need) => self.shared.wait(need),
        }
    }

    /// A body is counted as it comes, whatever length it announced.
    fn on_http_request_body(&mut self, size: usize, _is_last: bool) -> Action {
        self.shared.count_body(size)
    }

    /// An upstream may read trailers as headers, so ours are as forged there as anywhere.
    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        match *self.shared.state.borrow() {
            State::Permitted(Permit::Tenant(_) | Permit::Public(_)) => {}
            _ => return Action::Continue,
        }
        let names = self.shared.plugin.engine.gate.policy().headers();
        for name in host::request_trailer_names() {
            if names.recognize(&name).is_some() && host::remove_request_trailer(&name).is_err() {
                log::error!("the host refused to remove a trailer");
            }
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, _is_last: bool) -> Action {
        let policy = self.shared.plugin.engine.gate.policy();
        if let State::Permitted(permit) = &*self.shared.state.borrow()
            && let Some((name, value)) = permit.told(policy)
        {
            host::set_response_header(name, value);
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        let engine = &self.shared.plugin.engine;
        let at = self.shared.circumstances();
        match self.shared.state.replace(State::NotAsked) {
            State::NotAsked => {}
            State::Waiting(pending) => {
                let denial = engine.gate.abandon(&pending, engine.now());
                engine.metrics.count(denial.account());
                record::denial(engine, &denial, at);
            }
            State::Permitted(permit) => record::permit(engine, &permit, None, at),
            State::Ended(permit, ended) => record::permit(engine, &permit, Some(&ended), at),
            State::Denied(denial) => record::denial(engine, &denial, at),
        }
    }
}
