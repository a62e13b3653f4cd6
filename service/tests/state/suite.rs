//! One suite for both stores: what a store promises, whatever it is.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tenantguard::control::{
    CutOff, Entry, EntryKey, Epoch, HistoryId, Keep, Position, Revocation, Suspension,
};
use tenantguard::time::UnixTime;
use tenantguard_service::session::{Session, SessionId};
use tenantguard_service::state::{Actor, Reason, Record};
use tenantguard_service::store::{
    Commit, Created, Embedded, RedisSettings, RedisStore, Store, StoreError,
};

use crate::redis_server::Redis;
use crate::support::{hash, principal, tenant, token};

#[tokio::test]
async fn the_embedded_store_keeps_its_promises() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let open = |name: &str| -> Result<Arc<dyn Store>> {
        Ok(Arc::new(Embedded::open(&dir.path().join(name))?))
    };
    keeps_the_feed(open("feed.redb")?).await?;
    keeps_sessions(open("sessions.redb")?).await
}

#[tokio::test]
async fn redis_keeps_the_same_promises_with_functions_and_with_scripts() -> Result<()> {
    let Some(redis) = Redis::start()? else { return Ok(()) };
    let settings = |database: u8| -> Result<RedisSettings> {
        Ok(RedisSettings::new(format!("{}/{database}", redis.url()).parse()?))
    };
    keeps_the_feed(Arc::new(RedisStore::new(&settings(0)?)?)).await?;
    keeps_sessions(Arc::new(RedisStore::new(&settings(1)?)?)).await?;
    keeps_the_feed(Arc::new(RedisStore::new(&settings(2)?)?.with_scripts())).await?;
    keeps_sessions(Arc::new(RedisStore::new(&settings(3)?)?.with_scripts())).await
}

fn entry(number: u32) -> (Entry, Record) {
    let entry = Entry::Revoked(Revocation { target: token("acme", number), keep: Keep::Until(9) });
    (entry, record())
}

fn record() -> Record {
    Record {
        by: Actor::parse("the suite").expect("an actor"),
        reason: Reason::parse("a test").expect("a reason"),
        at: UnixTime::from_secs(1_800_000_000),
    }
}

async fn all(store: &dyn Store) -> Result<Vec<(Entry, Record)>> {
    let (mut found, mut page) = (Vec::new(), None);
    loop {
        let got = store.live(page).await?;
        found.extend(got.entries);
        page = got.next;
        if page.is_none() {
            found.sort_by_key(|(entry, _)| entry.key());
            return Ok(found);
        }
    }
}

pub(crate) async fn keeps_the_feed(store: Arc<dyn Store>) -> Result<()> {
    assert_eq!(store.head().await?, None);
    let start = Position::start(HistoryId::from_bytes([7; 16]));
    store.seed(&start, &[entry(0)]).await?;
    let again = store.seed(&start, &[]).await;
    assert!(matches!(again, Err(StoreError::Moved(at)) if *at == start), "seeded twice");
    assert_eq!(store.head().await?, Some(start));

    let many: Vec<_> = (1..10_000).map(entry).collect();
    let commits = Commit::chain(&start, &many);
    assert!(commits.len() > 2, "a frame holds a bounded number of entries");
    let last = commits.last().expect("commits").position;
    store.append(&start, &commits).await?;
    assert_eq!(store.head().await?, Some(last));
    assert_eq!(store.commits(Epoch(0), 1000).await?, commits);
    assert_eq!(store.commits(Epoch(1), 1).await?, commits[1..2]);
    assert_eq!(store.commits(last.epoch, 1000).await?, []);

    let stale = Commit::chain(&start, &[entry(77_777)]);
    let refused = store.append(&start, &stale).await;
    assert!(matches!(refused, Err(StoreError::Moved(at)) if *at == last), "appended to the past");
    assert_eq!(all(store.as_ref()).await?.len(), 10_000, "nothing of a refused commit is there");

    last_words_count(&store, last).await?;
    store.trim(Epoch(1)).await?;
    let kept = store.commits(Epoch(0), 1000).await?;
    assert!(kept.ends_with(&commits[1..2]) || kept.contains(&commits[1]), "trimmed too much");
    let head = store.head().await?;
    store.forget(&[entry(5).0]).await?;
    assert_eq!(all(store.as_ref()).await?.len(), 9_999);
    assert_eq!(store.head().await?, head, "forgetting is no change of the feed");
    Ok(())
}

async fn last_words_count(store: &Arc<dyn Store>, head: Position) -> Result<()> {
    let target = token("acme", 1);
    let (keep, is_on) = (Keep::Forever, true);
    let before = [
        Entry::CutOff(CutOff { target: target.clone(), at: 5, keep }),
        Entry::Suspension(Suspension { target: target.clone(), is_on, keep }),
    ]
    .map(|entry| (entry, record()));
    let commits = Commit::chain(&head, &before);
    store.append(&head, &commits).await?;
    assert_eq!(all(store.as_ref()).await?.len(), 10_002);
    let restored = Entry::Restored(Revocation { target: target.clone(), keep });
    let head = commits[0].position;
    store.append(&head, &Commit::chain(&head, &[(restored.clone(), record())])).await?;
    let live = all(store.as_ref()).await?;
    assert_eq!(live.len(), 10_000, "a tombstone takes the place of all that it ends");
    let found = live.iter().find(|(it, _)| it.key() == EntryKey::Revocation(target.clone()));
    assert_eq!(found, Some(&(restored, record())));
    Ok(())
}

fn session(name: &str, id: &str, now: UnixTime) -> Session {
    Session {
        tenant: tenant(name),
        digest: SessionId::parse(id).expect("an id").digest(),
        handle: hash(1),
        principal: principal("alice"),
        created: now,
        ends: now.plus(Duration::from_secs(60)),
        ends_at_last: now.plus(Duration::from_secs(90)),
        idle: Duration::from_secs(60),
        data: r#"{"cart":[1,2]}"#.to_owned(),
    }
}

pub(crate) async fn keeps_sessions(store: Arc<dyn Store>) -> Result<()> {
    let now = UnixTime::from_secs(1_800_000_000);
    let later = |secs| now.plus(Duration::from_secs(secs));
    let one = session("acme", "one", now);
    let (acme, globex) = (tenant("acme"), tenant("globex"));
    assert_eq!(store.create_session(&one, 2, now).await?, Created::Created);
    assert_eq!(store.create_session(&one, 2, now).await?, Created::Exists);
    assert_eq!(store.session(&acme, &one.digest, now).await?, Some(one.clone()));
    assert_eq!(store.session(&globex, &one.digest, now).await?, None);
    assert_eq!(store.session(&acme, &one.digest, later(60)).await?, None);

    let touched = store.touch_session(&acme, &one.digest, later(10)).await?;
    assert_eq!(touched.map(|it| it.ends), Some(later(70)));
    let touched = store.touch_session(&acme, &one.digest, later(50)).await?;
    assert_eq!(touched.map(|it| it.ends), Some(one.ends_at_last), "a lifetime has an end");
    assert_eq!(store.touch_session(&globex, &one.digest, now).await?, None);

    let two = session("acme", "two", now);
    assert_eq!(store.create_session(&two, 2, now).await?, Created::Created);
    let three = session("acme", "three", now);
    assert_eq!(store.create_session(&three, 2, now).await?, Created::LimitReached);
    let freed = store.create_session(&session("acme", "three", later(80)), 2, later(80)).await?;
    assert_eq!(freed, Created::Created, "one that has ended counts no more");

    let alice = principal("alice");
    assert_eq!(store.sessions_of(&acme, &alice, now).await?.len(), 2);
    assert_eq!(store.sessions_of(&acme, &principal("bob"), now).await?, []);
    assert_eq!(store.sessions_of(&globex, &alice, now).await?, []);
    assert!(!store.remove_session(&globex, &one.digest).await?);
    assert!(store.remove_session(&acme, &one.digest).await?);
    assert!(!store.remove_session(&acme, &one.digest).await?);
    pages_lead_to_all(&store, now).await
}

async fn pages_lead_to_all(store: &Arc<dyn Store>, now: UnixTime) -> Result<()> {
    const MANY: usize = 3000;
    for number in 0..MANY {
        let mut session = session("initech", &format!("s{number}"), now);
        session.principal = principal(&format!("p{}", number % 100));
        store.create_session(&session, 1000, now).await?;
        if number >= 64 && store.name().starts_with("the file") {
            // A file is synced for each: the pages are long before this is.
            break;
        }
    }
    let (mut found, mut page) = (std::collections::BTreeSet::new(), None);
    loop {
        let got = store.sessions(&tenant("initech"), page, now).await?;
        found.extend(got.sessions.into_iter().map(|session| session.digest));
        page = got.next;
        if page.is_none() {
            break;
        }
    }
    let expected = if store.name().starts_with("the file") { 65 } else { MANY };
    assert_eq!(found.len(), expected);
    Ok(())
}

#[tokio::test]
async fn what_redis_is_configured_for_is_said_in_plain_words() -> Result<()> {
    let always = ["--appendonly", "yes", "--appendfsync", "always"];
    let everysec = ["--appendonly", "yes", "--appendfsync", "everysec"];
    let evicting = ["--maxmemory-policy", "allkeys-lru", "--min-replicas-to-write", "0"];
    for (args, said) in [
        (always.as_slice(), "syncs each write to its disk"),
        (&everysec, "can lose about a second"),
        (&[], "keeps nothing on disk"),
        (&evicting, "may evict keys"),
    ] {
        let Some(redis) = Redis::start_with(args)? else { return Ok(()) };
        let store = RedisStore::new(&RedisSettings::new(redis.url().parse()?))?;
        let sentences = store.durability().await.sentences().join(" ");
        assert!(sentences.contains(said), "{args:?}: {sentences}");
        assert!(sentences.contains("has no replica"), "{args:?}: {sentences}");
    }
    Ok(())
}
