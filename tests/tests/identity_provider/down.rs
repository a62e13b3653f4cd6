//! The provider answers, but not with keys.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tenantguard_e2e::idp::{IdentityProvider, Keys};

use crate::world::{Policy, World, token, wait_until};

pub(crate) fn stale(provider: &IdentityProvider) -> Result<()> {
    let realm = provider.realm("stale");
    realm.max_age(1)?;
    let policy = Policy::new().realm("platform", realm, "refresh: 1s, max_stale: 4s");
    World::with(provider, &policy, 2, |world| {
        let first = token(realm)?;
        world.ask(&first)?.permitted()?;
        let failed_before = realm.fetches()?.failed;
        realm.keys(Keys::Fail)?;
        let start = Instant::now();
        // New tokens, whose signatures nobody has verified before.
        let refused = loop {
            let answer = world.ask(&token(realm)?)?;
            if answer.status != 200 {
                break answer;
            }
            ensure!(start.elapsed() < Duration::from_secs(9), "the keys never went stale");
        };
        refused.refused(503, "keys.stale")?;
        // They were confirmed at most a refresh before they failed.
        ensure!(start.elapsed() > Duration::from_millis(2_500), "after {:?}", start.elapsed());
        ensure!(realm.fetches()?.failed > failed_before + 1, "it was not tried again");
        let known = world.ask(&first)?;
        known.refused(503, "keys.stale").context("a token that was verified before")?;

        realm.keys(Keys::Ok)?;
        world.ask_until_permitted(&first, Duration::from_secs(10)).context("it is up again")
    })
}

pub(crate) fn huge(provider: &IdentityProvider) -> Result<()> {
    let (realm, other) = (provider.realm("huge"), provider.realm("huge-at-first"));
    realm.max_age(1)?;
    other.max_age(1)?;
    other.keys(Keys::Huge)?;
    let policy =
        Policy::new().realm("platform", realm, "refresh: 1s").realm("other", other, "refresh: 1s");
    World::with(provider, &policy, 2, |world| {
        world.ask(&token(realm)?)?.permitted()?;
        world.ask(&token(other)?)?.refused(503, "keys.stale")?;

        realm.keys(Keys::Huge)?;
        let before = realm.fetches()?.requests;
        wait_until("two fetches more", Duration::from_secs(10), || {
            Ok(realm.fetches()?.requests >= before + 2)
        })?;
        world.ask(&token(realm)?)?.permitted().context("the keys in hand serve on")?;

        other.keys(Keys::Ok)?;
        world.ask_until_permitted(&token(other)?, Duration::from_secs(10))
    })
}
