//! Runs the steps of a command one after the other: a heading and the time for each, a stop at the
//! first that fails, a summary at the end.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::style;

/// The steps of one command.
pub(crate) struct Steps {
    start: Instant,
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), done: Vec::new() }
    }

    /// Runs a step. Its failure ends the command.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let style = style::stderr();
        let since = seconds(self.start.elapsed());
        let heading = format!("== {name} ");
        eprintln!("\n{} {}", style.strong(&format!("{heading:=<72}")), style.faint(&since));
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        if let Err(error) = result {
            self.summary();
            eprintln!("{}  {name:<54} {:>9}", style.bad("FAILED"), seconds(took));
            println!("\nsteps: {} passed, 1 failed", self.done.len());
            return Err(error.context(format!("the step \"{name}\" failed")));
        }
        self.done.push((name, took));
        Ok(())
    }

    /// Prints the times of all steps and the closing line.
    pub(crate) fn finish(self) {
        self.summary();
        println!("\nsteps: {} passed, 0 failed", self.done.len());
    }

    fn summary(&self) {
        let style = style::stderr();
        eprintln!("\n{}", style.strong(&format!("{:=<72}", "== summary ")));
        for (name, took) in &self.done {
            eprintln!("{}  {name:<58} {:>9}", style.good("ok"), seconds(*took));
        }
        eprintln!("    {:<58} {:>9}", "all together", seconds(self.start.elapsed()));
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// The cargo that runs this.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(tenantguard_e2e::envoy::repository());
    command
}

/// Shows the command, runs it, and fails with it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = shown(command);
    eprintln!("{}", style::stderr().faint(&format!("$ {line}")));
    let status = command.status().with_context(|| format!("cannot run {line}"))?;
    if !status.success() {
        bail!("{line} ended with {status}");
    }
    Ok(())
}

/// A path as one would type it at the repository's root.
pub(crate) fn shown_path(path: &Path) -> String {
    path.strip_prefix(tenantguard_e2e::envoy::repository()).unwrap_or(path).display().to_string()
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    let arguments = command.get_args().map(|argument| shown_path(Path::new(argument)));
    std::iter::once(name).chain(arguments).collect::<Vec<_>>().join(" ")
}
