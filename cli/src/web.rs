//! The HTTP client that every command asks with: https by the authorities that this system trusts,
//! no redirects, and a limit on the time.

use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The certificate authorities that this system trusts, a company's own among them.
pub(crate) fn system_tls() -> TlsConfig {
    TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build()
}

/// A client. A server on this machine may be asked without TLS, and is not asked through a proxy.
pub(crate) fn agent(is_loopback: bool, timeout: Duration, tls: TlsConfig) -> Agent {
    let mut config = Agent::config_builder()
        .tls_config(tls)
        .https_only(!is_loopback)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(CONNECT_TIMEOUT.min(timeout)))
        .timeout_global(Some(timeout))
        .user_agent(concat!("tenantguard/", env!("CARGO_PKG_VERSION")));
    if is_loopback {
        config = config.proxy(None);
    }
    config.build().new_agent()
}
