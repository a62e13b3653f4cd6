//! What a copy of a million revocations costs: to load, in memory, and a request. Prints what it
//! measures; takes minutes and the machine for itself, so it runs only with `cargo xtask test --long`.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tenantguard_e2e::client;
use tenantguard_e2e::control::{ControlService, Target};
use tenantguard_e2e::envoy::{Config, Options, filter_wasm};

use crate::controlled::{Controlled, Setup, plugin, soon};

const ENTRIES: usize = 1_000_000;
/// How many the service takes at once.
const BATCH: usize = 4_096;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(4);
/// A tick of the scheduler's clock, of which `/proc/PID/stat` counts.
const CLOCK_TICK: Duration = Duration::from_millis(10);

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
    cost(&it)
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
    let bytes = it.metric("control.bytes")? as f64 / ENTRIES as f64;
    println!("{ENTRIES} revocations: loaded within {:?} of the start,", start.elapsed());
    println!("{bytes:.1} bytes an entry, the longest answer meanwhile took {longest:?}");
    Ok(())
}

/// Envoy's CPU time a request, at both listeners in turn.
fn cost(it: &Controlled) -> Result<()> {
    let request = it.reader("/api/v1/reports/7", &json!({"subject": "alice"}))?;
    let bearer = request.headers.iter().find(|(name, _)| name == "authorization");
    let bearer =
        bearer.and_then(|(_, value)| std::str::from_utf8(value).ok()).context("no token")?;
    let listener = |name| it.world.envoy.listener(name).context("no listener");
    let (ours, plain) = (listener("ingress")?, listener("plain")?);
    let asked = it.metric("control.questions.asked")?;
    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (costs, address) in costs.iter_mut().zip([plain, ours]) {
            let before = cpu(it.world.envoy.pid())?;
            let count = wrk(&format!("http://{address}/api/v1/reports/7"), bearer)?;
            let used = cpu(it.world.envoy.pid())?.saturating_sub(before);
            costs.push(used.as_secs_f64() * 1e6 / count as f64);
        }
    }
    let median = |costs: &mut Vec<f64>| {
        costs.sort_by(f64::total_cmp);
        costs.get(ROUNDS / 2).copied().unwrap_or_default()
    };
    let [plain, ours] = &mut costs;
    let (plain, ours) = (median(plain), median(ours));
    println!("{plain:.2} us a request without a control service, {ours:.2} us with one");
    ensure!(it.metric("control.questions.asked")? == asked, "a request was asked about");
    Ok(())
}

/// Sends as many requests as it can; says how many.
fn wrk(url: &str, bearer: &str) -> Result<u64> {
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c8", "-d", &format!("{}s", ROUND.as_secs())]);
    wrk.args(["-H", "host: api.example.com", "-H", &format!("authorization: {bearer}"), url]);
    let output = wrk.output().context("run wrk")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(!text.contains("Non-2xx"), "{text}");
    let line = text.lines().find(|line| line.contains("requests in")).context("no count")?;
    Ok(line.split_whitespace().next().context("no count")?.parse()?)
}

/// The CPU time that a process has used.
fn cpu(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
    let ticks: u32 = fields.take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    Ok(CLOCK_TICK * ticks)
}
