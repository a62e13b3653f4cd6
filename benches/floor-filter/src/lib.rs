//! Filters that decide nothing: the benchmark's measure of what proxy-wasm itself costs.
//!
//! What one does is in its plugin configuration, see [`work`]; what Envoy calls it for is settled by
//! `cargo xtask bench`. Uses the proxy-wasm ABI and base64 only.

#![allow(missing_docs, reason = "the entry function that the macro writes takes no comment")]

mod calls;
mod least;
mod work;

use std::rc::Rc;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

use crate::work::{Refusal, Work};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Error);
    proxy_wasm::set_root_context(|_| Box::new(Root { work: Rc::new(Work::Nothing) }));
}}

struct Root {
    work: Rc<Work>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        match Work::configured(&self.get_plugin_configuration().unwrap_or_default()) {
            Ok(work) => {
                self.work = Rc::new(work);
                true
            }
            Err(error) => {
                let _ = hostcalls::log(LogLevel::Error, &error.to_string());
                false
            }
        }
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { work: Rc::clone(&self.work) }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream {
    work: Rc<Work>,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _headers: usize, _end_of_stream: bool) -> Action {
        // A row whose filter did less than it says would be worth nothing, so that fails the run.
        let status = match self.work.on_request() {
            Ok(()) => return Action::Continue,
            Err(Refusal::Unverified) => 401,
            Err(Refusal::Host) => 500,
        };
        let _ = hostcalls::send_http_response(status, Vec::new(), None);
        Action::Pause
    }

    fn on_log(&mut self) {
        if let Work::Calls(calls) = &*self.work {
            calls.on_log();
        }
    }
}
