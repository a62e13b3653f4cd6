//! The command line of `bench-envoy`, and its checks. `cargo xtask bench envoy` builds
//! the wasm files, finds an Envoy and fills these in.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

use crate::variant::Variant;

/// Compares TenantGuard with Envoy's own filters, in one Envoy process and one run.
#[derive(Debug, clap::Parser)]
#[command(name = "bench-envoy")]
pub(crate) struct Arguments {
    /// The Envoy binary
    #[arg(long, value_name = "PATH")]
    pub(crate) envoy: PathBuf,

    /// The TenantGuard filter (without it, only the other variants are measured)
    #[arg(long, value_name = "WASM")]
    pub(crate) filter: Option<PathBuf>,

    /// The floor filter, called for a request's headers alone
    #[arg(long, value_name = "WASM")]
    pub(crate) least: PathBuf,

    /// The floor filter, called for all that TenantGuard is called for
    #[arg(long, value_name = "WASM")]
    pub(crate) calls: PathBuf,

    /// Measure these variants only
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) only: Vec<Variant>,

    /// How often each variant takes its turn
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) rounds: usize,

    /// Seconds of load in a turn
    #[arg(long, value_name = "S", default_value_t = 2.0)]
    pub(crate) seconds: f64,

    /// Keep-alive connections of the load generator
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) connections: usize,

    /// Let Envoy answer by itself, many requests at once: with few system calls left, small
    /// differences between filters show
    #[arg(long)]
    pub(crate) direct: bool,

    /// Envoys that are started one after the other, each for so many rounds
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) envoys: usize,

    /// Envoy routes in each listener; the last one matches
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) routes: usize,

    /// How many tokens are revoked where a control service is followed
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub(crate) revocations: usize,

    /// Where access-log lines go
    #[arg(long, value_name = "FILE", default_value = "/dev/null")]
    pub(crate) access_log: PathBuf,

    /// Also write the figures as JSON to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

impl Arguments {
    /// Refuses what would end in an obscure failure or a meaningless figure later.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(self.rounds >= 1, "--rounds must be at least 1");
        ensure!((0.02..=600.0).contains(&self.seconds), "--seconds must be between 0.02 and 600");
        ensure!(self.envoys >= 1, "--envoys must be at least 1");
        ensure!((1..=256).contains(&self.connections), "--connections must be between 1 and 256");
        ensure!((1..=10_000).contains(&self.routes), "--routes must be between 1 and 10000");
        let without_filter = self.only.iter().find(|it| it.is_ours() && self.filter.is_none());
        if let Some(variant) = without_filter {
            bail!("--only {} needs --filter", variant.id());
        }
        let files = [Some(&self.envoy), Some(&self.least), Some(&self.calls), self.filter.as_ref()];
        for file in files.into_iter().flatten() {
            ensure!(file.is_file(), "there is no file {}", file.display());
        }
        Ok(())
    }
}
