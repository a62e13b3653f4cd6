//! Runs the side-by-side benchmark in Envoy, with everything that it needs built first.

use anyhow::Result;
use tenantguard_e2e::envoy::target_directory;

use crate::steps::{cargo, run};
use crate::{build, setup};

/// `cargo xtask bench envoy`.
pub(crate) fn envoy(arguments: &[String]) -> Result<()> {
    let envoy = setup::envoy()?;
    let filter = build::filter()?;
    let noop = build::noop()?;
    run(&mut cargo(&["build", "--release", "-p", "tenantguard-bench", "--bin", "bench-envoy"]))?;
    let mut bench = std::process::Command::new(target_directory().join("release/bench-envoy"));
    bench.arg("--envoy").arg(envoy).arg("--filter").arg(filter).arg("--noop").arg(noop);
    run(bench.args(arguments))
}
