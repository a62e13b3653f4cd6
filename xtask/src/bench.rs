//! Runs the benchmarks that need something built first: in Envoy beside its own filters, beside other
//! policy engines, which are a workspace of their own, and what runs natively and in Node's V8.

use std::process::Command;

use anyhow::Result;
use tenantguard_e2e::envoy::{built_filter, repository, target_directory};

use crate::steps::{cargo, run};
use crate::{build, setup};

/// How often the copy of the control state is measured, natively and as wasm.
const REPLICA_TURNS: usize = 3;

/// `cargo xtask bench envoy`.
pub(crate) fn envoy(arguments: &[String]) -> Result<()> {
    let envoy = setup::envoy()?;
    let filter = build::filter()?;
    let floor = build::floor()?;
    let bench = ["-p", "tenantguard-bench", "--bin", "bench-envoy"];
    let service = ["-p", "tenantguard-cli", "--bin", "tenantguard"];
    for program in [bench, service] {
        run(cargo(&["build", "--release"]).args(program))?;
    }
    let mut bench = Command::new(target_directory().join("release/bench-envoy"));
    bench.arg("--envoy").arg(envoy).arg("--filter").arg(filter);
    bench.arg("--least").arg(floor.least).arg("--calls").arg(floor.calls);
    run(bench.args(arguments))
}

/// `cargo xtask bench policy`. Criterion and the comparison in turns; with arguments, Criterion alone.
pub(crate) fn policy(arguments: &[String]) -> Result<()> {
    let target = target_directory().join("policy-engines");
    let bench = |name: &str| {
        let manifest = "benches/policy-engines/Cargo.toml";
        let mut bench = cargo(&["bench", "--locked", "--manifest-path", manifest, "--bench", name]);
        bench.arg("--target-dir").arg(&target);
        bench
    };
    run(bench("decision").arg("--").args(arguments))?;
    if arguments.is_empty() {
        run(&mut bench("comparison"))?;
    }
    Ok(())
}

/// `cargo xtask bench replica`.
pub(crate) fn replica() -> Result<()> {
    let name = "tenantguard-replica-bench";
    setup::node()?;
    build::run_build(&[name])?;
    run(&mut cargo(&["build", "--release", "-p", name]))?;
    let wasm = built_filter(name);
    let host = repository().join("benches/replica/run.mjs");
    // In turns: whatever else the machine does hits both.
    for _ in 0..REPLICA_TURNS {
        run(&mut Command::new(target_directory().join("release").join(name)))?;
        run(Command::new("node").arg("--no-warnings").arg(&host).arg(&wasm))?;
    }
    Ok(())
}
