//! `bench-envoy`: what TenantGuard costs in a real Envoy, beside what Envoy brings itself.
//!
//! One Envoy process with one worker and one listener per variant; the variants take
//! turns over several rounds, so that a busy moment of the machine hits all of them. Where a VM's
//! place in memory would show, several Envoys follow one another.
//! `benches/README.md` says what each row is and what the figures do not show.

mod arguments;
mod config;
mod controlled;
mod cpu;
mod envoy;
mod floor;
mod http;
mod load;
mod logs;
mod machine;
mod native;
mod probe;
mod ratios;
mod report;
mod run;
mod spread;
mod streams;
mod table;
mod targets;
mod upstream;
mod variant;

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use clap::Parser as _;

use crate::{
    arguments::Arguments, controlled::Controlled, envoy::Envoy, machine::Setting, report::Report,
    targets::Trust, upstream::Upstream, variant::Variant,
};

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    arguments.check()?;
    let setting = Setting::read(&arguments)?;
    let mut variants = Variant::selected(&arguments);

    eprintln!("deriving keys and minting tokens");
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let trust = Trust::mint(now.context("the clock stands before 1970")?.as_secs());
    let upstream = Upstream::start()?;
    let controlled = Controlled::start(&arguments, &variants)?;
    let cluster = controlled.as_ref().map(|it| &it.cluster);
    let mut rows = Vec::new();
    for nth in 1..=arguments.envoys {
        eprintln!("starting {} ({nth} of {})", setting.envoy_version, arguments.envoys);
        let config = config::bootstrap(&arguments, &variants, &trust, (upstream.port(), cluster))?;
        let envoy = Envoy::start(&arguments.envoy, &config)?;
        if let Some(controlled) = &controlled {
            envoy.explain(controlled.wait_for(&envoy))?;
        }
        let measured = envoy.explain(measure(&arguments, &variants, &trust, &envoy))?;
        report::append(&mut rows, measured);
        // What stands first in memory, and is compiled first, is not always the same.
        variants.reverse();
    }
    let report = Report { setting: &setting, arguments: &arguments, rows };
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
    trust: &Trust,
    envoy: &Envoy,
) -> Result<Vec<report::Row>> {
    let ports = envoy.listeners(variants)?;
    let targets = trust.targets(variants, &ports);
    for target in &targets {
        probe::check(target, envoy)?;
    }
    run::rounds(arguments, &targets, envoy.pid())
}
