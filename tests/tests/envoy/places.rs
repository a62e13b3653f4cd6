//! Where a table of the corpus is run: in the Envoy that most tests share, or in one with the table's
//! own policy, that follows a control service if there are living delegations.

use std::sync::{Arc, OnceLock};

use anyhow::{Result, bail};
use libtest_mimic::Failed;
use serde_json::{Value, json};
use tenantguard_e2e::control::{ControlService, ServiceOptions};
use tenantguard_e2e::corpus::{Setting, Table};
use tenantguard_e2e::envoy::{Config, Options};

use crate::controlled::soon;
use crate::seed;
use crate::world::{Shared, World, text, unix_now};

/// The Envoy of one table.
pub(crate) enum Place {
    Shared(Arc<Shared>),
    Own(Box<Own>),
}

/// One of the table's own, started by the first case that needs it.
pub(crate) struct Own {
    table: Table,
    started: OnceLock<Result<Started, String>>,
}

/// An Envoy with a setting, and the service that it follows.
pub(crate) struct Started {
    pub(crate) world: World,
    pub(crate) service: Option<ControlService>,
}

impl Place {
    pub(crate) fn of(table: &Table, shared: &Arc<Shared>) -> Self {
        match table.policy.is_none() && table.living.is_empty() {
            true => Self::Shared(Arc::clone(shared)),
            false => Self::Own(Box::new(Own { table: table.clone(), started: OnceLock::new() })),
        }
    }

    pub(crate) fn world(&self) -> Result<&World, Failed> {
        let own = match self {
            Self::Shared(shared) => return shared.world(),
            Self::Own(own) => own,
        };
        let start = || Started::at(&own.table, unix_now()?);
        let start = || start().map_err(|error: anyhow::Error| format!("{error:#}"));
        let started = own.started.get_or_init(start).as_ref().map_err(Failed::from)?;
        Ok(&started.world)
    }
}

impl Started {
    /// Starts what the table takes, its times relative to `now`.
    pub(crate) fn at(table: &Table, now: u64) -> Result<Self> {
        let setting = Setting::of(table, now)?;
        let plugin = setting.plugin_configuration()?;
        if setting.living.is_empty() {
            let world =
                World::start_as(Config::deployed()?, &plugin, Options::default(), |_| Ok(()))?;
            return Ok(Self { world, service: None });
        }
        let options = ServiceOptions { policy: setting.policy.clone(), ..Default::default() };
        let mut service = ControlService::prepare(&options)?;
        seed::write(service.directory(), &setting.living)?;
        service.start_again()?;
        let mut plugin: Value = serde_json::from_str(&plugin)?;
        plugin["control"] = json!({"cluster": "tenantguard-control"});
        let mut config = Config::deployed_with_control()?;
        config.control(service.address(), service.proxy())?;
        let world = World::start_as(config, &plugin.to_string(), Options::default(), |_| Ok(()))?;
        let started = Self { world, service: Some(service) };
        started.wait_for_copies()?;
        Ok(started)
    }

    /// Each worker has a copy of its own, and Envoy gives connections to them in turn.
    fn wait_for_copies(&self) -> Result<()> {
        let is_fresh = || {
            let outcome = self.world.ask(r#"{"request": {"path": "/healthz"}}"#)?;
            anyhow::Ok(text(&self.world.audit(&outcome)?, "control") == Some("fresh"))
        };
        let mut in_a_row = 0;
        soon("the copies of the control state", || {
            in_a_row = if is_fresh()? { in_a_row + 1 } else { 0 };
            Ok(in_a_row == 8)
        })?;
        match &self.service {
            Some(service) if service.control()?.proxies()?.is_empty() => {
                bail!("the service has not heard of the proxy: {}", service.log_text())
            }
            _ => Ok(()),
        }
    }
}
