//! A session as bytes in a store.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenantguard::identity::{Namespace, PrincipalId, TenantId};
use tenantguard::time::UnixTime;

use super::model::{Session, SessionDigest};

#[derive(Serialize, Deserialize)]
struct Stored {
    /// The whole digest: the key holds 48 bits of it.
    digest: String,
    tenant: String,
    handle: String,
    namespace: String,
    subject: String,
    created: u64,
    ends: u64,
    ends_at_last: u64,
    idle: u64,
    data: String,
}

impl Session {
    /// Its bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&Stored {
            digest: self.digest.to_string(),
            tenant: self.tenant.to_string(),
            handle: self.handle.to_string(),
            namespace: self.principal.namespace().to_string(),
            subject: self.principal.subject().to_owned(),
            created: self.created.as_millis(),
            ends: self.ends.as_millis(),
            ends_at_last: self.ends_at_last.as_millis(),
            idle: millis(self.idle),
            data: self.data.clone(),
        })
        .unwrap_or_default()
    }

    /// The session of this tenant with this digest, if that is what the bytes hold.
    pub(crate) fn from_bytes(
        bytes: &[u8],
        tenant: &TenantId,
        digest: &SessionDigest,
    ) -> Option<Self> {
        Self::from_stored(serde_json::from_slice(bytes).ok()?, tenant, digest)
    }

    fn from_stored(stored: Stored, tenant: &TenantId, digest: &SessionDigest) -> Option<Self> {
        if stored.digest != digest.to_string() || stored.tenant != tenant.as_str() {
            return None;
        }
        let namespace = Namespace::parse(&stored.namespace).ok()?;
        let time = |millis| UnixTime::from_duration(Duration::from_millis(millis));
        Some(Self {
            tenant: tenant.clone(),
            digest: *digest,
            handle: stored.handle.parse().ok()?,
            principal: PrincipalId::new(namespace, &stored.subject).ok()?,
            created: time(stored.created),
            ends: time(stored.ends),
            ends_at_last: time(stored.ends_at_last),
            idle: Duration::from_millis(stored.idle),
            data: stored.data,
        })
    }

    /// With its end put off by its idle time, as far as its lifetime goes.
    pub(crate) fn touched(mut self, now: UnixTime) -> Self {
        self.ends = now.plus(self.idle).min(self.ends_at_last);
        self
    }

    /// Whether it lives.
    pub(crate) fn lives(&self, now: UnixTime) -> bool {
        now < self.ends
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
