//! Who revoked what, and why, where the tenant concerned can read it with its own ACL user: a copy
//! for people and applications. What counts is the feed.

use std::collections::BTreeMap;

use redis::Pipeline;
use serde_json::json;
use tenantguard::control::{Entry, Keep, Target};
use tenantguard::identity::TenantId;
use tenantguard::time::UnixTime;

use super::{RedisStore, StoreError, keys};
use crate::state::Record;

/// How many commands go at once.
const BATCH: usize = 1024;

pub(super) async fn write(
    store: &RedisStore,
    entries: &[(Entry, Record)],
) -> Result<(), StoreError> {
    // Sorted by tenant: what goes at once must be in one place of a cluster.
    let mut tenants: BTreeMap<&TenantId, Vec<&(Entry, Record)>> = BTreeMap::new();
    for entry in entries {
        if let Some(tenant) = target(&entry.0).and_then(|(target, ..)| target.tenant()) {
            tenants.entry(tenant).or_default().push(entry);
        }
    }
    for (tenant, entries) in tenants {
        for entries in entries.chunks(BATCH) {
            let mut pipeline = redis::pipe();
            for (entry, record) in entries {
                put(&mut pipeline, tenant, entry, record);
            }
            store
                .run(|mut connection| async move {
                    pipeline.query_async::<()>(&mut connection).await
                })
                .await?;
        }
    }
    Ok(())
}

fn target(entry: &Entry) -> Option<(&Target, &'static str, Keep)> {
    match entry {
        Entry::Revoked(it) => Some((&it.target, "revoked", it.keep)),
        Entry::Restored(it) => Some((&it.target, "restored", it.keep)),
        Entry::CutOff(it) => Some((&it.target, "cut-off", it.keep)),
        Entry::Suspension(it) => Some((&it.target, "suspended", it.keep)),
        Entry::Delegation(_) | Entry::Tenant(_) => None,
    }
}

fn put(pipeline: &mut Pipeline, tenant: &TenantId, entry: &Entry, record: &Record) {
    let Some((target, what, keep)) = target(entry) else { return };
    if matches!(entry, Entry::Restored(_)) {
        for ended in ["revoked", "cut-off", "suspended"] {
            pipeline.del(keys::record(tenant, ended, target)).ignore();
        }
        return;
    }
    let value = json!({
        "by": record.by.as_str(),
        "reason": record.reason.as_str(),
        "at": record.at.to_string(),
        "issued_until": match entry {
            Entry::CutOff(it) => Some(UnixTime::from_secs(it.at).to_string()),
            _ => None,
        },
    });
    let key = keys::record(tenant, what, target);
    match keep {
        Keep::Forever => pipeline.set(key, value.to_string()).ignore(),
        Keep::Expiry(at) | Keep::Until(at) => {
            pipeline.cmd("SET").arg(key).arg(value.to_string()).arg("EXAT").arg(at.max(1)).ignore()
        }
    };
}
