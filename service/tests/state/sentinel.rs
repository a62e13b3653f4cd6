//! A real failover: three sentinels, a master, a replica. What the master acknowledged and the
//! replica never got is lost in Redis, and handed in again by the journal.

use anyhow::Result;
use tenantguard_service::state::{Control, Safety};

use crate::redis_server::Redis;
use crate::support::{
    assert_in_redis, behind_journal, is_revoked, note, revoke, revoke_some, token, until,
    until_level,
};

struct Watched {
    master: Redis,
    replica: Redis,
    sentinels: Vec<Redis>,
}

impl Watched {
    async fn start() -> Result<Option<Self>> {
        let Some(master) = Redis::start()? else { return Ok(None) };
        let of = format!("127.0.0.1 {}", master.port);
        let Some(replica) = Redis::start_with(&["--replicaof", &of])? else { return Ok(None) };
        let sentinels = (0..3).map(|_| Redis::sentinel_of(master.port)).collect::<Result<_>>()?;
        let watched = Self { master, replica, sentinels };
        let knows = |sentinel: &Redis| -> Result<bool> {
            let mut client = sentinel.client()?;
            let quorum = redis::cmd("SENTINEL").arg("CKQUORUM").arg("main").exec(&mut client);
            let mut ask = redis::cmd("SENTINEL");
            let replicas: Vec<redis::Value> = ask.arg("REPLICAS").arg("main").query(&mut client)?;
            Ok(quorum.is_ok() && replicas.len() == 1)
        };
        until("the sentinels knowing each other and the replica", async || {
            watched.sentinels.iter().all(|sentinel| knows(sentinel).unwrap_or(false))
                && watched.replica_is_level().unwrap_or(false)
        })
        .await;
        Ok(Some(watched))
    }

    fn url(&self) -> String {
        let nodes: Vec<_> =
            self.sentinels.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis-sentinel://{}?service=main", nodes.join(","))
    }

    fn replica_is_level(&self) -> Result<bool> {
        let offset = |redis: &Redis| -> Result<Option<String>> {
            let mut ask = redis::cmd("INFO");
            let info: String = ask.arg("replication").query(&mut redis.client()?)?;
            let mut lines = info.lines();
            Ok(lines.find(|line| line.starts_with("master_repl_offset")).map(str::to_owned))
        };
        Ok(role(&self.replica)? == "slave" && offset(&self.master)? == offset(&self.replica)?)
    }

    /// Lets the master go on without its replica, until the latter is the master.
    async fn lose(&self, control: &Control) -> Result<()> {
        until("the replica being level", async || self.replica_is_level().unwrap_or(false)).await;
        // Cut off by a login that the master does not know: another way to the master would be mended
        // by the sentinels.
        let mut replica = self.replica.client()?;
        redis::cmd("CONFIG").arg(&["SET", "masteruser", "nobody"]).exec(&mut replica)?;
        redis::cmd("CONFIG").arg(&["SET", "masterauth", "nothing"]).exec(&mut replica)?;
        redis::cmd("CLIENT").arg(&["KILL", "TYPE", "replica"]).exec(&mut self.master.client()?)?;
        for number in 20..40 {
            let receipt = control.apply(vec![revoke(token("acme", number))], note()).await?;
            assert_eq!(receipt.safety, Safety::Store, "the master acknowledges {number}");
        }
        // The records follow behind; afterwards nothing is under way any more.
        let record = format!("rev:{{acme}}:revoked:token:{}", token("acme", 39).hash());
        let exists = || -> Result<bool> {
            Ok(redis::cmd("EXISTS").arg(&record).query(&mut self.master.client()?)?)
        };
        until("the last record", async || exists().unwrap_or(false)).await;
        Ok(())
    }

    async fn until_the_replica_is_master(&self) {
        until("the failover", async || role(&self.replica).is_ok_and(|it| it == "master")).await;
    }
}

fn role(redis: &Redis) -> Result<String> {
    let role: Vec<redis::Value> = redis::cmd("ROLE").query(&mut redis.client()?)?;
    Ok(redis::from_redis_value_ref(&role[0])?)
}

#[tokio::test]
async fn what_a_failover_loses_is_handed_in_again() -> Result<()> {
    let Some(mut watched) = Watched::start().await? else { return Ok(()) };
    let dir = tempfile::tempdir()?;
    let control = behind_journal(&dir.path().join("journal"), &watched.url()).await?;
    until("Redis", async || control.status().store.trouble.is_none()).await;
    revoke_some(&control, 0..20).await?;
    watched.lose(&control).await?;
    let served = control.feed().position();
    watched.master.kill()?;
    watched.until_the_replica_is_master().await;
    until_level(&control, &watched.replica.url()).await?;
    until("the loss being noticed", async || control.status().store.regressions == 1).await;
    assert_eq!(control.feed().position(), served, "it is the same feed: no snapshot is needed");
    assert_in_redis(&watched.replica.url(), 0..40).await?;
    let receipt = control.apply(vec![revoke(token("acme", 40))], note()).await?;
    assert_eq!(receipt.safety, Safety::Store, "and it goes on with the new master");
    assert_in_redis(&watched.url(), 0..41).await
}

#[tokio::test]
async fn a_master_that_hangs_is_left_and_nothing_is_lost_when_it_wakes_up() -> Result<()> {
    let Some(watched) = Watched::start().await? else { return Ok(()) };
    let dir = tempfile::tempdir()?;
    let control = behind_journal(&dir.path().join("journal"), &watched.url()).await?;
    until("Redis", async || control.status().store.trouble.is_none()).await;
    revoke_some(&control, 0..20).await?;
    watched.lose(&control).await?;
    watched.master.signal("STOP")?;
    // Its connection stays open and says nothing.
    revoke_some(&control, 40..45).await?;
    watched.until_the_replica_is_master().await;
    until_level(&control, &watched.replica.url()).await?;
    revoke_some(&control, 45..50).await?;
    watched.master.signal("CONT")?;
    until("the old master being a replica", async || {
        role(&watched.master).is_ok_and(|it| it == "slave")
    })
    .await;
    revoke_some(&control, 50..55).await?;
    until_level(&control, &watched.replica.url()).await?;
    assert!((40..55).all(|number| is_revoked(&control, &token("acme", number))));
    assert_in_redis(&watched.replica.url(), 0..55).await
}
