//! The same over and over through one Envoy: its memory must not grow with it. Takes minutes, so it runs
//! only with `cargo xtask test --long`.

use std::fs;
use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tenantguard_e2e::corpus::{Corpus, Prepared, Runner};

use crate::controlled::{Controlled, Setup, soon};
use crate::world::{World, unix_now};

/// By then every buffer has its size and every token is in the cache.
const WARM_UP: usize = 40;
const ROUNDS: usize = 400;
/// What a request may add on average, in bytes: far less than the least that it could leave behind.
const GROWTH_A_REQUEST: usize = 16;

pub(crate) fn memory() -> Result<()> {
    World::with(
        |_| Ok(()),
        |world| {
            let corpus = Corpus::load()?;
            let now = unix_now()?;
            let requests = corpus
                .cases(Runner::Envoy)
                .map(|(_, case)| Prepared::new(case, &corpus.personas, now))
                .collect::<Result<Vec<_>, _>>()?;
            let rounds = |count| -> Result<usize> {
                for request in std::iter::repeat_n(&requests, count).flatten() {
                    world.send(request)?;
                }
                resident(world.envoy.pid())
            };
            let warm = rounds(WARM_UP)?;
            let after = rounds(ROUNDS)?;
            let sent = ROUNDS * requests.len();
            println!("Envoy: {warm} bytes once warm, {after} bytes after {sent} requests more");
            ensure!(
                after <= warm + GROWTH_A_REQUEST * sent,
                "Envoy grew from {warm} to {after} bytes in {sent} requests"
            );
            Ok(())
        },
    )
}

/// How many clients leave while their question is open, to warm up and to be counted.
const LEAVERS: [usize; 2] = [2_000, 10_000];
/// What each may leave behind, in bytes: `proxy-wasm` 0.2.5 keeps eight for a call that is cancelled.
const GROWTH_A_LEAVER: usize = 48;

/// Clients that leave while the control service is asked about them leave nothing of ours behind.
pub(crate) fn leavers() -> Result<()> {
    let control = json!({"cluster": "tenantguard-control", "ask_deadline": "1s"});
    Controlled::with(Setup { control, ..Setup::default() }, |it| {
        let request = it.reader("/api/v1/exports/left", &json!({"subject": "alice"}))?;
        it.expect_soon(&request, "permit")?;
        it.service.pause()?;
        let before = it.metric("control.questions.asked")?;
        let mut leave = |count: usize| -> Result<usize> {
            for _ in 0..count {
                let mut stream = TcpStream::connect(it.world.envoy.address())?;
                stream.write_all(&request.http1(&[]))?;
                thread::sleep(Duration::from_millis(2));
                stream.shutdown(Shutdown::Both)?;
            }
            soon("none is open", || Ok(it.metric("control.questions.open")? == 0))?;
            resident(it.world.envoy.pid())
        };
        let [warm, after] = LEAVERS.map(&mut leave);
        let (warm, after, [_, count]) = (warm?, after?, LEAVERS);
        let asked = it.metric("control.questions.asked")? - before;
        println!(
            "Envoy: {warm} bytes once warm, {after} after {count} left; {asked} were asked about"
        );
        ensure!(asked > 1_000, "only {asked} were asked about");
        ensure!(after <= warm + GROWTH_A_LEAVER * count, "Envoy grew from {warm} to {after} bytes");
        it.service.resume()?;
        it.expect_soon(&request, "permit").map(drop)
    })
}

/// The resident set of a process in bytes, as Linux says it.
fn resident(pid: u32) -> Result<usize> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib = line.split_whitespace().nth(1).context("no number in VmRSS")?;
    Ok(kib.parse::<usize>().context("no number in VmRSS")? * 1024)
}
