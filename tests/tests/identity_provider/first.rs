//! Requests that come before the first keys.

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use tenantguard_e2e::idp::{IdentityProvider, Keys};
use tenantguard_mint::{Algorithm, DevKey, TokenSpec, jwks};

use crate::world::{Policy, World, token};

/// Whatever the deadline for waiting is, a client must have its answer by then.
const IN_TIME: Duration = Duration::from_secs(6);
/// A request that waits for nobody.
const AT_ONCE: Duration = Duration::from_millis(300);

pub(crate) fn waits(provider: &IdentityProvider) -> Result<()> {
    let realm = provider.realm("first");
    realm.keys(Keys::Hold)?;
    let policy = Policy::new().realm("platform", realm, "refresh: 5m");
    World::with(provider, &policy, 2, |world| {
        let token = token(realm)?;
        let answers = thread::scope(|scope| {
            let clients: Vec<_> = (0..8).map(|_| scope.spawn(|| world.ask(&token))).collect();
            thread::sleep(AT_ONCE);
            let waiting = clients.iter().filter(|client| !client.is_finished()).count();
            ensure!(waiting == clients.len(), "{waiting} of {} wait", clients.len());
            realm.keys(Keys::Ok)?;
            let answers = clients.into_iter().map(|client| client.join());
            answers.map(|answer| answer.map_err(|_| anyhow!("a client panicked"))?).collect()
        });
        let answers: Vec<_> = answers?;
        for answer in answers {
            answer.permitted()?;
            ensure!(answer.took < IN_TIME, "{answer:?}");
        }
        let requests = realm.fetches()?.requests;
        ensure!(requests == 1, "{requests} fetches for one set of keys");
        Ok(())
    })
}

/// Clients that leave while they wait are put down, each once, and nothing of them stays: later
/// the same Envoy serves who comes.
pub(crate) fn left(provider: &IdentityProvider) -> Result<()> {
    const CLIENTS: usize = 8;
    let realm = provider.realm("left");
    realm.keys(Keys::Hold)?;
    let policy = Policy::new().realm("platform", realm, "refresh: 5m");
    World::with(provider, &policy, 2, |world| {
        let token = token(realm)?;
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| scope.spawn(|| world.ask_and_leave(&token, AT_ONCE)))
                .collect();
            let mut left = clients.into_iter().map(|client| client.join());
            left.try_for_each(|left| left.map_err(|_| anyhow!("a client panicked"))?)
        })?;
        // Past the deadline, so that whoever was still waited for would have been settled.
        thread::sleep(Duration::from_secs(3));
        let abandoned = world.recorded("abandoned")?;
        ensure!(abandoned == CLIENTS, "{abandoned} of {CLIENTS} are put down as abandoned");
        ensure!(world.recorded("keys.stale")? == 0, "one was settled after it had left");
        realm.keys(Keys::Ok)?;
        world.ask_until_permitted(&token, Duration::from_secs(20))
    })
}

pub(crate) fn never(provider: &IdentityProvider) -> Result<()> {
    let (down, silent) = (provider.realm("never"), provider.realm("silent"));
    down.keys(Keys::Fail)?;
    silent.keys(Keys::Hold)?;
    let key = DevKey::derive(Algorithm::EdDsa, "an issuer with its keys in the policy");
    let policy = Policy::new()
        .realm("down", down, "refresh: 5m")
        .realm("silent", silent, "refresh: 5m")
        .inline("inline", "https://inline.example", &jwks(&[&key]));
    let result = World::with(provider, &policy, 2, |world| {
        for realm in [down, silent] {
            let answer = world.ask(&token(realm)?)?;
            answer.refused(503, "keys.stale")?;
            ensure!(answer.took < IN_TIME, "{answer:?}");
        }
        // Whose keys are known does not wait for those whose keys are not.
        let (inline, token) = (inline_token(&key)?, token(silent)?);
        thread::scope(|scope| -> Result<()> {
            for _ in 0..4 {
                scope.spawn(|| world.ask(&token));
            }
            for _ in 0..8 {
                let answer = world.ask(&inline)?;
                answer.permitted()?;
                ensure!(answer.took < AT_ONCE, "it waited: {answer:?}");
            }
            Ok(())
        })?;
        down.keys(Keys::Ok)?;
        world.ask_until_permitted(&self::token(down)?, Duration::from_secs(20)).context("it is up")
    });
    silent.keys(Keys::Ok)?;
    result
}

fn inline_token(key: &DevKey) -> Result<String> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let spec = TokenSpec::new(key)
        .claim("iss", "https://inline.example")
        .claim("aud", "api.example.com")
        .claim("sub", "alice")
        .claim("tenant_id", "acme")
        .claim("tenant_role", "editor")
        .claim("scope", "reports:read")
        .claim("iat", now)
        .claim("exp", now + 600);
    Ok(spec.sign(key))
}
