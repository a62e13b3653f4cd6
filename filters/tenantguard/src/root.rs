//! The plugin's life: not configured, or ready with an engine. There is no half-built filter: a
//! configuration that is refused leaves the last good engine in place, and Envoy says why.

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;
use tenantguard::gate::Gate;

use crate::config;
use crate::engine::Engine;
use crate::ids::IdSource;
use crate::metrics::Metrics;
use crate::stream::Stream;

/// The plugin in one VM.
#[derive(Default)]
pub(crate) enum Root {
    /// No configuration has been accepted yet: every request is refused by Envoy.
    #[default]
    Unconfigured,
    /// Deciding.
    Ready(Rc<Engine>),
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        let policy = match config::compile(&configuration) {
            Ok(policy) => policy,
            Err(error) => {
                log::error!("{error}");
                return false;
            }
        };
        let ids = match IdSource::seeded() {
            Ok(ids) => ids,
            Err(error) => {
                log::error!("the host gives no randomness: {error}");
                return false;
            }
        };
        log::info!("ready, policy {}", policy.digest());
        *self = Self::Ready(Rc::new(Engine::new(Gate::new(policy), ids, Metrics::define())));
        true
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        match self {
            Self::Unconfigured => None,
            Self::Ready(engine) => Some(Box::new(Stream::new(Rc::clone(engine)))),
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
