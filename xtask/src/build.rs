//! Builds the filter as users deploy it, and those that the benchmark compares with.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use tenantguard_e2e::envoy::{built_filter, filter_path, repository, target_directory};

use crate::callbacks::{self, BEYOND_REQUEST_HEADERS, OF_NO_USE};
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
    callbacks::check_unimplemented(&repository().join("filters/tenantguard/src"), &OF_NO_USE)?;
    run_build(&["tenantguard-filter"])?;
    let path = filter_path();
    callbacks::take_out(&built_filter("tenantguard_filter"), &OF_NO_USE, &path)?;
    let size = fs::metadata(&path).with_context(|| format!("read {}", path.display()))?.len();
    eprintln!("{}: {size} bytes", shown_path(&path));
    ensure!(size < SIZE_LIMIT, "the filter is over {SIZE_LIMIT} bytes");
    Ok(path)
}

/// The benchmark's own filters.
pub(crate) struct FloorFilters {
    /// Called for a request's headers alone.
    pub(crate) least: PathBuf,
    /// Called for all that TenantGuard is called for.
    pub(crate) calls: PathBuf,
}

/// Builds the filters that the benchmark compares with: one module, of which Envoy calls more or
/// less.
pub(crate) fn floor() -> Result<FloorFilters> {
    run_build(&["tenantguard-floor-filter"])?;
    let built = built_filter("tenantguard_floor_filter");
    let at = |name: &str| target_directory().join(name);
    let floor = FloorFilters {
        least: at("tenantguard_floor_least.wasm"),
        calls: at("tenantguard_floor_calls.wasm"),
    };
    callbacks::take_out(&built, &BEYOND_REQUEST_HEADERS, &floor.least)?;
    callbacks::take_out(&built, &OF_NO_USE, &floor.calls)?;
    Ok(floor)
}

/// `cargo xtask build`.
pub(crate) fn run_command() -> Result<()> {
    let path = filter()?;
    println!("{}", shown_path(&path));
    Ok(())
}
