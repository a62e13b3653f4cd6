//! The same requests over and over through one Envoy: its memory must not grow with them. Takes a
//! minute, so it runs only with `cargo xtask test --long`.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use tenantguard_e2e::corpus::{Corpus, Prepared, Runner};

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

/// The resident set of a process in bytes, as Linux says it.
fn resident(pid: u32) -> Result<usize> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib = line.split_whitespace().nth(1).context("no number in VmRSS")?;
    Ok(kib.parse::<usize>().context("no number in VmRSS")? * 1024)
}
