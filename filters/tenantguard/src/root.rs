//! The plugin's life: not configured, or ready. There is no half-built filter: a configuration
//! that is refused leaves the last good one in place, and Envoy says why.

use std::rc::Rc;
use std::time::Instant;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

use crate::config;
use crate::plugin::Plugin;
use crate::stream::Stream;

/// The root context in one VM.
pub(crate) struct Root {
    id: u32,
    state: State,
}

enum State {
    /// No configuration has been accepted yet: every request is refused by Envoy.
    Unconfigured,
    /// Deciding.
    Ready(Rc<Plugin>),
}

impl Root {
    pub(crate) fn new(id: u32) -> Self {
        Self { id, state: State::Unconfigured }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, call: u32, headers: usize, body: usize, _: usize) {
        if let State::Ready(plugin) = &self.state {
            plugin.on_response(self.id, call, headers, body);
        }
    }

    fn on_done(&mut self) -> bool {
        if let State::Ready(plugin) = &self.state {
            plugin.retire();
        }
        true
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        let begun = Instant::now();
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        let configuration = match config::read(&configuration) {
            Ok(configuration) => configuration,
            Err(error) => {
                log::error!("{error}");
                return false;
            }
        };
        match Plugin::new(configuration, begun) {
            Ok(plugin) => self.state = State::Ready(Rc::new(plugin)),
            Err(error) => {
                log::error!("{error}");
                return false;
            }
        }
        true
    }

    fn on_tick(&mut self) {
        if let State::Ready(plugin) = &self.state {
            plugin.tick(self.id);
        }
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        match &self.state {
            State::Unconfigured => None,
            State::Ready(plugin) => Some(Box::new(Stream::new(id, Rc::clone(plugin)))),
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
