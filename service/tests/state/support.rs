//! What the tests are made of: names, targets, open states.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tenantguard::control::{Handle, HandleHash, Target, TokenName};
use tenantguard::identity::{Namespace, PrincipalId, TenantId};
use tenantguard_service::clock::SystemClock;
use tenantguard_service::state::{
    Actor, Change, Control, Note, Reason, Settings, StoreSettings, Subject,
};
use tenantguard_service::store::{RedisSettings, RedisStore, Store as _};

pub(crate) const ISSUER: &str = "https://id.example.com";

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).expect("a tenant")
}

pub(crate) fn principal(subject: &str) -> PrincipalId {
    PrincipalId::new(Namespace::parse("platform").expect("a namespace"), subject)
        .expect("a principal")
}

/// The token with this `jti`.
pub(crate) fn token(tenant_name: &str, jti: impl std::fmt::Display) -> Target {
    let (tenant, jti) = (tenant(tenant_name), jti.to_string());
    Handle::Token { issuer: ISSUER, tenant: &tenant, name: TokenName::Id(&jti) }.target()
}

pub(crate) fn note() -> Note {
    let by = Actor::parse("tests").expect("an actor");
    Note { by, reason: Reason::parse("to see what happens").expect("a reason") }
}

pub(crate) fn revoke(target: Target) -> Change {
    Change::Revoke { target, expiry: None }
}

/// A token as it is asked about, issued at `issued_at`.
pub(crate) fn subject(target: Target, issued_at: u64) -> Subject {
    let tenant = target.tenant().cloned().map(Target::Tenant);
    Subject {
        token: target,
        session: None,
        principal: None,
        tenant,
        key: None,
        issued_at,
        skew: 60,
    }
}

pub(crate) fn is_revoked(control: &Control, target: &Target) -> bool {
    control.refusal(&subject(target.clone(), u64::MAX)).is_some()
}

pub(crate) async fn embedded(path: &Path) -> Result<Control> {
    let settings = Settings::new(StoreSettings::Embedded { path: path.to_owned() });
    Ok(Control::open(settings, Arc::new(SystemClock::default())).await?)
}

pub(crate) async fn behind_journal(journal: &Path, redis: &str) -> Result<Control> {
    in_front_of(journal, RedisSettings::new(redis.parse()?)).await
}

pub(crate) async fn in_front_of(journal: &Path, redis: RedisSettings) -> Result<Control> {
    let main = Box::new(redis);
    let store =
        StoreSettings::Redis { journal: journal.to_owned(), main, tenants: Default::default() };
    Ok(Control::open(Settings::new(store), Arc::new(SystemClock::default())).await?)
}

/// Waits until something holds, or fails after thirty seconds.
pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let started = std::time::Instant::now();
    while started.elapsed() < Duration::from_secs(30) {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} did not come about within thirty seconds");
}

/// Waits until Redis stands where this process stands.
pub(crate) async fn until_level(control: &Control, url: &str) -> Result<()> {
    let store = RedisStore::new(&RedisSettings::new(url.parse()?))?;
    until("Redis and the journal being level", async || {
        control.status().store.behind == 0
            && store.head().await.ok().flatten() == Some(control.feed().position())
    })
    .await;
    Ok(())
}

/// Revokes some tokens, each by itself.
pub(crate) async fn revoke_some(control: &Control, numbers: std::ops::Range<u32>) -> Result<()> {
    for number in numbers {
        control.apply(vec![revoke(token("acme", number))], note()).await?;
    }
    Ok(())
}

/// What a new service finds in this Redis.
pub(crate) async fn assert_in_redis(url: &str, numbers: std::ops::Range<u32>) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let fresh = behind_journal(&dir.path().join("fresh"), url).await?;
    for number in numbers {
        assert!(is_revoked(&fresh, &token("acme", number)), "{number} is not in Redis");
    }
    Ok(())
}

pub(crate) fn hash(byte: u8) -> HandleHash {
    HandleHash::from_bytes([byte; 16])
}

/// Whether there is time for what takes long.
pub(crate) fn is_long() -> bool {
    std::env::var_os("TENANTGUARD_LONG").is_some_and(|it| !it.is_empty())
}
