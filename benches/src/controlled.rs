//! The control service of a run: a process of its own, with as many revocations as were asked for, and
//! the cluster by which the Envoy under measurement follows it.

use std::{thread, time::Duration, time::Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tenantguard_e2e::{
    control::{ControlService, ServiceOptions, Target},
    envoy::Config,
};

use crate::{arguments::Arguments, envoy::Envoy, variant::Variant};

/// How many revocations the service takes at once.
const BATCH: usize = 4_096;
/// How long a proxy may take to have them all.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service that has what it is to hand on.
pub(crate) struct Controlled {
    _service: ControlService,
    /// Envoy's cluster for it.
    pub(crate) cluster: Value,
    revocations: usize,
}

impl Controlled {
    /// Starts and fills one, if a variant follows it.
    pub(crate) fn start(arguments: &Arguments, variants: &[Variant]) -> Result<Option<Self>> {
        if !variants.contains(&Variant::OursControlled) {
            return Ok(None);
        }
        let revocations = arguments.revocations;
        eprintln!("revoking {revocations} tokens that nobody has");
        let service = ControlService::start(&ServiceOptions::default())?;
        let control = service.control()?;
        let target = |nth: usize| Target::hash("token", "acme", &format!("{nth:032x}"));
        for first in (0..revocations).step_by(BATCH) {
            let batch: Vec<_> = (first..revocations.min(first + BATCH)).map(target).collect();
            control.revoke_at_once(&batch)?;
        }
        let mut example = Config::deployed_with_control()?;
        example.control(service.address(), service.proxy())?;
        let clusters = example.value_mut().pointer("/static_resources/clusters");
        let mut clusters = clusters.and_then(Value::as_array).context("no clusters")?.iter();
        let cluster = clusters.find(|it| it["name"] == "tenantguard-control");
        let cluster = cluster.context("the example has no control cluster")?.clone();
        Ok(Some(Self { _service: service, cluster, revocations }))
    }

    /// Waits until the proxy has all of them.
    pub(crate) fn wait_for(&self, envoy: &Envoy) -> Result<()> {
        let begun = Instant::now();
        let expected = u64::try_from(self.revocations)?;
        while envoy.gauge("wasmcustom.tenantguard.control.entries")? < expected {
            ensure!(begun.elapsed() < PATIENCE, "the proxy has not got all revocations");
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}
