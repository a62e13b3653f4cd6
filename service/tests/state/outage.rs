//! Redis killed, paused, cut off: nothing that was acknowledged is lost, and everything is in Redis
//! when it is back.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use tenantguard_service::state::{Control, Safety};
use tenantguard_service::store::{RedisSettings, RedisStore, Store as _};

use crate::redis_server::Redis;
use crate::support::{behind_journal, is_revoked, note, revoke, token, until};

async fn revoke_one(control: &Control, number: u32) -> Result<Safety> {
    Ok(control.apply(vec![revoke(token("acme", number))], note()).await?.safety)
}

/// Waits until Redis stands where this process stands.
async fn until_level(control: &Control, url: &str) -> Result<()> {
    let store = RedisStore::new(&RedisSettings::new(url.parse()?))?;
    until("Redis and the journal being level", async || {
        control.status().store.behind == 0
            && store.head().await.ok().flatten() == Some(control.feed().position())
    })
    .await;
    Ok(())
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

/// Passes bytes on until it is cut: then every connection ends, and no new one is made.
struct Relay {
    port: u16,
    is_cut: Arc<AtomicBool>,
}

impl Relay {
    fn to(target: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&is_cut);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if cut.load(Ordering::Relaxed) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else { continue };
                let (Ok(client_2), Ok(server_2)) = (client.try_clone(), server.try_clone()) else {
                    continue;
                };
                let (cut_1, cut_2) = (Arc::clone(&cut), Arc::clone(&cut));
                std::thread::spawn(move || pass(client, server, &cut_1));
                std::thread::spawn(move || pass(server_2, client_2, &cut_2));
            }
        });
        Ok(Self { port, is_cut })
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, is_cut: &AtomicBool) {
    use std::io::{ErrorKind, Read as _, Write as _};
    let mut buffer = vec![0; 65_536];
    let _ = from.set_read_timeout(Some(Duration::from_millis(10)));
    while !is_cut.load(Ordering::Relaxed) {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) if to.write_all(&buffer[..count]).is_ok() => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            _ => break,
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}
