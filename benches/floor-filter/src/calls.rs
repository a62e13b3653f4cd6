//! Every call into the host that TenantGuard makes for a request whose token it knows, in its order
//! and with values as long as its own, and nothing computed. With the bell, also the one that it makes
//! where it follows a control service: it reads a gauge.

use std::cell::Cell;

use proxy_wasm::hostcalls;
use proxy_wasm::types::{MapType, MetricType, Status};

use crate::work::Refusal;

const HEADERS: [(&str, &str); 9] = [
    ("x-tenant-id", "acme"),
    ("x-resource-tenant-id", "acme"),
    ("x-tenant-isolation", "dedicated"),
    ("x-tenant-cell", "acme-eu"),
    ("x-principal-id", "platform/alice@acme.example"),
    ("x-tenant-roles", "editor"),
    ("x-tenant-scope", "reports:read reports:write"),
    ("x-tenant-context-id", "376b6fcdb024c2d279db445d2c195ab0"),
    ("x-audit-id", "6db2345b397e7595f504c2e62efe38e5"),
];
const MODE: &str = "xds\0route_metadata\0filter_metadata\0tenantguard\0mode";
/// The lengths of an audit record and of a usage event.
const AUDIT: [u8; 665] = [b'a'; 665];
const USAGE: [u8; 459] = [b'u'; 459];

/// The gauge, and whether a record was refused.
#[derive(Default)]
pub(crate) struct Calls {
    bell: Option<u32>,
    unrecorded: Cell<bool>,
}

impl Calls {
    pub(crate) fn with_bell() -> Result<Self, Status> {
        let bell = hostcalls::define_metric(MetricType::Gauge, "floor.bell")?;
        Ok(Self { bell: Some(bell), ..Self::default() })
    }

    pub(crate) fn on_request(&self) -> Result<(), Refusal> {
        if self.unrecorded.get() {
            return Err(Refusal::Host);
        }
        let map = MapType::HttpRequestHeaders;
        hostcalls::get_property(vec![MODE])?;
        hostcalls::get_map_bytes(map)?;
        hostcalls::get_property(vec!["connection\0sha256_peer_certificate_digest"])?;
        hostcalls::get_current_time()?;
        if let Some(bell) = self.bell {
            hostcalls::get_metric(bell)?;
        }
        for (name, value) in HEADERS {
            hostcalls::set_map_value(map, name, Some(value))?;
        }
        Ok(())
    }

    /// No answer can tell of a failure here: the next request does.
    pub(crate) fn on_log(&self) {
        if record().is_err() {
            self.unrecorded.set(true);
        }
    }
}

fn record() -> Result<(), Status> {
    hostcalls::get_property(vec!["source\0address"])?;
    hostcalls::set_property(vec!["floor.audit"], Some(&AUDIT))?;
    hostcalls::set_property(vec!["floor.usage"], Some(&USAGE))
}
