//! What a fresh machine lacks: the compiler's targets, the runner of tests under Node, Envoy.
//! Everything that is installed goes under `target/`, the compiler's targets excepted.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};
use tenantguard_e2e::envoy::{binary, repository, target_directory};

use crate::steps::{cargo, run, shown_path};

const TARGETS: [&str; 2] = ["wasm32-wasip1", "wasm32-unknown-unknown"];

/// Makes sure that the compiler has the targets of `rust-toolchain.toml`.
pub(crate) fn compiler_targets() -> Result<()> {
    let missing = missing_targets()?;
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("installing the compiler's targets: {}", missing.join(", "));
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add"]).args(&missing).current_dir(repository());
    run(&mut rustup).with_context(|| {
        format!("install the Rust targets {} by hand and try again", missing.join(" and "))
    })
}

fn missing_targets() -> Result<Vec<&'static str>> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let output = rustc.args(["--print", "sysroot"]).current_dir(repository()).output();
    let output = output.context("cannot run rustc")?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let is_missing = |target: &&str| !sysroot.join("lib/rustlib").join(target).join("lib").is_dir();
    Ok(TARGETS.into_iter().filter(is_missing).collect())
}

/// The Envoy to use; installs the pinned one when there is none.
pub(crate) fn envoy() -> Result<PathBuf> {
    let path = binary::find_or_install(|message| eprintln!("{message}"))?;
    let output = Command::new(&path).arg("--version").output();
    let output = output.with_context(|| format!("cannot run {}", path.display()))?;
    let version = String::from_utf8_lossy(&output.stdout);
    eprintln!("Envoy: {}", shown_path(&path));
    if !version.contains(binary::PINNED) {
        eprintln!("  its version is not {}, with which all is tested", binary::PINNED);
    }
    Ok(path)
}

/// Node, without which the tests under wasm32 cannot run.
pub(crate) fn node() -> Result<()> {
    let Ok(output) = Command::new("node").arg("--version").output() else {
        bail!(
            "Node is not on PATH; the core's tests run under it as wasm32. \
             Install Node 20.12 or newer (Debian: apt-get install nodejs) and try again"
        );
    };
    eprintln!("Node: {}", String::from_utf8_lossy(&output.stdout).trim());
    Ok(())
}

/// The runner of `wasm-bindgen-test`, of exactly the version that the lock file has.
pub(crate) fn wasm_test_runner() -> Result<PathBuf> {
    let version = locked_version("wasm-bindgen")?;
    let root = target_directory().join("tools");
    let runner = root.join("bin/wasm-bindgen-test-runner");
    if !has_version(&runner, &version) {
        let root = root.to_string_lossy().into_owned();
        let wanted = ["install", "wasm-bindgen-cli", "--version", &version, "--root", &root];
        let wanted = [&wanted[..], &["--no-default-features", "--force"]].concat();
        // Its own lock file may name a release that a mirror does not have yet.
        run(cargo(&wanted).arg("--locked")).or_else(|error| {
            eprintln!("{error:#}; trying without its lock file");
            run(&mut cargo(&wanted))
        })?;
    }
    eprintln!("wasm-bindgen-test-runner: {version}");
    Ok(runner)
}

fn has_version(runner: &PathBuf, version: &str) -> bool {
    Command::new(runner).arg("--version").output().is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == version)
    })
}

/// The version of a package in `Cargo.lock`.
fn locked_version(package: &str) -> Result<String> {
    let path = repository().join("Cargo.lock");
    let lock = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let (_, entry) = lock
        .split_once(&format!("name = \"{package}\"\nversion = \""))
        .with_context(|| format!("{} does not list {package}", path.display()))?;
    Ok(entry.split('"').next().unwrap_or_default().to_owned())
}
