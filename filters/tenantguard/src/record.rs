//! What a decision leaves in filter state for the access log: the audit record and the usage
//! event. Written at log time, so that the sequence numbers are those of the log's lines.

use tenantguard::artifact::route::Usage;
use tenantguard::audit::{self, Origin};
use tenantguard::gate::{Denial, Permit};
use tenantguard::usage;

use crate::engine::Engine;
use crate::host;

const AUDIT: &str = "tenantguard.audit";
const USAGE: &str = "tenantguard.usage";

/// Records a permit, and its use.
pub(crate) fn permit(engine: &Engine, permit: &Permit, is_mutual_tls: bool) {
    let (policy, position) = (engine.gate.policy(), engine.next_position());
    let record = audit::permitted(policy, permit, &origin(is_mutual_tls), position);
    host::set_filter_state(AUDIT, &record);
    if permit.usage() != Usage::None
        && let Some(event) = usage::event(policy, permit, engine.proxy())
    {
        host::set_filter_state(USAGE, &event);
    }
}

/// Records a denial.
pub(crate) fn denial(engine: &Engine, denial: &Denial, is_mutual_tls: bool) {
    let (policy, position) = (engine.gate.policy(), engine.next_position());
    let record = audit::denied(policy, denial.account(), &origin(is_mutual_tls), position);
    host::set_filter_state(AUDIT, &record);
}

fn origin(is_mutual_tls: bool) -> Origin {
    let peer = is_mutual_tls.then(|| {
        host::property("connection\0uri_san_peer_certificate")
            .filter(|san| !san.is_empty())
            .or_else(|| host::property("connection\0subject_peer_certificate"))
    });
    Origin { source: host::property("source\0address"), peer: peer.flatten() }
}
