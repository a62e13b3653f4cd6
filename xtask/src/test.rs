//! `cargo xtask test`: everything that must hold before a change lands, cheapest first.
//!
//! All native steps name the same packages, the default members: Cargo unites the features of what
//! is named together, and would build half of the dependencies again for another choice.

use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::steps::{Steps, cargo, run};
use crate::{build, setup};

/// Crates that build for wasm32-wasip1 only.
const FILTERS: [&str; 4] = ["-p", "tenantguard-filter", "-p", "tenantguard-floor-filter"];
/// Tests that run the corpus without Envoy.
const CORPUS: [&str; 2] = ["core", "decide"];
/// Tests that need Envoy and the filter.
const IN_ENVOY: [&str; 3] = ["envoy", "identity_provider", "proof"];
/// Has tests that take long run too.
const LONG: &str = "TENANTGUARD_LONG";
/// Tests that run under Node; natively they are empty.
const UNDER_NODE: [&str; 1] = ["wasm"];

pub(crate) fn run_tests(long: bool) -> Result<()> {
    let mut steps = Steps::new();
    let mut runner = None;
    steps.step("set-up", || {
        setup::compiler_targets()?;
        setup::node()?;
        setup::envoy()?;
        runner = Some(setup::wasm_test_runner()?);
        Ok(())
    })?;
    let tests = Tests::find()?;
    steps.step("format", || run(&mut cargo(&["fmt", "--all", "--check"])))?;
    steps.step("lints", || {
        run(&mut cargo(&["clippy", "--locked", "--all-targets", "--", "-D", "warnings"]))?;
        let filters = cargo(&["clippy", "--locked", "--target", "wasm32-wasip1"]);
        run(with(filters, &FILTERS).args(["--", "-D", "warnings"]))
    })?;
    steps.step("build", || {
        run(&mut cargo(&["build", "--locked", "--bins", "--tests"]))?;
        build::filter().map(drop)
    })?;
    steps.step("unit tests", || {
        let others = [&CORPUS[..], &IN_ENVOY, &UNDER_NODE].concat();
        let units = cargo(&["test", "--locked", "--lib", "--bins"]);
        let mut units = with(units, &tests.selection(|name| !others.contains(&name)));
        if long {
            units.env(LONG, "1");
        }
        run(&mut units)?;
        run(&mut cargo(&["test", "--locked", "--doc"]))
    })?;
    steps.step("corpus through the core and through `tenantguard decide`", || {
        let corpus = cargo(&["test", "--locked"]);
        run(&mut with(corpus, &tests.selection(|name| CORPUS.contains(&name))))
    })?;
    steps.step("core and corpus as wasm32 under Node", || {
        let packages = ["-p", "tenantguard", "-p", "tenantguard-e2e", "--lib", "--test", "wasm"];
        let node = cargo(&["test", "--locked", "--target", "wasm32-unknown-unknown"]);
        let mut node = with(node, &packages);
        if let Some(runner) = &runner {
            node.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
        }
        run(&mut node)
    })?;
    steps.step("end to end in Envoy", || {
        let envoy = cargo(&["test", "--locked"]);
        let mut envoy = with(envoy, &tests.selection(|name| IN_ENVOY.contains(&name)));
        if long {
            envoy.env(LONG, "1");
        }
        run(&mut envoy)
    })?;
    steps.finish();
    Ok(())
}

fn with(mut command: Command, arguments: &[impl AsRef<std::ffi::OsStr>]) -> Command {
    command.args(arguments);
    command
}

/// The integration tests of the default members, by name. Asked of Cargo, so that a new one runs
/// without being named here.
struct Tests {
    names: Vec<String>,
}

impl Tests {
    fn find() -> Result<Self> {
        let output = cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked"])
            .output()
            .context("cannot run cargo metadata")?;
        let metadata: Value =
            serde_json::from_slice(&output.stdout).context("cargo metadata gives no JSON")?;
        let list = |value: &Value, key| value.get(key).and_then(Value::as_array).cloned();
        let members = list(&metadata, "workspace_default_members").unwrap_or_default();
        let is_test = |target: &Value| {
            list(target, "kind").is_some_and(|kinds| kinds.contains(&Value::from("test")))
        };
        let mut names: Vec<String> = list(&metadata, "packages")
            .unwrap_or_default()
            .iter()
            .filter(|package| package.get("id").is_some_and(|id| members.contains(id)))
            .flat_map(|package| list(package, "targets").unwrap_or_default())
            .filter(is_test)
            .filter_map(|target| target.get("name").and_then(Value::as_str).map(str::to_owned))
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(Self { names })
    }

    /// `--test NAME` for each that is wanted.
    fn selection(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<&str> {
        let wanted = self.names.iter().map(String::as_str).filter(|name| is_wanted(name));
        wanted.flat_map(|name| ["--test", name]).collect()
    }
}
