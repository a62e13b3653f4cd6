//! What one process of the control service does: revocations in, feed entries out, a snapshot.
//! `cargo bench -p tenantguard-service --bench control`. Redis runs beside it, on the same machine.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tenantguard::control::{Delta, Handle, Position, Target, TokenName};
use tenantguard::identity::TenantId;
use tenantguard_service::clock::SystemClock;
use tenantguard_service::feed::Since;
use tenantguard_service::state::{Actor, Change, Control, Note, Reason, Settings, StoreSettings};
use tenantguard_service::store::RedisSettings;

const SNAPSHOT_ENTRIES: u32 = 1_000_000;
const WRITES: u32 = 200_000;

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
    let started = Instant::now();
    let clients: Vec<_> = (0..clients)
        .map(|client| {
            let control = control.clone();
            tokio::spawn(async move {
                let (mut at, mut times) = (client * batch, Vec::new());
                while at < WRITES {
                    let started = Instant::now();
                    control.apply((at..at + batch).map(change).collect(), note()?).await?;
                    times.push(started.elapsed());
                    at += batch * clients;
                }
                anyhow::Ok(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await??);
    }
    let rate = f64::from(WRITES) / started.elapsed().as_secs_f64();
    times.sort_unstable();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    let behind = control.status().store.behind;
    println!(
        "{what}: {rate:.0} revocations/s in requests of {batch}, p99 {} ms, not yet in Redis {behind}",
        p99.as_millis()
    );
    Ok(())
}

/// Feed entries a second, as deltas of about 256 KiB, each read and checked as a copy does it.
fn feed(control: &Control) -> Result<()> {
    let feed = control.feed();
    let history = feed.position().history;
    let (mut at, mut entries) = (Position::start(history), 0_u64);
    let started = Instant::now();
    while let Since::Delta(bytes) = feed.since(&at, 256 << 10) {
        let mut delta = Delta::read(&bytes, &at)?;
        while let Some(frame) = delta.next_frame()? {
            entries += frame.entries().filter(Result::is_ok).count() as u64;
        }
        at = delta.position();
    }
    anyhow::ensure!(at == feed.position(), "the deltas lead to the head");
    println!(
        "feed: {:.0} entries/s out and checked",
        entries as f64 / started.elapsed().as_secs_f64()
    );
    Ok(())
}

async fn snapshot(control: &Control) -> Result<()> {
    for start in (WRITES..SNAPSHOT_ENTRIES).step_by(100_000) {
        control.apply((start..start + 100_000).map(change).collect(), note()?).await?;
    }
    let mut times = Vec::new();
    for round in 0..5 {
        // Past the time for which a snapshot is handed out again.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        control.apply(vec![change(SNAPSHOT_ENTRIES + round)], note()?).await?;
        let started = Instant::now();
        let snapshot = control.feed().snapshot().await;
        times.push(started.elapsed().as_millis());
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
    times.sort_unstable();
    println!("snapshot: built in {} ms (median of 5: {times:?})", times[2]);
    Ok(())
}

struct Redis {
    child: std::process::Child,
    url: String,
}

impl Redis {
    fn start(dir: &Path, appendfsync: &str) -> Result<Option<Self>> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            println!("redis-server is not installed: nothing was measured with Redis");
            return Ok(None);
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let dir = dir.join(appendfsync);
        std::fs::create_dir(&dir)?;
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", appendfsync, "--dir"])
            .arg(&dir)
            .stdout(Stdio::null())
            .spawn()
            .context("redis-server does not start")?;
        std::thread::sleep(Duration::from_millis(500));
        Ok(Some(Self { child, url: format!("redis://127.0.0.1:{port}") }))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
