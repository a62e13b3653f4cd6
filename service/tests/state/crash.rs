//! `kill -9` in the middle of 100,000 writes (a million under `TENANTGUARD_LONG=1`): every one that
//! was acknowledged is there. The process that is killed is this test binary, started once more.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use tenantguard_service::state::Control;

use crate::redis_server::Redis;
use crate::support::{behind_journal, embedded, is_long, is_revoked, note, revoke, token, until};

const JOURNAL: &str = "TENANTGUARD_TEST_CRASH_JOURNAL";
const REDIS: &str = "TENANTGUARD_TEST_CRASH_REDIS";
/// How many writes one request holds, and how many requests are on their way at once.
const BATCH: u32 = 20;
const WRITERS: u32 = 64;

fn writes() -> u32 {
    if is_long() { 1_000_000 } else { 100_000 }
}

/// The process that is killed: writes, and says what was acknowledged. Without its environment it
/// is no test of anything.
#[test]
fn child() -> Result<()> {
    let Some(journal) = std::env::var_os(JOURNAL) else { return Ok(()) };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let control = match std::env::var(REDIS) {
            Ok(redis) => behind_journal(journal.as_ref(), &redis).await?,
            Err(_) => embedded(journal.as_ref()).await?,
        };
        let writers = (0..WRITERS).map(|writer| tokio::spawn(write(control.clone(), writer)));
        for writer in writers.collect::<Vec<_>>() {
            writer.await??;
        }
        Ok(())
    })
}

async fn write(control: Control, writer: u32) -> Result<()> {
    let mut batch = writer;
    while batch * BATCH < writes() {
        let numbers = batch * BATCH..(batch + 1) * BATCH;
        let changes = numbers.map(|number| revoke(token("acme", number))).collect();
        control.apply(changes, note()).await?;
        // One write, so that half a line cannot stand for another number.
        std::io::stdout().write_all(format!("acknowledged {batch}\n").as_bytes())?;
        batch += WRITERS;
    }
    Ok(())
}

/// Starts the child, kills it when it has got half way, and returns what it said.
fn kill_half_way(journal: &std::path::Path, redis: Option<&str>) -> Result<Vec<u32>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", "crash::child", "--nocapture"]).env(JOURNAL, journal);
    if let Some(redis) = redis {
        command.env(REDIS, redis);
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    let half = usize::try_from(writes() / BATCH / 2)?;
    let mut acknowledged = Vec::new();
    for line in lines {
        let Ok(line) = line else { break };
        let Some((_, number)) = line.split_once("acknowledged ") else { continue };
        acknowledged.push(number.parse()?);
        if acknowledged.len() == half {
            child.kill()?;
        }
    }
    child.wait()?;
    anyhow::ensure!(acknowledged.len() >= half, "it ended after {}", acknowledged.len());
    anyhow::ensure!(
        acknowledged.len() < half * 2,
        "it was done before it was killed: nothing is shown"
    );
    Ok(acknowledged)
}

fn assert_all_there(control: &Control, acknowledged: &[u32]) {
    let missing = acknowledged
        .iter()
        .flat_map(|batch| batch * BATCH..(batch + 1) * BATCH)
        .filter(|number| !is_revoked(control, &token("acme", number)))
        .count();
    assert_eq!(missing, 0, "acknowledged and gone");
    println!(
        "killed after {} acknowledged writes; all of them are there",
        acknowledged.len() * BATCH as usize
    );
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_kill_9_with_the_embedded_store() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("control.redb");
    let acknowledged = kill_half_way(&path, None)?;
    assert_all_there(&embedded(&path).await?, &acknowledged);
    Ok(())
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_kill_9_with_redis() -> Result<()> {
    let Some(redis) = Redis::start_with(&["--appendonly", "yes"])? else { return Ok(()) };
    let journal = redis.dir.path().join("journal");
    let acknowledged = kill_half_way(&journal, Some(&redis.url()))?;
    let control = behind_journal(&journal, &redis.url()).await?;
    until("Redis", async || {
        let store = control.status().store;
        store.trouble.is_none() && store.behind == 0
    })
    .await;
    assert_all_there(&control, &acknowledged);
    let fresh = behind_journal(&redis.dir.path().join("fresh"), &redis.url()).await?;
    assert_all_there(&fresh, &acknowledged);
    Ok(())
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_service_and_redis_die_together() -> Result<()> {
    // Redis keeps nothing on its disk: what it has acknowledged is gone with it.
    let Some(mut redis) = Redis::start_with(&[])? else { return Ok(()) };
    let journal = redis.dir.path().join("journal");
    let acknowledged = kill_half_way(&journal, Some(&redis.url()))?;
    redis.kill()?;
    redis.restart()?;
    let control = behind_journal(&journal, &redis.url()).await?;
    assert_all_there(&control, &acknowledged);
    until("Redis being filled again", async || {
        let store = control.status().store;
        store.trouble.is_none() && store.behind == 0 && store.regressions > 0
    })
    .await;
    let fresh = behind_journal(&redis.dir.path().join("fresh"), &redis.url()).await?;
    assert_all_there(&fresh, &acknowledged);
    Ok(())
}
