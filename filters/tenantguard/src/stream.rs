//! One request: handed to the gate, and held to what comes back.

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use tenantguard::gate::{Answer, Denial, Permit, Response, Step};
use tenantguard::request::{Mode, Request};

use crate::engine::Engine;
use crate::{host, record};

/// Where the `mode` of an Envoy route stands in its metadata.
const MODE: [&str; 5] = ["xds", "route_metadata", "filter_metadata", "tenantguard", "mode"];

/// What became of the request.
enum State {
    /// The gate was not asked: no headers came, or the route has the mode `off`.
    NotAsked,
    Permitted(Permit),
    Denied(Denial),
}

/// The context of one request.
pub(crate) struct Stream {
    engine: Rc<Engine>,
    state: State,
}

impl Stream {
    pub(crate) fn new(engine: Rc<Engine>) -> Self {
        Self { engine, state: State::NotAsked }
    }

    fn settle(&mut self, step: Step) -> Action {
        match step {
            Step::Permit(permit) => {
                let changed = permit.changes().map_or(Ok(()), host::change_request_headers);
                let account = permit.account();
                self.engine.metrics.count(account.mode(), account.verdict().reason());
                self.state = State::Permitted(permit);
                match changed {
                    Ok(()) => Action::Continue,
                    Err(host::HostError) => {
                        log::error!("the host refused a header; the request ends");
                        host::respond_http(503, &[], b"");
                        Action::Pause
                    }
                }
            }
            Step::Deny(denial) => {
                let account = denial.account();
                self.engine.metrics.count(account.mode(), account.verdict().reason());
                respond(denial.response());
                self.state = State::Denied(denial);
                Action::Pause
            }
            // No policy that this filter accepts has keys to ask for; if one did, it fails closed.
            Step::Ask(pending, _) => {
                let now = self.engine.now();
                match self.engine.gate.resume(pending, Answer::Unavailable, now) {
                    Step::Ask(..) => Action::Pause,
                    settled => self.settle(settled),
                }
            }
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

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _is_last: bool) -> Action {
        let mode = Mode::parse(host::property_bytes(&MODE).as_deref());
        if mode == Mode::Off {
            return Action::Continue;
        }
        let headers = host::request_headers();
        let request = Request { headers: &headers, mode, ids: self.engine.ids.next() };
        let step = self.engine.gate.begin(&request, self.engine.now());
        self.settle(step)
    }

    /// An upstream may read trailers as headers, so ours are as forged there as anywhere.
    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        if let State::Permitted(Permit::Tenant(_) | Permit::Public(_)) = self.state {
            let names = self.engine.gate.policy().headers();
            for name in host::request_trailer_names() {
                if names.recognize(&name).is_some() && host::remove_request_trailer(&name).is_err()
                {
                    log::error!("the host refused to remove a trailer");
                }
            }
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        match &self.state {
            State::NotAsked => {}
            State::Permitted(permit) => record::permit(&self.engine, permit),
            State::Denied(denial) => record::denial(&self.engine, denial),
        }
    }
}
