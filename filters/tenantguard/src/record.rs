//! What a decision leaves in filter state for the access log: the audit record and the usage
//! event. Written at log time, so that the sequence numbers are those of the log's lines.

use tenantguard::artifact::route::Usage;
use tenantguard::audit::{self, Origin};
use tenantguard::gate::{Denial, Ended, Permit};
use tenantguard::usage;

use crate::engine::Engine;
use crate::host;

const AUDIT: &str = "tenantguard.audit";
const USAGE: &str = "tenantguard.usage";

/// What a record says beside its decision.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances {
    /// The number that is the record's already, if it has one.
    pub(crate) sequence: Option<u64>,
    pub(crate) is_mutual_tls: bool,
}

/// Records a permit, how it ended if it did before its stream, and its use.
pub(crate) fn permit(engine: &Engine, permit: &Permit, ended: Option<&Ended>, at: Circumstances) {
    let (policy, position) = (engine.gate.policy(), engine.position(at.sequence));
    let origin = origin(at.is_mutual_tls);
    let record = match ended {
        None => audit::permitted(policy, permit, &origin, position),
        Some(ended) => audit::ended(policy, permit, ended, &origin, position),
    };
    host::set_filter_state(AUDIT, &record);
    if permit.usage() != Usage::None
        && let Some(event) = usage::event(policy, permit, engine.proxy())
    {
        host::set_filter_state(USAGE, &event);
    }
}

/// Records a denial.
pub(crate) fn denial(engine: &Engine, denial: &Denial, at: Circumstances) {
    let (policy, position) = (engine.gate.policy(), engine.position(at.sequence));
    let record = audit::denied(policy, denial.account(), &origin(at.is_mutual_tls), position);
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
