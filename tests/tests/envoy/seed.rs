//! Puts delegations into the store of a control service that does not run, through the service's own
//! state: those too that nobody could ask it for, because they are over already.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use tenantguard::control::Delegation;
use tenantguard_service::clock::SystemClock;
use tenantguard_service::state::{Actor, Change, Control, Note, Reason, Settings, StoreSettings};

/// Writes delegations into the embedded store in a service's directory.
pub(crate) fn write(directory: &Path, delegations: &[Delegation]) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(apply(&directory.join("control.redb"), delegations))
}

async fn apply(path: &Path, delegations: &[Delegation]) -> Result<()> {
    let settings = Settings::new(StoreSettings::Embedded { path: path.to_owned() });
    let control = Control::open(settings, Arc::new(SystemClock::default())).await;
    let control = control.context("open the service's store")?;
    let note = Note { by: Actor::parse("tests")?, reason: Reason::parse("a test")? };
    let change = |one: &Delegation| Change::Delegation(Box::new(one.clone()));
    let receipt = control.apply(delegations.iter().map(change).collect(), note).await?;
    control.close().await;
    ensure!(receipt.changed == delegations.len(), "only {} are new", receipt.changed);
    Ok(())
}
