//! How often keys are fetched: counted where they are fetched from.

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use tenantguard_e2e::idp::{IdentityProvider, Realm};
use tenantguard_mint::{Algorithm, DevKey, TokenSpec};

use crate::world::{Policy, World, token, wait_until};

/// Long enough for a fetch that should not be to show.
const SETTLED: Duration = Duration::from_secs(2);

pub(crate) fn unknown_kid(provider: &IdentityProvider) -> Result<()> {
    let realm = provider.realm("unknown-kid");
    realm.max_age(3_600)?;
    let policy = Policy::new().realm("platform", realm, "refresh: 1h");
    World::with(provider, &policy, 4, |world| {
        let genuine = token(realm)?;
        world.ask(&genuine)?.permitted()?;
        let before = realm.fetches()?.requests;
        thread::scope(|scope| {
            let clients: Vec<_> =
                (0..8).map(|client| scope.spawn(move || stranger(world, realm, client))).collect();
            for client in clients {
                client.join().map_err(|_| anyhow!("a client panicked"))??;
            }
            Ok::<_, anyhow::Error>(())
        })?;
        thread::sleep(SETTLED);
        let made = realm.fetches()?.requests - before;
        ensure!(made == 1, "{made} fetches for 64 unknown kids");
        world.ask(&genuine)?.permitted()
    })
}

/// Eight tokens, each with a key id that nobody has seen.
fn stranger(world: &World, realm: Realm<'_>, client: usize) -> Result<()> {
    for nth in 0..8 {
        let key = DevKey::derive(Algorithm::Es256, "nobody's");
        let key = key.with_kid(format!("nobody-{client}-{nth}"));
        let token = TokenSpec::new(&key).claim("iss", realm.issuer()).claim("sub", "mallory");
        world.ask(&token.sign(&key))?.refused(401, "token.key")?;
    }
    Ok(())
}

pub(crate) fn etag(provider: &IdentityProvider) -> Result<()> {
    let realm = provider.realm("etag");
    realm.max_age(1)?;
    let policy = Policy::new().realm("platform", realm, "refresh: 1s");
    World::with(provider, &policy, 4, |world| {
        world.ask(&token(realm)?)?.permitted()?;
        wait_until("three fetches more", Duration::from_secs(15), || {
            Ok(realm.fetches()?.not_modified >= 3)
        })?;
        let fetches = realm.fetches()?;
        ensure!(fetches.full == 1, "{fetches:?}");
        world.ask(&token(realm)?)?.permitted()
    })
}

pub(crate) fn many_issuers(provider: &IdentityProvider) -> Result<()> {
    let names: Vec<String> = (0..500).map(|nth| format!("issuer-{nth}")).collect();
    let realms: Vec<Realm<'_>> = names.iter().map(|name| provider.realm(name)).collect();
    let policy = realms
        .iter()
        .zip(&names)
        .fold(Policy::new(), |policy, (realm, name)| policy.realm(name, *realm, "refresh: 1h"));
    World::with(provider, &policy, 4, |world| {
        wait_until("the last issuer's keys", Duration::from_secs(60), || {
            Ok(counts(provider)?.len() == names.len())
        })?;
        thread::sleep(SETTLED);
        // Enough connections for each of the four workers to see each of these.
        for nth in [0, 250, 499] {
            let realm = realms.get(nth).context("no such realm")?;
            let token = token(*realm)?;
            for _ in 0..40 {
                world.ask(&token)?.permitted()?;
            }
        }
        let counts = counts(provider)?;
        let total: u32 = counts.iter().sum();
        let several = counts.iter().filter(|count| **count != 1).count();
        ensure!(several == 0, "{total} fetches; {several} issuers were not asked exactly once");
        Ok(())
    })
}

/// The fetches of the many issuers that were made at all.
fn counts(provider: &IdentityProvider) -> Result<Vec<u32>> {
    let all = provider.fetches()?.into_iter();
    let many = all.filter(|(name, _)| name.starts_with("issuer-"));
    Ok(many.map(|(_, fetches)| fetches.requests).filter(|requests| *requests > 0).collect())
}
