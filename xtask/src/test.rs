//! `cargo xtask test`: everything that must hold before a change lands, cheapest first.

use anyhow::Result;

use crate::steps::{Steps, cargo, run};
use crate::{build, setup};

/// Crates that build for wasm32-wasip1 only.
const FILTERS: [&str; 4] = ["-p", "tenantguard-filter", "-p", "tenantguard-noop-filter"];
const NODE_TARGET: &str = "wasm32-unknown-unknown";

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
    steps.step("format", || run(&mut cargo(&["fmt", "--all", "--check"])))?;
    steps.step("lints", || {
        run(&mut cargo(&["clippy", "--locked", "--all-targets", "--", "-D", "warnings"]))?;
        let filters = cargo(&["clippy", "--locked", "--target", "wasm32-wasip1"]);
        run(with(filters, &FILTERS).args(["--", "-D", "warnings"]))
    })?;
    steps.step("unit tests", || {
        let others = ["--exclude", "tenantguard-filter", "--exclude", "tenantguard-noop-filter"];
        let tests = cargo(&["test", "--locked", "--workspace", "--exclude", "tenantguard-e2e"]);
        run(&mut with(tests, &others))?;
        run(&mut cargo(&["test", "--locked", "-p", "tenantguard-e2e", "--lib"]))
    })?;
    steps.step("corpus through the core and through `tenantguard decide`", || {
        run(&mut cargo(&["build", "--locked", "-p", "tenantguard-cli"]))?;
        let tests = cargo(&["test", "--locked", "-p", "tenantguard-e2e"]);
        run(&mut with(tests, &["--test", "core", "--test", "decide"]))
    })?;
    steps.step("core and corpus as wasm32 under Node", || {
        for crate_and_kind in
            [&["-p", "tenantguard", "--lib"][..], &["-p", "tenantguard-e2e", "--test", "wasm"]]
        {
            let tests = cargo(&["test", "--locked", "--target", NODE_TARGET]);
            let mut tests = with(tests, crate_and_kind);
            if let Some(runner) = &runner {
                tests.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
            }
            run(&mut tests)?;
        }
        Ok(())
    })?;
    steps.step("filter build", || build::filter().map(drop))?;
    steps.step("end to end in Envoy", || {
        let mut tests = cargo(&["test", "--locked", "-p", "tenantguard-e2e", "--test", "envoy"]);
        if long {
            tests.env("TENANTGUARD_LONG", "1");
        }
        run(&mut tests)
    })?;
    steps.finish();
    Ok(())
}

fn with(mut command: std::process::Command, arguments: &[&str]) -> std::process::Command {
    command.args(arguments);
    command
}
