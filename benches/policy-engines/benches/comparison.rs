//! All engines at all sizes, taking turns in one run: what a decision costs, how many times as long
//! as TenantGuard's the others' take, and whether more tenants make it slower. Then what a policy
//! with 10,000 tenants costs to compile and to load.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tenantguard_policy_engines::engines::tenantguard::{self, compile, source};
use tenantguard_policy_engines::rounds::{self, Contestant};
use tenantguard_policy_engines::spread::Spread;
use tenantguard_policy_engines::world::{World, requests, requests::REQUESTS};
use tenantguard_policy_engines::{ENGINES, LIKE, OURS, SIZES, load};

const ROUNDS: usize = 21;

/// An engine at a size.
struct Row<'w> {
    tenants: usize,
    name: &'static str,
    contestant: Contestant<'w>,
}

fn main() -> Result<()> {
    let worlds: Vec<_> = SIZES.iter().map(|tenants| World::new(*tenants)).collect();
    let workloads: Vec<_> = worlds.iter().map(requests::of).collect();
    let mut rows = Vec::new();
    for ((world, requests), tenants) in worlds.iter().zip(&workloads).zip(SIZES) {
        for (name, engine) in ENGINES {
            let engine = load((name, engine), world, requests)?;
            rows.push(Row { tenants, name, contestant: Contestant::new(engine) });
        }
        println!("{tenants} tenants: all engines answer all {REQUESTS} requests rightly");
    }
    let load_average = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("\nload average before {}", load_average.split(' ').next().unwrap_or("unknown"));
    rounds::run(rows.iter_mut().map(|row| &mut row.contestant), ROUNDS);
    print_decisions(&rows)?;
    print_flatness(&rows)?;
    drop(rows);
    print_policy(worlds.last().context("there are sizes")?)
}

fn print_decisions(rows: &[Row<'_>]) -> Result<()> {
    println!("\n| tenants | engine | ns a decision | times TenantGuard's | given the same |");
    println!("|--:|:--|--:|--:|--:|");
    for row in rows {
        let ours = find(rows, row.tenants, OURS)?;
        let nanoseconds = Spread::of(row.contestant.samples.iter().copied());
        let times = match row.name {
            OURS => String::new(),
            _ => ratio(row, ours).to_string(),
        };
        let like = LIKE.iter().find(|(engine, _)| row.name.starts_with(engine));
        let like = like.map(|(_, like)| find(rows, row.tenants, like)).transpose()?;
        let like = like.map_or(String::new(), |like| ratio(row, like).to_string());
        println!("| {} | {} | {nanoseconds} | {times} | {like} |", row.tenants, row.name);
    }
    Ok(())
}

fn print_flatness(rows: &[Row<'_>]) -> Result<()> {
    let (least, most) = (SIZES.iter().min().copied(), SIZES.iter().max().copied());
    let (least, most) = (least.unwrap_or_default(), most.unwrap_or_default());
    println!("\n| engine | {most} tenants as a multiple of {least} |\n|:--|--:|");
    for row in rows.iter().filter(|row| row.tenants == most) {
        println!("| {} | {} |", row.name, ratio(row, find(rows, least, row.name)?));
    }
    Ok(())
}

/// Round by round, so that both had the same moment of the machine.
fn ratio(row: &Row<'_>, base: &Row<'_>) -> Spread {
    let (samples, base) = (&row.contestant.samples, &base.contestant.samples);
    Spread::of(samples.iter().zip(base).map(|(own, base)| own / base))
}

fn find<'r, 'w>(rows: &'r [Row<'w>], tenants: usize, name: &str) -> Result<&'r Row<'w>> {
    let is_it = |row: &&Row<'_>| row.tenants == tenants && row.name == name;
    rows.iter().find(is_it).with_context(|| format!("{name} was not measured"))
}

fn print_policy(world: &World) -> Result<()> {
    let source = source(world);
    let artifact = compile(&source)?;
    let compiling = milliseconds(7, || compile(&source).map(drop))?;
    let loading = milliseconds(21, || tenantguard::load(&artifact).map(drop))?;
    println!("\n| {} tenants | |\n|:--|--:|", world.tenants.len());
    println!("| source, bytes of JSON | {} |", source.len());
    println!("| artifact, bytes | {} |", artifact.len());
    println!("| compile, ms | {compiling} |");
    println!("| load, ms | {loading} |");
    Ok(())
}

fn milliseconds(times: usize, mut what: impl FnMut() -> Result<()>) -> Result<Spread> {
    let mut taken: Vec<Duration> = Vec::with_capacity(times);
    for _ in 0..times {
        let begun = Instant::now();
        what()?;
        taken.push(begun.elapsed());
    }
    Ok(Spread::of(taken.into_iter().map(|time| time.as_secs_f64() * 1e3)))
}
