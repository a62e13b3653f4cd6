//! Sessions: limits, ends, and what ending one does to its tokens.

use std::time::Duration;

use anyhow::Result;
use tenantguard::control::Handle;
use tenantguard_service::session::{NewSession, SessionError, SessionId};
use tenantguard_service::state::Control;

use crate::redis_server::Redis;
use crate::support::{
    ISSUER, behind_journal, embedded, is_revoked, note, principal, tenant, until,
};

fn new(name: &str, id: &str, subject: &str) -> NewSession {
    NewSession {
        tenant: tenant(name),
        id: SessionId::parse(id).expect("an id"),
        issuer: ISSUER.to_owned(),
        principal: principal(subject),
        idle: None,
        data: String::new(),
    }
}

#[tokio::test]
async fn sessions_end_with_their_tokens_in_the_embedded_store() -> Result<()> {
    let dir = tempfile::tempdir()?;
    sessions_end_with_their_tokens(embedded(&dir.path().join("control.redb")).await?).await
}

#[tokio::test]
async fn sessions_end_with_their_tokens_in_redis() -> Result<()> {
    let Some(redis) = Redis::start()? else { return Ok(()) };
    let control = behind_journal(&redis.dir.path().join("journal"), &redis.url()).await?;
    until("Redis", async || control.status().store.trouble.is_none()).await;
    sessions_end_with_their_tokens(control).await
}

async fn sessions_end_with_their_tokens(control: Control) -> Result<()> {
    let (acme, globex) = (tenant("acme"), tenant("globex"));
    let sessions = control.sessions();
    let id = |id| SessionId::parse(id).expect("an id");
    for name in ["a1", "a2", "b1"] {
        let subject = if name.starts_with('a') { "alice" } else { "bob" };
        sessions.create(new("acme", name, subject)).await?;
        sessions.create(new("globex", name, subject)).await?;
    }
    let handle = |tenant, sid| Handle::Session { issuer: ISSUER, tenant, sid }.target();

    let receipt = sessions.end(&acme, &id("a1"), note()).await?.expect("a receipt");
    assert_eq!(receipt.position, control.feed().position(), "it is on the feed");
    assert!(is_revoked(&control, &handle(&acme, "a1")));
    assert!(!is_revoked(&control, &handle(&globex, "a1")));
    assert_eq!(sessions.get(&acme, &id("a1")).await?, None);
    assert_eq!(sessions.end(&acme, &id("a1"), note()).await?, None);
    let again = sessions.create(new("acme", "a1", "mallory")).await;
    assert!(matches!(again, Err(SessionError::Exists)), "an ended id is not given out again");

    let ended = sessions.end_principal(&acme, &principal("alice"), note()).await?;
    assert_eq!(ended.sessions, 1);
    assert_eq!((sessions.count(&acme).await?, sessions.count(&globex).await?), (1, 3));
    assert!(sessions.get(&acme, &id("b1")).await?.is_some());

    let ended = sessions.end_tenant(&acme, note()).await?;
    assert_eq!(ended.sessions, 1);
    assert_eq!((sessions.count(&acme).await?, sessions.count(&globex).await?), (0, 3));
    assert!(is_revoked(&control, &handle(&acme, "b1")));
    assert!(!is_revoked(&control, &handle(&globex, "b1")));
    Ok(())
}

#[tokio::test]
async fn a_principal_has_no_more_sessions_than_it_may() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let control = embedded(&dir.path().join("control.redb")).await?;
    for number in 0..100 {
        control.sessions().create(new("acme", &format!("s{number}"), "alice")).await?;
    }
    let refused = control.sessions().create(new("acme", "one more", "alice")).await;
    assert!(matches!(refused, Err(SessionError::Limit { limit: 100 })));
    control.sessions().create(new("acme", "another's", "bob")).await?;
    control.sessions().create(new("globex", "s0", "alice")).await?;
    Ok(())
}

#[tokio::test]
async fn an_idle_time_is_never_longer_than_the_tenants() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let control = embedded(&dir.path().join("control.redb")).await?;
    for (asked, got) in [(None, 3600), (Some(60), 60), (Some(999_999), 3600)] {
        let idle = asked.map(Duration::from_secs);
        let id = format!("{asked:?}");
        let session =
            control.sessions().create(NewSession { idle, ..new("acme", &id, "alice") }).await?;
        assert_eq!(session.idle, Duration::from_secs(got));
    }
    let long = NewSession { data: "x".repeat(65_537), ..new("acme", "long", "alice") };
    assert!(matches!(control.sessions().create(long).await, Err(SessionError::TooMuchData { .. })));
    Ok(())
}
