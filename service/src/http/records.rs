//! What holds of a target, who made it so, and why.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenantguard::control::{CutOff, Entry, Keep, Revocation, Suspension};
use tenantguard::time::UnixTime;
use utoipa::ToSchema;

use super::App;
use super::access::Looker;
use super::body::{JsonBody, Told};
use super::problem::{Problem, ProblemBody};
use super::target::NamedTarget;
use crate::state::Record;

/// What to look up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupRequest {
    /// What.
    pub target: NamedTarget,
}

/// What holds of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordList {
    /// Each entry; none if nothing was ever said of it, or all of it is over.
    pub records: Vec<RecordBody>,
}

/// One entry, and who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordBody {
    /// `revoked`, `restored`, `cut_off`, `suspended` or `resumed`.
    pub kind: String,
    /// For a cut-off: what was issued until then is refused (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_until: Option<String>,
    /// Until when it is remembered (RFC 3339); absent for one that is until it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered_until: Option<String>,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When (RFC 3339).
    pub at: String,
}

impl RecordBody {
    fn new(entry: &Entry, record: Record) -> Option<Self> {
        let (kind, keep, issued_until) = match entry {
            Entry::Revoked(Revocation { keep, .. }) => ("revoked", keep, None),
            Entry::Restored(Revocation { keep, .. }) => ("restored", keep, None),
            Entry::CutOff(CutOff { at, keep, .. }) => ("cut_off", keep, Some(*at)),
            Entry::Suspension(Suspension { is_on: true, keep, .. }) => ("suspended", keep, None),
            Entry::Suspension(Suspension { keep, .. }) => ("resumed", keep, None),
            Entry::Delegation(_) | Entry::Tenant(_) => return None,
        };
        let time = |seconds| UnixTime::from_secs(seconds).to_string();
        Some(Self {
            kind: kind.to_owned(),
            issued_until: issued_until.map(time),
            remembered_until: match keep {
                Keep::Expiry(at) | Keep::Until(at) => Some(time(*at)),
                Keep::Forever => None,
            },
            by: record.by.to_string(),
            reason: record.reason.to_string(),
            at: record.at.to_string(),
        })
    }
}

/// Look up what holds of a target, who made it so, and why
#[utoipa::path(post, operation_id = "get_records", path = "/v1/revocations/lookup",
    tag = "revocations", request_body = LookupRequest,
    responses((status = 200, description = "What holds.", body = RecordList),
        (status = 403, description = "The target is another tenant's.", body = ProblemBody)))]
pub async fn lookup(
    Looker { reach }: Looker,
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<LookupRequest>,
) -> Result<Told<RecordList>, Problem> {
    let reached = request.target.resolve(&reach, &app).await?;
    let found = app.control.records(&reached.target).await?.into_iter();
    let records = found.filter_map(|(entry, record)| RecordBody::new(&entry, record));
    Ok(Told(RecordList { records: records.collect() }))
}
