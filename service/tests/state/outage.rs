//! Redis killed, paused, cut off: nothing that was acknowledged is lost, and everything is in Redis
//! when it is back.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Result;
use tenantguard_service::state::{Control, Safety};

use crate::redis_server::Redis;
use crate::relay::Relay;
use crate::support::{
    assert_in_redis, behind_journal, is_revoked, note, revoke, token, until, until_level,
};

async fn revoke_one(control: &Control, number: u32) -> Result<Safety> {
    Ok(control.apply(vec![revoke(token("acme", number))], note()).await?.safety)
}

#[tokio::test]
async fn redis_is_killed_and_restarted() -> Result<()> {
    let Some(mut redis) = Redis::start()? else { return Ok(()) };
    let control = behind_journal(&redis.dir.path().join("journal"), &redis.url()).await?;
    assert_eq!(revoke_one(&control, 1).await?, Safety::Store);
    let before = control.feed().position();
    redis.kill()?;
    assert_eq!(revoke_one(&control, 2).await?, Safety::Journal);
    assert!(is_revoked(&control, &token("acme", 2)));
    assert!(control.feed().position() != before, "the feed goes on");
    assert!(control.status().store.trouble.is_some(), "and says what is wrong");
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(control.feed().age() >= Duration::from_millis(500), "and how old what it serves is");
    let served = control.feed().position();
    redis.restart()?;
    until_level(&control, &redis.url()).await?;
    assert_eq!(control.feed().position(), served, "nobody needs a snapshot");
    assert_eq!(revoke_one(&control, 3).await?, Safety::Store);
    assert!(control.status().store.trouble.is_none());
    Ok(())
}

#[tokio::test]
async fn redis_is_paused_for_ten_seconds() -> Result<()> {
    let Some(redis) = Redis::start()? else { return Ok(()) };
    let control = behind_journal(&redis.dir.path().join("journal"), &redis.url()).await?;
    assert_eq!(revoke_one(&control, 1).await?, Safety::Store);
    redis.signal("STOP")?;
    let paused = Instant::now();
    let mut slowest = Duration::ZERO;
    for number in 2.. {
        if paused.elapsed() > Duration::from_secs(10) {
            break;
        }
        let started = Instant::now();
        assert_eq!(revoke_one(&control, number).await?, Safety::Journal);
        slowest = slowest.max(started.elapsed());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("slowest write while Redis was paused: {} ms", slowest.as_millis());
    assert!(slowest < Duration::from_secs(3), "a write waits no longer than Redis is worth");
    redis.signal("CONT")?;
    until_level(&control, &redis.url()).await
}

#[tokio::test]
async fn the_connection_is_cut_and_comes_back() -> Result<()> {
    let Some(redis) = Redis::start()? else { return Ok(()) };
    let relay = Relay::to(redis.port)?;
    let control = behind_journal(&redis.dir.path().join("journal"), &relay.url()).await?;
    until("Redis", async || revoke_one(&control, 1).await.is_ok_and(|it| it == Safety::Store))
        .await;
    for round in 0..3 {
        relay.is_cut.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(50)).await;
        for number in 0..20 {
            revoke_one(&control, 100 + round * 20 + number).await?;
        }
        relay.is_cut.store(false, Ordering::Relaxed);
        until_level(&control, &redis.url()).await?;
    }
    let fresh = behind_journal(&redis.dir.path().join("another"), &redis.url()).await?;
    for number in 100..160 {
        assert!(is_revoked(&fresh, &token("acme", number)), "{number} is in Redis");
    }
    Ok(())
}

#[tokio::test]
async fn a_redis_without_room_is_told_of_and_filled_when_it_has_some() -> Result<()> {
    let Some(redis) = Redis::start()? else { return Ok(()) };
    let control = behind_journal(&redis.dir.path().join("journal"), &redis.url()).await?;
    assert_eq!(revoke_one(&control, 0).await?, Safety::Store);
    let room = |bytes: &str| -> Result<()> {
        let mut set = redis::cmd("CONFIG");
        Ok(set.arg(&["SET", "maxmemory", bytes]).exec(&mut redis.client()?)?)
    };
    room("1")?;
    assert_eq!(revoke_one(&control, 1).await?, Safety::Journal);
    let trouble = control.status().store.trouble.map(|it| it.to_string()).unwrap_or_default();
    assert!(trouble.contains("no room left to write"), "{trouble}");
    assert_eq!(revoke_one(&control, 2).await?, Safety::Journal);
    room("0")?;
    until_level(&control, &redis.url()).await?;
    assert_in_redis(&redis.url(), 0..3).await
}
