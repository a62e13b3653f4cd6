//! A failover to a replica that lost writes, and other ways for Redis and the journal to part.

use anyhow::Result;
use tenantguard_service::state::Change;

use crate::redis_server::Redis;
use crate::support::{
    assert_in_redis, behind_journal, is_revoked, note, revoke, revoke_some, token, until,
    until_level,
};

#[tokio::test]
async fn writes_lost_in_a_failover_are_handed_in_again() -> Result<()> {
    let Some(mut redis) = Redis::start_with(&[])? else { return Ok(()) };
    let control = behind_journal(&redis.dir.path().join("journal"), &redis.url()).await?;
    revoke_some(&control, 0..20).await?;
    redis::cmd("SAVE").exec(&mut redis.client()?)?;
    revoke_some(&control, 20..40).await?;
    let served = control.feed().position();
    // The new master has what was in the last snapshot.
    redis.kill()?;
    redis.restart()?;
    until_level(&control, &redis.url()).await?;
    assert_eq!(control.status().store.regressions, 1);
    assert_eq!(control.feed().position(), served, "it is the same feed: no snapshot is needed");
    assert_in_redis(&redis.url(), 0..40).await
}

#[tokio::test]
async fn a_redis_that_lost_everything_is_filled_again() -> Result<()> {
    let Some(redis) = Redis::start()? else { return Ok(()) };
    let control = behind_journal(&redis.dir.path().join("journal"), &redis.url()).await?;
    revoke_some(&control, 0..20).await?;
    control.apply(vec![Change::Restore(token("acme", 3))], note()).await?;
    redis::cmd("FLUSHALL").exec(&mut redis.client()?)?;
    until_level(&control, &redis.url()).await?;
    revoke_some(&control, 20..25).await?;
    until_level(&control, &redis.url()).await?;
    let fresh = behind_journal(&redis.dir.path().join("fresh"), &redis.url()).await?;
    for number in 0..25 {
        assert_eq!(is_revoked(&fresh, &token("acme", number)), number != 3, "{number}");
    }
    Ok(())
}

#[tokio::test]
async fn two_services_in_front_of_one_redis_write_one_feed() -> Result<()> {
    let Some(redis) = Redis::start()? else { return Ok(()) };
    let open = async |name: &str| behind_journal(&redis.dir.path().join(name), &redis.url()).await;
    let (one, two) = (open("one").await?, open("two").await?);
    let (a, b) = tokio::join!(revoke_some(&one, 0..200), revoke_some(&two, 200..400));
    a?;
    b?;
    until("both being level", async || one.feed().position() == two.feed().position()).await;
    until_level(&one, &redis.url()).await?;
    for number in 0..400 {
        assert!(is_revoked(&one, &token("acme", number)), "one lacks {number}");
        assert!(is_revoked(&two, &token("acme", number)), "two lacks {number}");
    }
    assert_in_redis(&redis.url(), 0..400).await
}

#[tokio::test]
async fn after_a_fork_both_sides_keep_what_they_acknowledged() -> Result<()> {
    let Some(mut redis) = Redis::start_with(&[])? else { return Ok(()) };
    let open = async |name: &str| behind_journal(&redis.dir.path().join(name), &redis.url()).await;
    let (one, two) = (open("one").await?, open("two").await?);
    revoke_some(&one, 0..5).await?;
    until("both being level", async || one.feed().position() == two.feed().position()).await;
    redis::cmd("SAVE").exec(&mut redis.client()?)?;
    revoke_some(&one, 5..10).await?;
    until("both being level", async || one.feed().position() == two.feed().position()).await;
    redis.kill()?;
    // Each goes on by itself, past what the other and Redis know.
    revoke_some(&one, 10..20).await?;
    let alone = one.apply(vec![revoke(token("acme", 20))], note()).await?;
    revoke_some(&two, 30..35).await?;
    redis.restart()?;
    until("both being level", async || {
        one.status().store.behind + two.status().store.behind == 0
            && one.feed().position() == two.feed().position()
    })
    .await;
    for number in (0..=20).chain(30..35) {
        assert!(is_revoked(&one, &token("acme", number)), "one lacks {number}");
        assert!(is_revoked(&two, &token("acme", number)), "two lacks {number}");
    }
    let now = one.feed().position();
    assert!(one.feed().covers(&now, &alone.position), "what was acknowledged is still covered");
    assert_in_redis(&redis.url(), 0..21).await?;
    assert_in_redis(&redis.url(), 30..35).await
}
