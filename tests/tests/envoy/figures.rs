//! What a copy of a million revocations costs to load and in memory, and that a million requests with
//! it ask nobody. Prints what it measures; takes minutes, so it runs only with
//! `cargo xtask test --long`. What it costs a request, `cargo xtask bench envoy` measures.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tenantguard_e2e::client;
use tenantguard_e2e::control::{ControlService, Target};
use tenantguard_e2e::envoy::{Config, Options, filter_wasm};

use crate::controlled::{Controlled, Setup, plugin, soon};

const ENTRIES: usize = 1_000_000;
/// How many the service takes at once.
const BATCH: usize = 4_096;
/// What one may take of a VM's memory.
const BYTES_LIMIT: f64 = 10.0;
/// For how long loading them may keep a worker from others.
const STALL_LIMIT: Duration = Duration::from_millis(20);
const REQUESTS: usize = 1_000_000;
/// How many connections the requests come by.
const CLIENTS: usize = 8;

pub(crate) fn a_million_revocations() -> Result<()> {
    let setup = Setup {
        envoy: Options { concurrency: 1, ..Options::default() },
        control: json!({"cluster": "tenantguard-control", "snapshot_deadline": "30s"}),
        ..Setup::default()
    };
    let service = ControlService::start(&setup.service)?;
    fill(&service)?;
    let it = Controlled::follow(service, &setup, second_listener)?;
    load(&it)?;
    without_a_question(&it)
}

fn fill(service: &ControlService) -> Result<()> {
    let control = service.control()?;
    let target = |nth: usize| Target::hash("token", "acme", &format!("{nth:032x}"));
    for first in (0..ENTRIES).step_by(BATCH) {
        let batch: Vec<_> = (first..ENTRIES.min(first + BATCH)).map(target).collect();
        control.revoke_at_once(&batch)?;
    }
    Ok(())
}

/// The same policy without a control service, at a listener of its own.
fn second_listener(config: &mut Config) -> Result<()> {
    let mut plugin: Value = serde_json::from_str(&plugin(&Value::Null)?)?;
    if let Some(plugin) = plugin.as_object_mut() {
        plugin.remove("control");
    }
    let mut second = config.clone();
    second.filter(&filter_wasm()?, &plugin.to_string())?;
    let listener = second.value_mut().pointer("/static_resources/listeners/0").cloned();
    let mut listener = listener.context("no listener")?;
    if let Some(listener) = listener.as_object_mut() {
        listener.insert("name".to_owned(), "plain".into());
    }
    let listeners = config.value_mut().pointer_mut("/static_resources/listeners");
    listeners.and_then(Value::as_array_mut).context("no listeners")?.push(listener);
    Ok(())
}

/// The worker answers others while its VM loads: how long the longest of them waited.
fn load(it: &Controlled) -> Result<()> {
    let start = Instant::now();
    let done = AtomicBool::new(false);
    let plain = it.world.envoy.listener("plain").context("no second listener")?;
    let longest = thread::scope(|scope| -> Result<Duration> {
        let probe = scope.spawn(|| -> Result<Duration> {
            let mut stream = TcpStream::connect(plain)?;
            let mut longest = Duration::ZERO;
            while !done.load(Ordering::Relaxed) {
                let sent = Instant::now();
                stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")?;
                client::read_response(&mut stream, false)?;
                longest = longest.max(sent.elapsed());
                thread::sleep(Duration::from_millis(1));
            }
            Ok(longest)
        });
        let request = it.reader("/api/v1/reports/7", &json!({"subject": "alice"}))?;
        let loaded = soon("the snapshot", || {
            Ok(it.metric("control.mode")? == 1 && it.metric("control.entries")? >= ENTRIES as u64)
        });
        it.expect(&request, "permit")?;
        done.store(true, Ordering::Relaxed);
        loaded?;
        probe.join().map_err(|_| anyhow::anyhow!("the probe broke off"))?
    })?;
    // Each gauge is as the VM has it that looked last, which may have loaded nothing yet.
    let mut bytes = 0;
    soon("a VM's memory", || {
        bytes = it.metric("control.bytes")?;
        Ok(bytes > 0)
    })?;
    let bytes = bytes as f64 / ENTRIES as f64;
    println!("{ENTRIES} revocations: loaded within {:?} of the start,", start.elapsed());
    println!("{bytes:.1} bytes an entry, the longest answer meanwhile took {longest:?}");
    ensure!(bytes <= BYTES_LIMIT, "an entry takes more than {BYTES_LIMIT} bytes");
    ensure!(longest <= STALL_LIMIT, "a worker was held up for more than {STALL_LIMIT:?}");
    Ok(())
}

/// A million requests with a token that is not revoked: all are let in, and none is asked about.
fn without_a_question(it: &Controlled) -> Result<()> {
    // A busy machine takes longer than a token lives by default.
    let token = json!({"subject": "alice", "claims": {"exp": "now+3000"}});
    let request = it.reader("/api/v1/reports/7", &token)?.http1(&[]);
    let (address, begun) = (it.world.envoy.address(), Instant::now());
    let asked = it.metric("control.questions.asked")?;
    let client = || -> Result<()> {
        let mut stream = TcpStream::connect(it.world.envoy.listener("ingress").unwrap_or(address))?;
        for _ in 0..REQUESTS / CLIENTS {
            stream.write_all(&request)?;
            let answer = client::read_response(&mut stream, false)?;
            ensure!(answer.status == 200, "a good token was answered {}", answer.status);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        clients.into_iter().try_for_each(|client| {
            client.join().map_err(|_| anyhow::anyhow!("a client broke off"))?
        })
    })?;
    let asked = it.metric("control.questions.asked")? - asked;
    println!("{REQUESTS} requests in {:?}, {asked} of them asked about", begun.elapsed());
    ensure!(asked == 0, "{asked} requests were asked about");
    Ok(())
}
