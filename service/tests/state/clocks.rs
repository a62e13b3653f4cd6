//! A clock that is moved while the service runs: nothing is forgotten too early, and no token slips
//! through a cut-off.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tenantguard::control::Target;
use tenantguard::time::UnixTime;
use tenantguard::trust::SKEW_LIMIT;
use tenantguard_service::clock::ManualClock;
use tenantguard_service::feed::{Lease, ProxyId};
use tenantguard_service::state::{Change, Control, Settings, StoreSettings};

use crate::support::{is_revoked, note, revoke, subject, tenant, token};

const START: u64 = 1_800_000_000;
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn open(clock: &ManualClock, path: &std::path::Path) -> Result<Control> {
    let settings = Settings::new(StoreSettings::Embedded { path: path.to_owned() });
    Ok(Control::open(settings, Arc::new(clock.clone())).await?)
}

async fn shard_entries(control: &Control) -> u32 {
    // A change first: a snapshot that is still fresh would be handed out again.
    let entries = control.feed().snapshot().await;
    entries.manifest.shards.iter().map(|shard| shard.entries).sum()
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_forgets_nothing() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let clock = ManualClock::at(UnixTime::from_secs(START));
    let control = open(&clock, &dir.path().join("control.redb")).await?;
    let expiry = Some(START + 3600);
    let change = Change::Revoke { target: token("acme", 1), expiry };
    control.apply(vec![change, revoke(token("acme", 2))], note()).await?;
    clock.set_wall(UnixTime::from_secs(START).plus(DAY * 365));
    control.apply(vec![revoke(token("acme", 3))], note()).await?;
    assert_eq!(shard_entries(&control).await, 3);
    for number in 1..=3 {
        assert!(is_revoked(&control, &token("acme", number)), "{number}");
    }
    clock.set_wall(UnixTime::from_secs(START));
    clock.pass(Duration::from_secs(3600) + SKEW_LIMIT);
    control.apply(vec![revoke(token("acme", 4))], note()).await?;
    assert_eq!(shard_entries(&control).await, 3, "what is over by both clocks is left out");
    Ok(())
}

#[tokio::test]
async fn a_clock_that_jumps_back_lets_nothing_through_a_cut_off() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let clock = ManualClock::at(UnixTime::from_secs(START));
    let control = open(&clock, &dir.path().join("control.redb")).await?;
    clock.pass(Duration::from_secs(1000));
    clock.set_wall(UnixTime::from_secs(START - 7200));
    control.apply(vec![revoke(Target::Tenant(tenant("acme")))], note()).await?;
    for (issued_at, is_refused) in [(START + 999, true), (START + 1061, false)] {
        let refusal = control.refusal(&subject(token("acme", 1), issued_at));
        assert_eq!(refusal.is_some(), is_refused, "issued at {issued_at}");
    }
    Ok(())
}

#[tokio::test]
async fn leases_do_not_depend_on_the_wall_clock() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let clock = ManualClock::at(UnixTime::from_secs(START));
    let control = open(&clock, &dir.path().join("control.redb")).await?;
    let proxy = ProxyId::parse("edge-1")?;
    control.proxies().acknowledge(&proxy, Some(control.feed().position()));
    let lease = || control.proxies().list().first().map(|proxy| proxy.lease);
    clock.set_wall(UnixTime::from_secs(START).plus(DAY));
    assert_eq!(lease(), Some(Lease::Live));
    clock.set_wall(UnixTime::from_secs(START - 7200));
    clock.pass(Duration::from_millis(5_001));
    assert_eq!(lease(), Some(Lease::RunOut));
    Ok(())
}
