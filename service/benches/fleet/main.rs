//! A thousand proxies that follow one service, each with a poll of its own held open: how long from
//! a revocation until each of them has it. `cargo bench -p tenantguard-service --bench fleet`.
//!
//! The service is a process of its own, this program started once more; it and its clients share
//! the machine. What goes over HTTP is measured too: revocations in, and the feed out.

mod client;
#[path = "../redis.rs"]
mod redis;
#[path = "../spread.rs"]
mod spread;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tenantguard::control::{Delta, Position};
use tenantguard_service::auth::Secret;
use tenantguard_service::config::{Config, Flags};
use tenantguard_service::serve::Server;
use tokio_util::sync::CancellationToken;

use self::client::{Client, Fleet};
use self::redis::Redis;
use self::spread::Spread;

const PROXIES: usize = 1000;
const REVOCATIONS: usize = 30;
/// Revocations over HTTP: how many a request, how many in a round, from how many clients.
const BATCH: usize = 500;
const WRITES: usize = 50_000;
const WRITERS: usize = 8;
const ROUNDS: usize = 5;
/// Where the configuration of the service is, for the process that is it.
const SERVE: &str = "TENANTGUARD_BENCH_SERVE";

fn main() -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match std::env::var_os(SERVE) {
        Some(config) => runtime.block_on(serve(Path::new(&config))),
        None => runtime.block_on(measure()),
    }
}

async fn serve(config: &Path) -> Result<()> {
    let flags = Flags { config: Some(config.to_owned()), ..Flags::default() };
    let server = Server::start(Config::load(flags, std::iter::empty())?).await?;
    println!("{}", server.address());
    server.run(CancellationToken::new()).await;
    Ok(())
}

async fn measure() -> Result<()> {
    let dir = tempfile::tempdir()?;
    println!("median (least–greatest) of {ROUNDS} rounds; the service is a process of its own");
    let service = Service::start(dir.path(), "embedded", "file:control.redb")?;
    revocations("embedded store, fsync for each batch", &service).await?;
    feed_out(&service).await?;
    proxies(&service).await?;
    drop(service);
    for appendfsync in ["everysec", "always"] {
        let Some(redis) = Redis::start(dir.path(), appendfsync)? else { return Ok(()) };
        let service = Service::start(dir.path(), &format!("in-{appendfsync}"), &redis.url)?;
        let what = format!("Redis, appendonly yes, appendfsync {appendfsync}, journal with fsync");
        revocations(&what, &service).await?;
        if appendfsync == "everysec" {
            proxies(&service).await?;
        }
    }
    Ok(())
}

/// A running service; it is killed with this value.
struct Service {
    child: Child,
    address: Arc<str>,
    admin: Arc<str>,
    edge: Arc<str>,
}

impl Service {
    fn start(dir: &Path, name: &str, store: &str) -> Result<Self> {
        let dir = dir.join(name);
        std::fs::create_dir_all(&dir)?;
        let secret = |byte: u8| Secret::from_entropy([byte; 32]);
        let entry = |name: &str, role: &str, secret: &Secret| {
            let digest = secret.digest();
            format!(
                "[[auth.credentials]]\nname = {name:?}\nrole = {role:?}\nsha256 = \"{digest}\"\n"
            )
        };
        let (admin, edge) = (secret(1), secret(2));
        let callers = entry("admin", "admin", &admin) + &entry("edge", "proxy", &edge);
        let listen = "listen = \"127.0.0.1:0\"";
        let limits = "[limits]\nrequests_per_second = 100000";
        let config = dir.join("control.toml");
        std::fs::write(
            &config,
            format!("{listen}\n{limits}\n[store]\nurl = {store:?}\n{callers}"),
        )?;
        let mut child = Command::new(std::env::current_exe()?)
            .env(SERVE, &config)
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().context("its output")?;
        let address = BufReader::new(out).lines().next().context("where it listens")??;
        let reveal = |secret: &Secret| secret.reveal().into();
        let (admin, edge) = (reveal(&admin), reveal(&edge));
        Ok(Self { child, address: address.into(), admin, edge })
    }

    async fn client(&self, credential: &Arc<str>) -> Result<Client> {
        Client::connect(Arc::clone(&self.address), Arc::clone(credential)).await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn body(from: usize, count: usize) -> String {
    let targets: Vec<String> = (from..from + count)
        .map(|number| {
            let tenant = number % 1000;
            format!(r#"{{"kind":"token","tenant":"tenant-{tenant}","hash":"{number:032x}"}}"#)
        })
        .collect();
    format!(r#"{{"reason":"bench","targets":[{}]}}"#, targets.join(","))
}

/// Revocations a second over HTTP, acknowledged.
async fn revocations(what: &str, service: &Service) -> Result<()> {
    let mut rates = Vec::new();
    for round in 0..ROUNDS {
        let mut writers = Vec::new();
        for writer in 0..WRITERS {
            let mut client = service.client(&service.admin).await?;
            let bodies: Vec<String> = (writer * BATCH..WRITES)
                .step_by(WRITERS * BATCH)
                .map(|at| body(round * WRITES + at, BATCH))
                .collect();
            writers.push(async move {
                for body in bodies {
                    client.revoke(&body).await?;
                }
                anyhow::Ok(())
            });
        }
        let started = Instant::now();
        let writers: Vec<_> = writers.into_iter().map(tokio::spawn).collect();
        for writer in writers {
            writer.await??;
        }
        rates.push(WRITES as f64 / started.elapsed().as_secs_f64());
    }
    println!("{what}: {} revocations/s over HTTP in requests of {BATCH}", Spread::of(rates));
    Ok(())
}

/// Feed entries a second over HTTP to one proxy that reads and checks them.
async fn feed_out(service: &Service) -> Result<()> {
    let mut client = service.client(&service.edge).await?;
    let history = client.poll("reader", None).await?.position.history;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let (mut at, mut entries) = (Position::start(history), 0_u64);
        let started = Instant::now();
        loop {
            let answer = client.poll("reader", Some(&at)).await?;
            let mut delta = Delta::read(&answer.body, &at)?;
            while let Some(frame) = delta.next_frame()? {
                entries += frame.entries().filter(Result::is_ok).count() as u64;
            }
            at = delta.position();
            if at == answer.position {
                break;
            }
        }
        rates.push(entries as f64 / started.elapsed().as_secs_f64());
    }
    println!("feed: {} entries/s over HTTP to one proxy, checked", Spread::of(rates));
    Ok(())
}

/// From the request to revoke to each proxy's copy.
async fn proxies(service: &Service) -> Result<()> {
    let fleet = Fleet::follow(&service.address, &service.edge, PROXIES).await?;
    let mut admin = service.client(&service.admin).await?;
    let (mut p50, mut p99, mut max) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..REVOCATIONS {
        // Not in step with the second for which polls are held.
        tokio::time::sleep(Duration::from_millis(1000 + 137 * (round as u64 % 10))).await;
        let sent = Instant::now();
        let position = admin.revoke(&body(10_000_000 + round, 1)).await?;
        let mut times = fleet.all_at(&position, sent).await?;
        times.sort_unstable();
        let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
        for (into, time) in [(&mut p50, at(50)), (&mut p99, at(99)), (&mut max, at(100))] {
            into.push(time.as_secs_f64() * 1e3);
        }
    }
    println!(
        "{PROXIES} proxies, from the request to revoke to the proxy, {REVOCATIONS} revocations: \
         p50 {} ms, p99 {} ms, max {} ms",
        Spread::of(p50),
        Spread::of(p99),
        Spread::of(max)
    );
    Ok(())
}
