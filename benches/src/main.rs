//! `bench-envoy`: what TenantGuard costs in a real Envoy, beside what Envoy brings itself.
//!
//! One Envoy process with one worker and one listener per variant; the variants take
//! turns over several rounds, so that a busy moment of the machine hits all of them.
//! `benches/README.md` says what each row is and what the figures do not show.

mod arguments;
mod config;
mod cpu;
mod envoy;
mod http;
mod load;
mod logs;
mod machine;
mod native;
mod probe;
mod report;
mod run;
mod spread;
mod table;
mod upstream;
mod variant;

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use clap::Parser as _;
use tenantguard_bench::tokens::Tokens;

use crate::{
    arguments::Arguments, envoy::Envoy, machine::Setting, report::Report, upstream::Upstream,
    variant::Variant,
};

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    arguments.check()?;
    let setting = Setting::read(&arguments)?;
    let variants = Variant::selected(&arguments);

    eprintln!("deriving keys and minting tokens");
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let tokens = Tokens::mint(now.context("the clock stands before 1970")?.as_secs());
    let upstream = Upstream::start()?;
    let config = config::bootstrap(&arguments, &variants, &tokens, upstream.port());
    eprintln!("starting {}", setting.envoy_version);
    let envoy = Envoy::start(&arguments.envoy, &config)?;
    let rows = measure(&arguments, &variants, &tokens, &envoy);
    let report = Report {
        setting: &setting,
        arguments: &arguments,
        cpu_clock: cpu::source(envoy.pid()),
        rows: envoy.explain(rows)?,
    };
    print!("{}", report.table());
    if let Some(path) = &arguments.json {
        fs::write(path, format!("{:#}\n", report.json()))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn measure(
    arguments: &Arguments,
    variants: &[Variant],
    tokens: &Tokens,
    envoy: &Envoy,
) -> Result<Vec<report::Row>> {
    let ports = envoy.listeners(variants)?;
    let targets: Vec<run::Target> = tokens
        .sets()
        .flat_map(|set| {
            let ports = ports.iter().zip(variants);
            ports.map(move |(port, variant)| run::Target {
                variant: *variant,
                tokens: set,
                port: *port,
            })
        })
        .collect();
    for target in &targets {
        probe::check(target)?;
    }
    run::rounds(arguments, &targets, envoy.pid())
}
