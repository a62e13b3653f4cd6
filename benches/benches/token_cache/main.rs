//! Why the verified-token cache evicts as it does: how often a token in steady use is still known
//! while one-time tokens flood the cache, by S3-FIFO (as the core has it), LRU and FIFO, in the same
//! memory. Then the gate itself, with real tokens, and what its memory does.
//!
//! `cargo bench -p tenantguard-bench --bench token_cache`; no option is read.

mod gate;
mod policies;
mod workload;

use policies::{Fifo, Lru, Policy, S3Fifo};
use workload::{Outcome, Popularity, Workload};

/// What the core's cache may take, and what a token with its bearer takes on average.
const MEMORY: u64 = 16 * 1024 * 1024;

const WORKLOADS: [Workload; 6] = [
    Workload::new("no flood"),
    Workload::new("half flood").flooded(50),
    Workload::new("9 in 10 flood").flooded(90),
    Workload::new("99 in 100 flood").flooded(99),
    Workload::new("just after a burst").after_burst(100_000),
    Workload::new("hot set too large").hot(40_000),
];

fn run(popularity: Popularity) {
    println!("\nHot tokens in use {popularity}:\n");
    let names = WORKLOADS.map(|workload| workload.name);
    println!("| policy | {} | MiB at most | ns a request |", names.join(" | "));
    println!("|:--|{}", "--:|".repeat(names.len() + 2));
    type Make = fn(u64) -> Box<dyn Policy>;
    let policies: [(&str, Make); 3] = [
        ("S3-FIFO", |memory| Box::new(S3Fifo::new(memory))),
        ("LRU", |memory| Box::new(Lru::new(memory))),
        ("FIFO", |memory| Box::new(Fifo::new(memory))),
    ];
    for (name, make) in policies {
        let outcomes: Vec<Outcome> =
            WORKLOADS.iter().map(|workload| workload.run(popularity, &mut *make(MEMORY))).collect();
        let most = outcomes.iter().map(|outcome| outcome.most_memory).max().unwrap_or_default();
        assert!(most <= MEMORY, "{name} kept {most} bytes");
        let ratios: Vec<String> =
            outcomes.iter().map(|outcome| format!("{:.1} %", outcome.hit_ratio * 100.0)).collect();
        let nanos =
            outcomes.iter().map(|o| o.nanos_per_request).sum::<f64>() / WORKLOADS.len() as f64;
        let mebibytes = most as f64 / f64::from(1 << 20);
        println!("| {name} | {} | {mebibytes:.1} | {nanos:.0} |", ratios.join(" | "));
    }
}

fn main() -> anyhow::Result<()> {
    println!("Hit ratio of the hot tokens. Hot set: {} tokens.", workload::HOT);
    run(Popularity::Even);
    run(Popularity::Zipf);
    gate::run()
}
