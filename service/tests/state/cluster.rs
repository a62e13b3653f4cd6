//! A cluster of three nodes, started by the test: only with `TENANTGUARD_LONG=1`, because it takes
//! some seconds to agree with itself.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use tenantguard_service::state::Safety;
use tenantguard_service::store::{RedisSettings, RedisStore};

use crate::redis_server::Redis;
use crate::suite;
use crate::support::{behind_journal, is_long, is_revoked, note, revoke, token, until};

fn start() -> Result<Option<[Redis; 3]>> {
    if !is_long() {
        println!("skipped: a cluster takes a while (TENANTGUARD_LONG=1 runs it)");
        return Ok(None);
    }
    let node =
        || Redis::start_with(&["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]);
    let (Some(a), Some(b), Some(c)) = (node()?, node()?, node()?) else { return Ok(None) };
    let mut command = std::process::Command::new("redis-cli");
    command.args(["--cluster", "create"]);
    for node in [&a, &b, &c] {
        command.arg(format!("127.0.0.1:{}", node.port));
    }
    let done = command.arg("--cluster-yes").output()?;
    if !done.status.success() {
        bail!("no cluster: {}", String::from_utf8_lossy(&done.stdout));
    }
    std::thread::sleep(Duration::from_secs(3));
    Ok(Some([a, b, c]))
}

#[tokio::test]
async fn a_cluster_keeps_the_same_promises() -> Result<()> {
    let Some(nodes) = start()? else { return Ok(()) };
    let hosts: Vec<_> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
    let url = format!("redis-cluster://{}", hosts.join(","));
    let store =
        || -> Result<_> { Ok(Arc::new(RedisStore::new(&RedisSettings::new(url.parse()?))?)) };
    suite::keeps_the_feed(store()?).await?;
    suite::keeps_sessions(store()?).await?;
    let dir = tempfile::tempdir()?;
    let control = behind_journal(&dir.path().join("journal"), &url).await?;
    until("the cluster", async || control.status().store.trouble.is_none()).await;
    let changes = (0..1000).map(|it| revoke(token(&format!("t{}", it % 50), it))).collect();
    assert_eq!(control.apply(changes, note()).await?.safety, Safety::Store);
    let fresh = behind_journal(&dir.path().join("fresh"), &url).await?;
    for number in 0..1000 {
        assert!(is_revoked(&fresh, &token(&format!("t{}", number % 50), number)));
    }
    Ok(())
}
