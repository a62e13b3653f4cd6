//! One request: handed to the gate, and held to what comes back.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use tenantguard::gate::{Denial, Need, Pending, Permit, Response, Step};
use tenantguard::request::{Mode, Request};

use crate::plugin::Plugin;
use crate::{host, record};

/// Where the `mode` of an Envoy route stands in its metadata.
const MODE: &str = "xds\0route_metadata\0filter_metadata\0tenantguard\0mode";

/// What became of the request.
enum State {
    /// The gate was not asked: no headers came, or the route has the mode `off`.
    NotAsked,
    Waiting(Pending),
    Permitted(Permit),
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
    plugin: Rc<Plugin>,
    state: RefCell<State>,
    is_mutual_tls: Cell<bool>,
    /// How much of the body has come, in bytes.
    body: Cell<u64>,
}

/// The context of one request.
pub(crate) struct Stream {
    id: u32,
    shared: Rc<Shared>,
}

impl Stream {
    pub(crate) fn new(id: u32, plugin: Rc<Plugin>) -> Self {
        let (state, is_mutual_tls) = (RefCell::new(State::NotAsked), Cell::new(false));
        let body = Cell::new(0);
        Self { id, shared: Rc::new(Shared { plugin, state, is_mutual_tls, body }) }
    }
}

impl Shared {
    /// Goes on with a request that has waited; the host's context must be its own.
    pub(crate) fn resume(&self) {
        let State::Waiting(pending) = self.state.replace(State::NotAsked) else {
            return;
        };
        let engine = &self.plugin.engine;
        match self.settle(engine.gate.resume(&pending, engine.now())) {
            Settled::GoesOn => host::resume_request(),
            // Nothing waits twice; if it did, it would be left to the proxy's timeout.
            Settled::Answered | Settled::Waits(_) => {}
        }
    }

    fn settle(&self, step: Step) -> Settled {
        match step {
            Step::Permit(permit) => {
                let changed = permit.changes().map_or(Ok(()), host::change_request_headers);
                self.plugin.engine.metrics.count(permit.account());
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
    fn count_body(&self, size: usize) -> Action {
        let so_far = self.body.get().saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
        self.body.set(so_far);
        let gate = &self.plugin.engine.gate;
        let denial = match &*self.state.borrow() {
            State::Permitted(permit) => permit
                .body_limit()
                .filter(|limit| so_far > *limit)
                .map(|limit| gate.refuse_body(permit, limit)),
            State::NotAsked => None,
            State::Waiting(_) | State::Denied(_) => return Action::Pause,
        };
        match denial.map(|denial| self.settle(Step::Deny(denial))) {
            None | Some(Settled::GoesOn) => Action::Continue,
            Some(Settled::Answered | Settled::Waits(_)) => Action::Pause,
        }
    }

    fn wait(self: &Rc<Self>, id: u32, need: Need) -> Action {
        let Plugin { engine, keys } = &*self.plugin;
        let now = engine.now().monotonic;
        if engine.waiting.add(id, need, Rc::clone(self), now) {
            let Need::Keys(issuer) = need;
            if let Some(keys) = keys {
                keys.wish(issuer);
            }
            return Action::Pause;
        }
        // Too many wait: settled with what is in hand.
        let State::Waiting(pending) = self.state.replace(State::NotAsked) else {
            return Action::Pause;
        };
        match self.settle(engine.gate.resume(&pending, engine.now())) {
            Settled::GoesOn => Action::Continue,
            Settled::Answered | Settled::Waits(_) => Action::Pause,
        }
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
    fn on_done(&mut self) -> bool {
        self.shared.plugin.engine.waiting.remove(self.id);
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
        match self.shared.settle(engine.gate.begin(&request, engine.now())) {
            Settled::GoesOn => Action::Continue,
            Settled::Answered => Action::Pause,
            Settled::Waits(need) => self.shared.wait(self.id, need),
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

    fn on_log(&mut self) {
        let engine = &self.shared.plugin.engine;
        let is_mutual_tls = self.shared.is_mutual_tls.get();
        match self.shared.state.replace(State::NotAsked) {
            State::NotAsked => {}
            State::Waiting(pending) => {
                let denial = engine.gate.abandon(&pending, engine.now());
                engine.metrics.count(denial.account());
                record::denial(engine, &denial, is_mutual_tls);
            }
            State::Permitted(permit) => record::permit(engine, &permit, is_mutual_tls),
            State::Denied(denial) => record::denial(engine, &denial, is_mutual_tls),
        }
    }
}
