//! Builds the filter as users deploy it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use tenantguard_e2e::envoy::{filter_wasm, target_directory};

use crate::setup;
use crate::steps::{cargo, run, shown_path};

/// A filter is pushed to every proxy of a mesh, so its size counts.
const SIZE_LIMIT: u64 = 1_500_000;

pub(crate) fn run_build(packages: &[&str]) -> Result<()> {
    setup::compiler_targets()?;
    let mut build = cargo(&["build", "--profile", "filter", "--target", "wasm32-wasip1"]);
    for package in packages {
        build.args(["-p", package]);
    }
    run(&mut build)
}

/// Builds the filter and says where it is.
pub(crate) fn filter() -> Result<PathBuf> {
    run_build(&["tenantguard-filter"])?;
    let path = filter_wasm()?;
    let size = fs::metadata(&path).with_context(|| format!("read {}", path.display()))?.len();
    eprintln!("{}: {size} bytes", shown_path(&path));
    ensure!(size < SIZE_LIMIT, "the filter is over {SIZE_LIMIT} bytes");
    Ok(path)
}

/// Builds the filter that does nothing, which the benchmark compares with.
pub(crate) fn noop() -> Result<PathBuf> {
    run_build(&["tenantguard-noop-filter"])?;
    Ok(target_directory().join("wasm32-wasip1/filter/tenantguard_noop_filter.wasm"))
}

/// `cargo xtask build`.
pub(crate) fn run_command() -> Result<()> {
    let path = filter()?;
    println!("{}", shown_path(&path));
    Ok(())
}
