//! The plugin's life: not configured, or ready with an engine. There is no half-built filter: a
//! configuration that is refused leaves the last good engine in place, and Envoy says why.

use std::rc::Rc;
use std::sync::Arc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;
use tenantguard::gate::Gate;
use tenantguard::token::{PureRust, Verifier};

use crate::config;
use crate::engine::Engine;
use crate::host_verifier::HostVerifier;
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
        let (verifier, signatures): (Arc<dyn Verifier>, _) = match HostVerifier::detect() {
            Some(verifier) => (Arc::new(verifier), "the host"),
            None => (Arc::new(PureRust), "the guest"),
        };
        log::info!("ready, policy {}, signatures verified by {signatures}", policy.digest());
        let gate = Gate::with_verifier(policy, verifier, ids.cache_seed());
        *self = Self::Ready(Rc::new(Engine::new(gate, ids, Metrics::define())));
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
