//! The proof that revocation holds, end to end: two real proxies with two workers each, a real
//! control service on a real Redis, a thousand requests a second, and everything that can be revoked
//! or break. After `--wait` returns not one request is let in by what was revoked; nothing else is
//! refused.
//!
//! `cargo test -p tenantguard-e2e --test proof` is the short run; with `TENANTGUARD_LONG` it is whole.

mod faults;
mod fleet;
mod load;
mod revocations;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use self::faults::{FAULTS, Fault};
use self::fleet::{ASKED, COPIED, Fleet};
use self::load::{Load, Scene, Tally, Wrong};

/// Requests a second, and clients of each proxy.
const RATE: u32 = 1_000;
const CLIENTS: usize = 8;
/// How many tokens the whole run revokes beside one of each kind.
const MORE: usize = 40;

fn main() -> ExitCode {
    let is_long = std::env::var_os("TENANTGUARD_LONG").is_some();
    // Cargo passes what it passes to every test; a filter that names something else skips this one.
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    if filter.is_some_and(|filter| !"proof".contains(&filter)) {
        return ExitCode::SUCCESS;
    }
    match run(is_long) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(is_long: bool) -> Result<()> {
    let Some(mut fleet) = Fleet::start()? else {
        if std::env::var("CI").is_ok_and(|ci| ci == "true") {
            bail!("redis-server is not installed: apt-get install redis-server");
        }
        println!("skipped: redis-server is not installed (apt-get install redis-server)");
        return Ok(());
    };
    let Err(error) = prove(&mut fleet, is_long) else { return Ok(()) };
    for envoy in &fleet.envoys {
        eprintln!("Envoy's log:\n{}", envoy.log_text());
    }
    eprintln!("The service's log:\n{}", fleet.service.log_text());
    Err(error)
}

fn prove(fleet: &mut Fleet, is_long: bool) -> Result<()> {
    let scene = Scene::new();
    for (name, path, token) in bystanders() {
        scene.enter(&fleet.actor(name, path, &token)?.0);
    }
    scene.begin();
    until_all_follow(fleet)?;
    let load = Load::start(scene, &fleet.addresses(), CLIENTS, RATE);
    let scene = &load.scene;
    let begun = Instant::now();
    let mut delays = revocations::run(fleet, scene, if is_long { MORE } else { 0 })?;
    let took = begun.elapsed();
    let (tally, wrong) = scene.take();
    let count = delays.len();
    let [p50, p99, max] = [50, 99, 100].map(|percent| delays.percentile(percent));
    println!(
        "{} requests in {:.1} s; from revoke to refusal, {count} times a client: p50 {} ms, p99 {} ms, max {} ms",
        tally.all(),
        took.as_secs_f64(),
        p50.as_millis(),
        p99.as_millis(),
        max.as_millis()
    );
    no_wrong(fleet, "revocations", &wrong)?;
    ensure!(p99 < Duration::from_secs(1), "p99 is {p99:?}");
    ensure!(tally.refused > 0 && count > 0, "nobody was refused: {tally:?}");

    println!(
        "\n| what breaks | permitted | refused | 503 | no answer | let in wrongly | well after | it means |"
    );
    println!("|:--|--:|--:|--:|--:|--:|--:|:--|");
    for fault in FAULTS.iter().filter(|fault| is_long || fault.is_short) {
        one(fault, fleet, scene)?;
    }
    Ok(())
}

fn one(fault: &Fault, fleet: &mut Fleet, scene: &Arc<Scene>) -> Result<()> {
    let report = fault.run(fleet, scene).with_context(|| fault.name)?;
    let Tally { permitted, refused, unavailable, nothing } = report.tally;
    let let_in = report.wrong.iter().filter(|wrong| wrong.is_permit()).count();
    println!(
        "| {} | {permitted} | {refused} | {unavailable} | {nothing} | {let_in} | {} ms | {} |",
        fault.name,
        report.well_after.as_millis(),
        fault.means
    );
    no_wrong(fleet, fault.name, &report.wrong)
}

/// Who is never touched: other issuers, other principals, another tenant.
fn bystanders() -> [(&'static str, &'static str, serde_json::Value); 4] {
    let machine = json!({"subject": "exporter", "claims": {"exp": "now+290"}});
    [
        ("paula of partnerco", COPIED, json!({"subject": "paula"})),
        ("walter of acme", COPIED, json!({"subject": "walter"})),
        ("a machine of acme", COPIED, machine),
        ("paula, asked about", ASKED, json!({"subject": "paula"})),
    ]
}

fn until_all_follow(fleet: &Fleet) -> Result<()> {
    let begun = Instant::now();
    while fleet.fresh_proxies()? < fleet.envoys.len() {
        ensure!(begun.elapsed() < Duration::from_secs(20), "the proxies do not follow the service");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn no_wrong(fleet: &Fleet, what: &str, wrong: &[Wrong]) -> Result<()> {
    let Some(first) = wrong.first() else { return Ok(()) };
    let id = first.audit_id.as_deref().unwrap_or_default();
    let line = fleet.envoys.iter().find_map(|envoy| envoy.access_log().audit(id).ok());
    let (count, line) = (wrong.len(), line.unwrap_or_default());
    bail!("{what}: {count} requests were answered wrongly, the first: {first}; its record: {line}")
}
