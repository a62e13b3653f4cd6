//! What one process of the control service does: revocations in, feed entries out, a snapshot.
//! `cargo bench -p tenantguard-service --bench control`. Redis runs beside it, on the same machine.

#[path = "../redis.rs"]
mod redis;
#[path = "../spread.rs"]
mod spread;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tenantguard::control::{Delta, Handle, Position, Target, TokenName};
use tenantguard::identity::TenantId;
use tenantguard_service::clock::SystemClock;
use tenantguard_service::feed::Since;
use tenantguard_service::state::{Actor, Change, Control, Note, Reason, Settings, StoreSettings};
use tenantguard_service::store::RedisSettings;

use self::redis::Redis;
use self::spread::Spread;

const SNAPSHOT_ENTRIES: u32 = 1_000_000;
/// How many rounds there are, and how many are written in each.
const ROUNDS: u32 = 5;
const WRITES: u32 = 100_000;

fn main() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(run())
}

async fn run() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let settings = |store| Settings::new(store);
    println!("median (least–greatest) of {ROUNDS} rounds; two worker threads");
    let path = dir.path().join("control.redb");
    let embedded = open(settings(StoreSettings::Embedded { path })).await?;
    revocations("embedded store, fsync for each batch", &embedded, 500, 8).await?;
    feed(&embedded)?;
    snapshot(&embedded).await?;
    embedded.close().await;
    for appendfsync in ["everysec", "always"] {
        let Some(redis) = Redis::start(dir.path(), appendfsync)? else { return Ok(()) };
        let journal = dir.path().join(format!("journal-{appendfsync}"));
        let main = Box::new(RedisSettings::new(redis.url.parse()?));
        let store = StoreSettings::Redis { journal, main, tenants: Default::default() };
        let control = open(settings(store)).await?;
        let what = format!("Redis, appendonly yes, appendfsync {appendfsync}, journal with fsync");
        revocations(&what, &control, 500, 8).await?;
        control.close().await;
    }
    Ok(())
}

async fn open(settings: Settings) -> Result<Control> {
    Ok(Control::open(settings, Arc::new(SystemClock::default())).await?)
}

fn change(number: u32) -> Change {
    let tenant = TenantId::parse(&format!("tenant-{}", number % 1000)).expect("a tenant");
    let jti = number.to_string();
    let name = TokenName::Id(&jti);
    let target: Target = Handle::Token { issuer: "https://i", tenant: &tenant, name }.target();
    Change::Revoke { target, expiry: Some(4_000_000_000) }
}

fn note() -> Result<Note> {
    Ok(Note { by: Actor::parse("bench")?, reason: Reason::parse("bench")? })
}

/// Revocations a second, acknowledged, in requests of `batch` from so many clients.
async fn revocations(what: &str, control: &Control, batch: u32, clients: u32) -> Result<()> {
    let (mut rates, mut times) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let started = Instant::now();
        let clients: Vec<_> = (0..clients)
            .map(|client| {
                let first = round * WRITES + client * batch;
                let starts = (first..(round + 1) * WRITES).step_by((clients * batch) as usize);
                tokio::spawn(write(control.clone(), starts.collect(), batch))
            })
            .collect();
        for client in clients {
            times.extend(client.await??);
        }
        rates.push(f64::from(WRITES) / started.elapsed().as_secs_f64());
    }
    times.sort_unstable();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    let behind = control.status().store.behind;
    println!(
        "{what}: {} revocations/s in requests of {batch}, p99 {} ms, not yet in Redis {behind}",
        Spread::of(rates),
        p99.as_millis()
    );
    Ok(())
}

async fn write(control: Control, starts: Vec<u32>, batch: u32) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for at in starts {
        let started = Instant::now();
        control.apply((at..at + batch).map(change).collect(), note()?).await?;
        times.push(started.elapsed());
    }
    Ok(times)
}

/// Feed entries a second, as deltas of about 256 KiB, each read and checked as a copy does it.
fn feed(control: &Control) -> Result<()> {
    let feed = control.feed();
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let (mut at, mut entries) = (Position::start(feed.position().history), 0_u64);
        let started = Instant::now();
        while let Since::Delta(bytes) = feed.since(&at, 256 << 10) {
            let mut delta = Delta::read(&bytes, &at)?;
            while let Some(frame) = delta.next_frame()? {
                entries += frame.entries().filter(Result::is_ok).count() as u64;
            }
            at = delta.position();
        }
        anyhow::ensure!(at == feed.position(), "the deltas lead to the head");
        rates.push(entries as f64 / started.elapsed().as_secs_f64());
    }
    println!("feed: {} entries/s out and checked", Spread::of(rates));
    Ok(())
}

async fn snapshot(control: &Control) -> Result<()> {
    for start in (ROUNDS * WRITES..SNAPSHOT_ENTRIES).step_by(100_000) {
        control.apply((start..start + 100_000).map(change).collect(), note()?).await?;
    }
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        // Past the time for which a snapshot is handed out again.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        control.apply(vec![change(SNAPSHOT_ENTRIES + round)], note()?).await?;
        let started = Instant::now();
        let snapshot = control.feed().snapshot().await;
        times.push(started.elapsed().as_secs_f64() * 1e3);
        if round == 0 {
            let entries: u32 = snapshot.manifest.shards.iter().map(|it| it.entries).sum();
            let bytes: u32 = snapshot.manifest.shards.iter().map(|it| it.bytes).sum();
            println!(
                "snapshot: {entries} entries, {} shards, {} MiB",
                snapshot.manifest.shards.len(),
                bytes >> 20
            );
        }
    }
    println!("snapshot: built in {} ms", Spread::of(times));
    Ok(())
}
