//! What Redis is configured for, as it says itself.

use std::collections::HashMap;

use redis::{RedisResult, cmd};

use super::connection::Connection;
use super::{Durability, RedisStore, StoreError};
use crate::store::RedisDurability;

pub(super) async fn read(store: &RedisStore) -> Durability {
    match store.run(ask).await {
        Ok(found) => Durability::Redis(found),
        Err(StoreError::Refused { .. }) => {
            Durability::Redis(RedisDurability { is_hidden: true, ..RedisDurability::default() })
        }
        Err(_) => Durability::Unknown,
    }
}

async fn ask(mut connection: Connection) -> RedisResult<RedisDurability> {
    if matches!(connection, Connection::Cluster(_)) {
        // Each node of a cluster may be configured otherwise.
        return Ok(RedisDurability { is_hidden: true, ..RedisDurability::default() });
    }
    let mut settings: HashMap<String, String> = HashMap::new();
    for name in ["appendonly", "appendfsync", "save", "min-replicas-to-write", "maxmemory-policy"] {
        let found: HashMap<String, String> =
            cmd("CONFIG").arg("GET").arg(name).query_async(&mut connection).await?;
        settings.extend(found);
    }
    let info: String = cmd("INFO").arg("replication").query_async(&mut connection).await?;
    let replicas = info.lines().find_map(|line| line.strip_prefix("connected_slaves:"));
    let number = |text: Option<&str>| text.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let mut take = |name: &str| settings.remove(name).unwrap_or_default();
    Ok(RedisDurability {
        appendonly: take("appendonly") == "yes",
        appendfsync: take("appendfsync"),
        save: take("save"),
        replicas: number(replicas),
        min_replicas: number(Some(&take("min-replicas-to-write"))),
        eviction: take("maxmemory-policy"),
        is_hidden: false,
    })
}
